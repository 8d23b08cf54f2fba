"""The locks of stock: first the holders by name, then stock rows in ascending (part, location) order, always.

So no two changes can wait for each other in a circle. Whoever changes what lies somewhere, or for whom, has its lock.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from foundation.database import UnitOfWork

Key = tuple[str, str]  # part, location


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a holder holds pieces, and where he waits for some."""

    held: frozenset[Key]
    awaited: frozenset[Key]


NOTHING = Kept(frozenset(), frozenset())


def lock_holders(unit: UnitOfWork, *holders: str) -> None:
    # There may be no row of a holder yet, so the lock is on the name.
    for holder in sorted(set(holders)):
        unit.rows("SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": f"hold:{holder}"})


def lock_stock(unit: UnitOfWork, keys: Collection[Key]) -> set[Key]:
    """Lock stock rows in their order; gives those at which a hold is overdue."""
    columns = columns_of(dict.fromkeys(keys, 0))
    rows = unit.rows(_LOCK, {**columns, "now": unit.now()})
    return {(row.part, row.location) for row in rows if row.overdue}


_LOCK = """
    SELECT s.part, s.location, EXISTS (
        SELECT FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held' AND r.reserved_until <= %(now)s
    ) AS overdue
    FROM stock s JOIN unnest(%(parts)s::text[], %(locations)s::text[]) AS k (part, location) USING (part, location)
    ORDER BY s.part, s.location FOR UPDATE OF s
"""


def lock_kept(unit: UnitOfWork, holder: str, parts: Collection[str] | None = None, location: str | None = None) -> Kept:
    """Lock a holder with the stock rows of all that he holds or waits for, or of these parts, or of one location."""
    lock_holders(unit, holder)
    kept = kept_by(unit, holder, parts, location)
    lock_stock(unit, kept.held | kept.awaited)
    # What he waited for may have come before his rows were locked; nothing else is done for him but by himself.
    return kept_by(unit, holder, parts, location) if kept.awaited else kept


def kept_by(unit: UnitOfWork, holder: str, parts: Collection[str] | None = None, location: str | None = None) -> Kept:
    """Give where a holder holds or awaits pieces, as it is before his rows are locked."""
    chosen = {"holder": holder, "parts": None if parts is None else list(parts), "location": location}
    rows = unit.rows(_KEPT, chosen)
    held = frozenset((row.part, row.location) for row in rows if not row.awaited)
    awaited = frozenset((row.part, row.location) for row in rows if row.awaited)
    return Kept(held, awaited)


_CHOSEN = """
    holder = %(holder)s AND (%(parts)s::text[] IS NULL OR part = ANY(%(parts)s::text[]))
    AND (%(location)s::text IS NULL OR location = %(location)s::text)
"""
_KEPT = f"""
    SELECT part, location, false AS awaited FROM reservations WHERE {_CHOSEN} AND state = 'held'
    UNION ALL SELECT part, location, true FROM back_orders WHERE {_CHOSEN} AND state = 'waiting'
"""  # noqa: S608 - our own words


def columns_of(pieces: Mapping[Key, int]) -> dict[str, list[object]]:
    """Give pieces per part and location as the columns that statements unnest."""
    return {
        "parts": [part for part, _ in pieces],
        "locations": [location for _, location in pieces],
        "quantities": list(pieces.values()),
    }
