"""Holds as rows: which are whose, which are overdue, and how they end."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_, update

from foundation.database import UnitOfWork
from foundation.refusals import Conflict
from parts_catalog.parts import Reservation
from parts_catalog.stock_tables import reservations, stock
from parts_catalog.warehouse.ledger import Told, hand_out
from parts_catalog.warehouse.locking import Key, columns_of, lock_stock


class OutOfStock(Conflict):
    """Not enough pieces; `lines` lists every shortage: part, location, wanted, available."""

    code = "out_of_stock"


class HoldExpired(Conflict):
    """The holder's reservation ran out before it was kept or issued; `lines` lists what it held."""

    code = "hold_expired"


class PiecesHeld(Conflict):
    """Pieces that are to go are held; `lines` lists for whom: holder, quantity."""

    code = "pieces_held"


def held_by(holder: str) -> ColumnElement[bool]:
    return and_(reservations.c.holder == holder, reservations.c.state == "held")


def overdue(now: datetime) -> ColumnElement[bool]:
    until = reservations.c.reserved_until
    return and_(reservations.c.state == "held", func.coalesce(until <= now, False))


def at(keys: Collection[Key]) -> ColumnElement[bool]:
    return tuple_(reservations.c.part, reservations.c.location).in_(list(keys))


def lock_freed(unit: UnitOfWork, keys: Collection[Key]) -> None:
    """Lock stock rows, and free what is overdue at them."""
    if late := lock_stock(unit, keys):
        end_holds(unit, overdue(unit.now()) & at(late), "expired")


def end_holds(unit: UnitOfWork, where: ColumnElement[bool], state: str, told: Told | None = None) -> list[Reservation]:
    """End holds whose stock rows are locked: their pieces are free again, or gone if they were issued."""
    rows = unit.connection.execute(
        update(reservations).where(where).values(state=state, ended_at=unit.now()).returning(reservations)
    ).all()
    pieces: dict[Key, int] = defaultdict(int)
    for row in rows:
        pieces[row.part, row.location] += row.quantity
    if pieces and told is not None:
        hand_out(unit, pieces, told)
    elif pieces:
        give_back(unit, pieces)
    return sorted((reservation_of(row) for row in rows), key=lambda hold: (hold.part, hold.location))


def take(unit: UnitOfWork, wanted: Mapping[Key, int]) -> dict[Key, str]:
    """Check and take in one statement; gives the owners of what was taken: what is not there has not enough."""
    return {(row.part, row.location): row.organisation for row in unit.rows(_TAKE, columns_of(wanted))}


def give_back(unit: UnitOfWork, pieces: Mapping[Key, int]) -> None:
    unit.rows(_GIVE_BACK, columns_of(pieces))


# `p`: the pieces per part and location of `columns_of`.
_PIECES = """
    FROM unnest(%(parts)s::text[], %(locations)s::text[], %(quantities)s::int[])
    AS p (part, location, quantity) WHERE s.part = p.part AND s.location = p.location
"""
_ENOUGH = " AND s.on_hand - s.reserved >= p.quantity RETURNING s.part, s.location, s.organisation"
_TAKE = "UPDATE stock s SET reserved = s.reserved + p.quantity" + _PIECES + _ENOUGH  # noqa: S608 - our own words
_GIVE_BACK = "UPDATE stock s SET reserved = s.reserved - p.quantity" + _PIECES  # noqa: S608


def shortages(unit: UnitOfWork, short: Sequence[Key], wanted: Mapping[Key, int]) -> list[dict[str, object]]:
    rows = unit.connection.execute(select(stock).where(tuple_(stock.c.part, stock.c.location).in_(list(short))))
    free = {(row.part, row.location): row.on_hand - row.reserved for row in rows}
    return [shortage(key, wanted[key], free.get(key, 0)) for key in short]


def shortage(key: Key, wanted: int, available: int) -> dict[str, object]:
    return {"part": key[0], "location": key[1], "wanted": wanted, "available": available}


def held_refusal(unit: UnitOfWork, key: Key, said: str) -> PiecesHeld:
    """Make the refusal that names who holds pieces here."""
    rows = unit.connection.execute(
        select(reservations.c.holder, reservations.c.quantity)
        .where(at([key]), reservations.c.state == "held")
        .order_by(reservations.c.created_at, reservations.c.id)
    )
    return PiecesHeld(said, lines=[{"holder": row.holder, "quantity": row.quantity} for row in rows])


def reservation_of(row: Any) -> Reservation:
    return Reservation(row.id, row.part, row.location, row.quantity, row.holder, row.reserved_until)
