"""Where pieces lie: the warehouses and workshop shelves of the houses, and which of them send parts to buyers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.refusals import NotFound, Stale
from parts_catalog.parts import Location
from parts_catalog.warehouse.tables import locations


def open_location(unit: UnitOfWork, location: Location) -> None:
    """Put a location there, or renew its names and place; whether it ships and is open stays as its people said.

    One of another organisation stays as it is: a workshop may draw on a shelf that is not its house's own.
    """
    lat, lon = location.place or (None, None)
    told = {"name_en": location.name_en, "name_zh": location.name_zh, "region": location.region}
    row = told | {"latitude": lat, "longitude": lon}
    new = {"id": location.id, "organisation": location.organisation, "kind": location.kind, "ships": location.ships}
    unit.connection.execute(
        insert(locations)
        .values(**new, **row)
        .on_conflict_do_update(
            index_elements=[locations.c.id], set_=row, where=locations.c.organisation == location.organisation
        )
    )


def list_locations(unit: UnitOfWork, organisation: str | None = None) -> list[Location]:
    """Give every location, or those of one organisation, by id."""
    chosen = select(locations).order_by(locations.c.id)
    if organisation is not None:
        chosen = chosen.where(locations.c.organisation == organisation)
    return [location_of(row) for row in unit.connection.execute(chosen)]


def own_location(unit: UnitOfWork, organisation: str, location: str, *, lock: bool = False) -> Location:
    """Give one of an organisation's own locations; raises `NotFound` for any other."""
    own = select(locations).where(locations.c.id == location, locations.c.organisation == organisation)
    row = unit.connection.execute(own.with_for_update() if lock else own).one_or_none()
    if row is None:
        raise NotFound(f"there is no location {location}")
    return location_of(row)


def edit_location(
    unit: UnitOfWork, organisation: str, location: str, version: int | None, values: Mapping[str, Any]
) -> Location:
    """Change columns of a location as it was read (`version` None: as it is). Raises `NotFound` and `Stale`."""
    before = own_location(unit, organisation, location, lock=True)
    if version not in {None, before.version}:
        raise Stale("this was changed since it was read")
    edited = update(locations).where(locations.c.id == location)
    row = unit.connection.execute(edited.values(**values, version=before.version + 1).returning(locations)).one()
    return location_of(row)


def location_of(row: Any) -> Location:
    return Location(
        row.id,
        row.organisation,
        row.kind,
        row.name_en,
        row.name_zh,
        None if row.latitude is None else (row.latitude, row.longitude),
        row.region,
        row.ships,
        row.state,
        row.version,
    )
