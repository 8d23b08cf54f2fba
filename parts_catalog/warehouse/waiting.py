"""Back-orders: pieces promised out of what suppliers will send, and held in the order of asking as they come.

    waiting ──pieces come──▶ filled: a hold like any other
       └──release, overdue──▶ released

What waits at a location is never more than what is expected there (`NotExpected`), so each has a day: that of the
delivery which covers it when those before it have had theirs. All of this happens under the stock row's lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_, update

from foundation.database import UnitOfWork, new_id
from foundation.refusals import Invalid
from parts_catalog.parts import BackOrder
from parts_catalog.warehouse.holding import OutOfStock, lock_freed, shortage
from parts_catalog.warehouse.locking import Key, columns_of, lock_holders
from parts_catalog.warehouse.tables import back_orders


class NotExpected(OutOfStock):
    """Not enough pieces are coming that nobody waits for; `lines` lists what lacks, as `OutOfStock` does."""

    code = "not_expected"


def wait_for(
    unit: UnitOfWork, wanted: Mapping[Key, int], holder: str, until: datetime | None = None
) -> list[BackOrder]:
    """Promise a holder pieces that are to come, keyed by (part, location); gives all that he waits for.

    What he waited for of the same parts before is replaced. All or nothing: raises `NotExpected`, and takes nothing.
    The hold that comes of it ends at `until`, and so does the waiting.
    """
    if bad := [key for key, quantity in wanted.items() if quantity < 1]:
        raise Invalid(f"one waits for at least one piece: {bad}", why="at_least_one_piece")
    if until is not None and until <= unit.now():
        raise Invalid("waiting ends in the future", why="future_end")
    lock_holders(unit, holder)
    mine = waited_by(holder) & back_orders.c.part.in_({part for part, _ in wanted})
    rows = unit.connection.execute(select(back_orders.c.part, back_orders.c.location).where(mine))
    keys = {*wanted, *((row.part, row.location) for row in rows)}
    lock_freed(unit, keys)
    with unit.connection.begin_nested():
        end_waits(unit, at(keys) & (mine | overdue_waits(unit.now())))
        told = {"holder": holder, "until": until, "now": unit.now(), "ids": [new_id("wait") for _ in wanted]}
        asked = {(row.part, row.location) for row in unit.rows(_ASK, {**columns_of(wanted), **told})}
        if short := sorted(wanted.keys() - asked):
            free = {(row.part, row.location): int(row.free) for row in unit.rows(_FREE, columns_of(wanted))}
            lines = [shortage(key, wanted[key], max(0, free.get(key, 0))) for key in short]
            raise NotExpected("not enough pieces are expected", lines=lines)
        date_waits(unit, keys)
    return waiting(unit, holder)


# How many pieces come to a shelf that nobody waits for yet.
_UNPROMISED = """
    coalesce((SELECT sum(d.quantity - d.received) FROM expected_deliveries d
        WHERE d.part = s.part AND d.location = s.location AND d.state = 'expected'), 0)
    - coalesce((SELECT sum(b.quantity) FROM back_orders b
        WHERE b.part = s.part AND b.location = s.location AND b.state = 'waiting'), 0)
"""
_FREE = f"""
    SELECT s.part, s.location, {_UNPROMISED} AS free
    FROM unnest(%(parts)s::text[], %(locations)s::text[], %(quantities)s::int[]) AS p (part, location, quantity)
    JOIN stock s USING (part, location)
"""  # noqa: S608 - our own words
_ASK = f"""
    INSERT INTO back_orders
        (id, part, location, organisation, holder, quantity, expected, state, reserved_until, created_at)
    SELECT p.id, s.part, s.location, s.organisation, %(holder)s, p.quantity,
        (SELECT max(d.day) FROM expected_deliveries d
            WHERE d.part = s.part AND d.location = s.location AND d.state = 'expected'),
        'waiting', %(until)s, %(now)s
    FROM unnest(%(ids)s::text[], %(parts)s::text[], %(locations)s::text[], %(quantities)s::int[])
        AS p (id, part, location, quantity)
    JOIN stock s USING (part, location) WHERE {_UNPROMISED} >= p.quantity
    RETURNING part, location
"""  # noqa: S608


def waiting(unit: UnitOfWork, holder: str) -> list[BackOrder]:
    """Give what a holder waits for, in the order of asking."""
    rows = unit.connection.execute(
        select(back_orders).where(waited_by(holder), ~overdue_waits(unit.now())).order_by(back_orders.c.no)
    )
    return [_back_order(row) for row in rows]


def end_waits(unit: UnitOfWork, where: ColumnElement[bool]) -> list[BackOrder]:
    """End waiting whose stock rows are locked: what it was promised comes to those behind it, or to nobody yet."""
    rows = unit.connection.execute(
        update(back_orders)
        .where(where, back_orders.c.state == "waiting")
        .values(state="released", ended_at=unit.now())
        .returning(back_orders)
    ).all()
    date_waits(unit, {(row.part, row.location) for row in rows})
    return [_back_order(row) for row in sorted(rows, key=lambda row: row.no)]


def date_waits(unit: UnitOfWork, keys: Collection[Key]) -> None:
    """Say anew on which day everybody's pieces come who waits at these places, in the order of asking."""
    if keys:
        unit.rows(_DATE, columns_of(dict.fromkeys(keys, 0)))


_DATE = """
    WITH k AS (SELECT * FROM unnest(%(parts)s::text[], %(locations)s::text[]) AS k (part, location)),
    coming AS (
        SELECT part, location, day, sum(quantity - received) OVER (PARTITION BY part, location ORDER BY day, id) AS upto
        FROM expected_deliveries JOIN k USING (part, location) WHERE state = 'expected'
    ), asked AS (
        SELECT id, part, location, sum(quantity) OVER (PARTITION BY part, location ORDER BY no) AS upto
        FROM back_orders JOIN k USING (part, location) WHERE state = 'waiting'
    )
    UPDATE back_orders b SET expected = n.day FROM (
        SELECT a.id, min(c.day) AS day FROM asked a JOIN coming c USING (part, location)
        WHERE c.upto >= a.upto GROUP BY a.id
    ) n WHERE b.id = n.id AND b.expected <> n.day
"""


def fill_waits(unit: UnitOfWork, keys: Collection[Key]) -> None:
    """Turn waiting into holds as far as there are pieces, in the order of asking. Call it with the rows locked."""
    end_waits(unit, at(keys) & overdue_waits(unit.now()))
    rows = unit.rows(_QUEUE, columns_of(dict.fromkeys(keys, 0)))
    filled = share_out(rows)
    if not filled:
        return
    columns = {
        "waits": [row.id for row, _ in filled],
        "pieces": [pieces for _, pieces in filled],
        "ids": [new_id("hold") for _ in filled],
        "rests": [new_id("wait") for _ in filled],
        "now": unit.now(),
    }
    unit.rows(_SPLIT, columns)
    unit.rows(_HOLD, columns)
    taken: dict[Key, int] = defaultdict(int)
    for row, pieces in filled:
        taken[row.part, row.location] += pieces
    unit.rows(_RESERVE, columns_of(taken))
    date_waits(unit, keys)


def share_out(queue: Iterable[Any]) -> list[tuple[Any, int]]:
    """Give who gets how many pieces. `queue`: in the order of asking; `free` is what lies free at the row's place."""
    left: dict[Key, int] = {}
    given: list[tuple[Any, int]] = []
    for row in queue:
        key = row.part, row.location
        free = left.setdefault(key, row.free)
        if pieces := min(free, row.quantity):
            given.append((row, pieces))
            left[key] = free - pieces
    return given


_QUEUE = """
    SELECT b.id, b.part, b.location, b.quantity, s.on_hand - s.reserved AS free
    FROM back_orders b JOIN stock s USING (part, location)
    JOIN unnest(%(parts)s::text[], %(locations)s::text[]) AS k (part, location) USING (part, location)
    WHERE b.state = 'waiting' AND s.on_hand > s.reserved ORDER BY b.part, b.location, b.no
"""
# Who gets a part of his pieces keeps his place in the queue for the rest: what was filled becomes a row of its own.
_SPLIT = """
    WITH f AS (SELECT * FROM unnest(%(waits)s::text[], %(pieces)s::int[], %(rests)s::text[]) AS f (id, pieces, rest)),
    whole AS (
        UPDATE back_orders b SET state = 'filled', ended_at = %(now)s FROM f
        WHERE b.id = f.id AND b.quantity = f.pieces
    ), partly AS (
        UPDATE back_orders b SET quantity = b.quantity - f.pieces FROM f
        WHERE b.id = f.id AND b.quantity > f.pieces RETURNING b.*, f.pieces, f.rest
    )
    INSERT INTO back_orders
        (id, part, location, organisation, holder, quantity, expected, state, reserved_until, created_at, ended_at)
    SELECT rest, part, location, organisation, holder, pieces, expected, 'filled', reserved_until, created_at, %(now)s
    FROM partly
"""
_HOLD = """
    INSERT INTO reservations AS r
        (id, part, location, organisation, holder, quantity, state, reserved_until, created_at)
    SELECT min(f.hold), b.part, b.location, b.organisation, b.holder, sum(f.pieces), 'held',
        CASE WHEN bool_or(b.reserved_until IS NULL) THEN NULL ELSE max(b.reserved_until) END, %(now)s
    FROM unnest(%(waits)s::text[], %(pieces)s::int[], %(ids)s::text[]) AS f (id, pieces, hold)
    JOIN back_orders b USING (id) GROUP BY b.part, b.location, b.organisation, b.holder
    ON CONFLICT (holder, part, location) WHERE state = 'held' DO UPDATE SET
        quantity = r.quantity + excluded.quantity,
        reserved_until = CASE WHEN r.reserved_until IS NULL OR excluded.reserved_until IS NULL THEN NULL
                              ELSE greatest(r.reserved_until, excluded.reserved_until) END
"""
_RESERVE = """
    UPDATE stock s SET reserved = s.reserved + p.quantity
    FROM unnest(%(parts)s::text[], %(locations)s::text[], %(quantities)s::int[]) AS p (part, location, quantity)
    WHERE s.part = p.part AND s.location = p.location
"""


def waited_by(holder: str) -> ColumnElement[bool]:
    return and_(back_orders.c.holder == holder, back_orders.c.state == "waiting")


def overdue_waits(now: datetime) -> ColumnElement[bool]:
    return and_(back_orders.c.state == "waiting", func.coalesce(back_orders.c.reserved_until <= now, False))


def at(keys: Collection[Key]) -> ColumnElement[bool]:
    return tuple_(back_orders.c.part, back_orders.c.location).in_(list(keys))


def who_waits(unit: UnitOfWork, key: Key) -> Sequence[dict[str, object]]:
    """Give who waits at a place, in the order of asking: holder, quantity, expected."""
    rows = unit.connection.execute(
        select(back_orders).where(at([key]), back_orders.c.state == "waiting").order_by(back_orders.c.no)
    )
    return [{"holder": row.holder, "quantity": row.quantity, "expected": row.expected.isoformat()} for row in rows]


def _back_order(row: Any) -> BackOrder:
    return BackOrder(row.id, row.part, row.location, row.quantity, row.holder, row.expected, row.reserved_until)
