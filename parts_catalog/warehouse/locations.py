"""Where pieces lie: the warehouses and workshop shelves of the houses, and which of them send parts to buyers."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
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
