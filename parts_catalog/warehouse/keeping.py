"""What a parts manager does, by what he said over the wire, at his own house's locations."""

from typing import Any

from sqlalchemy import Row, select

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Invalid
from parts_catalog.parts import Location
from parts_catalog.stock_tables import stock
from parts_catalog.warehouse import deliveries, shelves
from parts_catalog.warehouse.bodies import (
    Adjusted,
    DeliveryChange,
    LocationChange,
    Moved,
    MoveView,
    NewLocation,
    PlaceBody,
    Receipt,
    ShelfAfter,
)
from parts_catalog.warehouse.ledger import Change, Told
from parts_catalog.warehouse.locations import edit_location, open_location
from parts_catalog.warehouse.locking import Key


def receive(unit: UnitOfWork, actor: Actor, said: Receipt) -> ShelfAfter:
    told = Told(actor.account, said.reason)
    where = actor.organisation, said.part, said.location
    deliveries.receive(unit, *where, said.quantity, delivery=said.delivery, told=told)
    return _after(unit, (said.part, said.location))


def move(unit: UnitOfWork, actor: Actor, said: Moved) -> MoveView:
    told = Told(actor.account, said.reason)
    moved = shelves.move(unit, actor.organisation, said.part, said.source, said.target, said.quantity, told)
    source, target = _after(unit, (said.part, said.source)), _after(unit, (said.part, said.target))
    return MoveView(move=moved, source=source, target=target)


def adjust(unit: UnitOfWork, actor: Actor, said: Adjusted) -> ShelfAfter:
    key = said.part, said.location
    told = Told(actor.account, said.reason)
    shelves.adjust(unit, actor.organisation, key, said.quantity, told, Change(said.kind))
    return _after(unit, key)


def open_warehouse(unit: UnitOfWork, actor: Actor, said: NewLocation) -> Location:
    names = said.name_en, said.name_zh
    new = Location(
        new_id("loc"), actor.organisation, "warehouse", *names, _place(said.place), said.region, ships=said.ships
    )
    open_location(unit, new)
    return new


def change_location(
    unit: UnitOfWork, actor: Actor, location: str, version: int | None, said: LocationChange
) -> Location:
    """Change what was said of a location. Raises `NotFound`, `Stale`, and `Invalid` for what a location must have."""
    given = said.model_dump(exclude_unset=True)
    if empty := [name for name in ("name_en", "name_zh", "ships", "state") if given.get(name, "") is None]:
        raise Invalid(f"a location has {', '.join(empty)}", why="name_needed")
    if "place" in given:
        del given["place"]
        latitude, longitude = _place(said.place) or (None, None)
        given |= {"latitude": latitude, "longitude": longitude}
    return edit_location(unit, actor.organisation, location, version, given)


def change_delivery(
    unit: UnitOfWork, actor: Actor, delivery: str, version: int | None, said: DeliveryChange
) -> Row[Any]:
    if said.state is not None and (said.quantity is not None or said.day is not None):
        raise Invalid("what is cancelled comes on no other day", why="cancelled_has_no_day")
    if said.state is not None:
        return deliveries.cancel_delivery(unit, actor.organisation, delivery, version)
    return deliveries.change_delivery(unit, actor.organisation, delivery, version, quantity=said.quantity, day=said.day)


def _place(said: PlaceBody | None) -> tuple[float, float] | None:
    return None if said is None else (said.latitude, said.longitude)


def _after(unit: UnitOfWork, key: Key) -> ShelfAfter:
    part, location = key
    row = unit.connection.execute(select(stock).where(stock.c.part == part, stock.c.location == location)).one()
    return ShelfAfter(part=part, location=location, on_hand=row.on_hand, reserved=row.reserved)
