"""What suppliers are to send, and its arrival: on the shelf, then with those who waited, then free for anybody."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict, Invalid, NotFound, Stale
from parts_catalog.stock_tables import reservations, stock
from parts_catalog.warehouse.holding import at, lock_freed
from parts_catalog.warehouse.ledger import HOUSE, Change, Told, change
from parts_catalog.warehouse.locking import Key
from parts_catalog.warehouse.tables import back_orders, expected_deliveries, locations
from parts_catalog.warehouse.waiting import at as waits_at
from parts_catalog.warehouse.waiting import date_waits, end_waits, fill_waits, overdue_waits, who_waits

FORESEEN = timedelta(days=365)
MOST = 1_000_000  # pieces at once: more is a slip of the hand


class DeliveryPromised(Conflict):
    """Pieces of the delivery are promised; `lines` lists who waits there: holder, quantity, expected."""

    code = "delivery_promised"


def receive(
    unit: UnitOfWork,
    organisation: str,
    part: str,
    location: str,
    quantity: int,
    *,
    delivery: str | None = None,
    told: Told = HOUSE,
) -> None:
    """Put pieces on an organisation's shelf, as those of an expected delivery if one is named.

    Raises `NotFound` for an unknown part, another's location, or no such delivery on its way there.
    """
    if not 1 <= quantity <= MOST:
        raise Invalid("a delivery is of at least one piece", why="at_least_one_piece")
    key = shelf(unit, organisation, part, location)
    lock_freed(unit, [key])
    if delivery is not None:
        _note_arrival(unit, key, delivery, quantity)
        told = Told(told.account, told.reason, delivery)
    change(unit, {key: quantity}, Change.RECEIVED, told)
    here = stock.c.part == part, stock.c.location == location
    unit.connection.execute(update(stock).where(*here, stock.c.expected.is_not(None)).values(expected=None))
    came = at([key]), reservations.c.state == "held", reservations.c.expected.is_not(None)
    unit.connection.execute(update(reservations).where(*came).values(expected=None))
    fill_waits(unit, [key])


def shelf(unit: UnitOfWork, organisation: str, part: str, location: str) -> Key:
    """Give the place of a part at an organisation's own location, which it has from now on."""
    own = locations.c.id == location, locations.c.organisation == organisation, locations.c.state == "open"
    if unit.connection.execute(select(locations.c.id).where(*own)).one_or_none() is None:
        raise NotFound(f"there is no location {location}")
    if not unit.rows(_KNOWN, {"part": part, "location": location}):
        raise NotFound(f"there is no part {part}")
    new = {"part": part, "location": location, "organisation": organisation, "on_hand": 0}
    unit.connection.execute(insert(stock).values(**new).on_conflict_do_nothing())
    return part, location


# A part that an import took out may still lie there.
_KNOWN = """
    SELECT FROM parts p WHERE id = %(part)s AND (removed_by IS NULL OR EXISTS (
        SELECT FROM stock s WHERE s.part = p.id AND s.location = %(location)s))
"""


def expect_delivery(unit: UnitOfWork, organisation: str, supplier: str, key: Key, quantity: int, day: date) -> Row[Any]:
    """Note that a supplier sends pieces: from now on they may be waited for. Raises as `receive` does."""
    if not 1 <= quantity <= MOST:
        raise Invalid("a delivery is of at least one piece", why="at_least_one_piece")
    check_day(unit, day)
    part, location = shelf(unit, organisation, *key)
    lock_freed(unit, [key])
    noted = expected_deliveries.insert().values(
        id=new_id("delivery"),
        organisation=organisation,
        supplier=supplier,
        part=part,
        location=location,
        quantity=quantity,
        day=day,
        state="expected",
        created_at=unit.now(),
    )
    row = unit.connection.execute(noted.returning(expected_deliveries)).one()
    date_waits(unit, [key])
    return row


def change_delivery(
    unit: UnitOfWork,
    organisation: str,
    delivery: str,
    version: int | None,
    *,
    quantity: int | None = None,
    day: date | None = None,
) -> Row[Any]:
    """Change what comes or when; who waits for it gets his new day. Raises `DeliveryPromised`."""
    row = _on_its_way(unit, organisation, delivery, version)
    if day is not None:
        check_day(unit, day)
    if quantity is not None and not row.received < quantity <= MOST:
        raise Invalid(
            f"{row.received} pieces of this delivery have come already",
            why="pieces_come_already",
            told={"received": row.received},
        )
    values = {"quantity": quantity or row.quantity, "day": day or row.day, "version": row.version + 1}
    return _renew(unit, row, values)


def cancel_delivery(unit: UnitOfWork, organisation: str, delivery: str, version: int | None) -> Row[Any]:
    """Note that what has not come of a delivery does not come.

    Raises `DeliveryPromised` when somebody waits for it: another delivery is noted first, or they are told and let go.
    """
    row = _on_its_way(unit, organisation, delivery, version)
    return _renew(unit, row, {"state": "cancelled", "version": row.version + 1})


def get_delivery(unit: UnitOfWork, organisation: str, delivery: str) -> Row[Any]:
    """Give one of an organisation's own deliveries; raises `NotFound` for any other."""
    own = expected_deliveries.c.id == delivery, expected_deliveries.c.organisation == organisation
    found = unit.connection.execute(select(expected_deliveries).where(*own)).one_or_none()
    if found is None:
        raise NotFound(f"there is no delivery {delivery}")
    return found


def _on_its_way(unit: UnitOfWork, organisation: str, delivery: str, version: int | None) -> Row[Any]:
    """Give a delivery as it was read, with its place locked. Raises `Stale`, `Conflict` for one that is over."""
    found = get_delivery(unit, organisation, delivery)
    lock_freed(unit, [(found.part, found.location)])
    row = get_delivery(unit, organisation, delivery)
    if version not in {None, row.version}:
        raise Stale("this was changed since it was read")
    if row.state != "expected":
        raise Conflict(f"this delivery is {row.state}", why="delivery_over")
    return row


def check_day(unit: UnitOfWork, day: date) -> None:
    if not unit.now().date() - timedelta(days=1) <= day <= unit.now().date() + FORESEEN:
        raise Invalid(
            f"pieces are expected within the next {FORESEEN.days} days",
            why="delivery_foreseen",
            told={"most": FORESEEN.days},
        )


def _renew(unit: UnitOfWork, row: Row[Any], values: dict[str, Any]) -> Row[Any]:
    key = row.part, row.location
    end_waits(unit, waits_at([key]) & overdue_waits(unit.now()))
    changed = update(expected_deliveries).where(expected_deliveries.c.id == row.id).values(**values)
    with unit.connection.begin_nested():
        new = unit.connection.execute(changed.returning(expected_deliveries)).one()
        if _coming(unit, key) < _promised(unit, key):
            raise DeliveryPromised("pieces of this delivery are promised", lines=list(who_waits(unit, key)))
    date_waits(unit, [key])
    return new


def _coming(unit: UnitOfWork, key: Key) -> int:
    on_the_way = expected_deliveries.c.quantity - expected_deliveries.c.received
    here = expected_deliveries.c.part == key[0], expected_deliveries.c.location == key[1]
    pieces = select(func.coalesce(func.sum(on_the_way), 0)).where(*here, expected_deliveries.c.state == "expected")
    return int(unit.connection.execute(pieces).scalar_one())


def _promised(unit: UnitOfWork, key: Key) -> int:
    pieces = select(func.coalesce(func.sum(back_orders.c.quantity), 0))
    waits = pieces.where(waits_at([key]), back_orders.c.state == "waiting")
    return int(unit.connection.execute(waits).scalar_one())


def _note_arrival(unit: UnitOfWork, key: Key, delivery: str, quantity: int) -> None:
    """Count pieces as those of a delivery; it is over when all have come."""
    arrived = unit.rows(_ARRIVED, {"delivery": delivery, "part": key[0], "location": key[1], "quantity": quantity})
    if not arrived:
        raise NotFound(f"no delivery {delivery} is on its way there")


_ARRIVED = """
    UPDATE expected_deliveries SET received = received + %(quantity)s, version = version + 1,
        state = CASE WHEN received + %(quantity)s >= quantity THEN 'received' ELSE state END
    WHERE id = %(delivery)s AND part = %(part)s AND location = %(location)s AND state = 'expected' RETURNING id
"""
