"""Stock-taking: what is counted against what the books said when counting began; the difference is booked.

open ──book──▶ booked      what comes and goes between the two is in the books already
  └──drop──▶ dropped
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.stock_tables import stock
from parts_catalog.warehouse.deliveries import MOST, shelf
from parts_catalog.warehouse.holding import held_refusal, lock_freed
from parts_catalog.warehouse.ledger import Change, Told, change
from parts_catalog.warehouse.tables import counts
from parts_catalog.warehouse.waiting import fill_waits


def begin_counts(unit: UnitOfWork, actor: Actor, location: str, wanted: Sequence[str]) -> list[Row[Any]]:
    """Begin to count parts at one of the actor's locations; a count that is open already goes on as it is."""
    keys = [shelf(unit, actor.organisation, part, location) for part in sorted(set(wanted))]
    lock_freed(unit, keys)
    began = select(stock.c.part, stock.c.on_hand).where(
        stock.c.location == location, stock.c.part.in_([part for part, _ in keys])
    )
    new = [
        {
            "id": new_id("count"),
            "part": row.part,
            "location": location,
            "organisation": actor.organisation,
            "on_hand": row.on_hand,
            "state": "open",
            "account": actor.account,
            "started_at": unit.now(),
        }
        for row in unit.connection.execute(began)
    ]
    unit.connection.execute(insert(counts).values(new).on_conflict_do_nothing())
    mine = counts.c.location == location, counts.c.part.in_([part for part, _ in keys]), counts.c.state == "open"
    return list(unit.connection.execute(select(counts).where(*mine).order_by(counts.c.part)))


def book_count(unit: UnitOfWork, actor: Actor, count: str, counted: int) -> Row[Any]:
    """Book what was counted: the difference to the books as counting began. Booking the same again is no harm.

    Raises `PiecesHeld`, with who holds them, when fewer would lie there than are held.
    """
    if not 0 <= counted <= MOST:
        raise Invalid("a count is of no pieces or more", why="whole_pieces")
    row = _own_count(unit, actor, count)
    if row.state == "booked" and row.counted == counted:
        return row
    _still_open(row)
    key = row.part, row.location
    told = Told(actor.account, reference=row.id)
    if (less := counted - row.on_hand) and not change(unit, {key: less}, Change.COUNTED, told):
        raise held_refusal(unit, key, "fewer pieces were counted than are held")
    if less > 0:
        fill_waits(unit, [key])
    return _end(unit, count, state="booked", counted=counted)


def drop_count(unit: UnitOfWork, actor: Actor, count: str) -> Row[Any]:
    """End a count that nobody finishes; nothing is booked."""
    row = _own_count(unit, actor, count)
    if row.state == "dropped":
        return row
    _still_open(row)
    return _end(unit, count, state="dropped")


def _own_count(unit: UnitOfWork, actor: Actor, count: str) -> Row[Any]:
    """Give a count of the actor's house, with its place locked."""
    own = select(counts).where(counts.c.id == count, counts.c.organisation == actor.organisation)
    found = unit.connection.execute(own).one_or_none()
    if found is None:
        raise NotFound(f"there is no count {count}")
    lock_freed(unit, [(found.part, found.location)])
    return unit.connection.execute(own).one()


def _still_open(row: Row[Any]) -> None:
    if row.state != "open":
        raise Conflict(f"this count is {row.state}", why="count_over")


def _end(unit: UnitOfWork, count: str, **values: Any) -> Row[Any]:
    ended = update(counts).where(counts.c.id == count).values(**values, ended_at=unit.now())
    return unit.connection.execute(ended.returning(counts)).one()
