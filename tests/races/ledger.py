"""What must be true of the desk's books at any instant, read from the tables by plain SQL."""

from collections import Counter

from sqlalchemy import text

from foundation.database import Database

_OVERLAPS = """
    SELECT a.resource, a.appointment, b.appointment FROM occupancies a
    JOIN occupancies b ON a.resource = b.resource AND a.id < b.id AND a.during && b.during AND a.active AND b.active
"""
# A visit is alive by its state; a hold past its expiry stays so until the sweep comes.
_LIVE = "WITH live AS (SELECT * FROM appointments WHERE state IN ('held', 'confirmed', 'arrived')) "
_HALVES = """
    SELECT a.id, a.state FROM live a WHERE NOT (
        EXISTS (SELECT FROM occupancies o WHERE o.appointment = a.id AND o.active AND o.resource = a.bay)
        AND EXISTS (SELECT FROM occupancies o WHERE o.appointment = a.id AND o.active AND o.resource = a.technician)
        AND a.replaces IS NULL
        AND NOT EXISTS (
            SELECT l.part, l.part_location FROM estimate_lines l WHERE l.estimate = a.estimate AND l.kind = 'part'
            GROUP BY l.part, l.part_location
            HAVING sum(l.hundredths) / 100 <> (
                SELECT coalesce(sum(r.quantity), 0) FROM reservations r
                WHERE r.holder = a."case" AND r.part = l.part AND r.location = l.part_location AND r.state = 'held'))
        AND EXISTS (SELECT FROM estimate_lines l WHERE l.estimate = a.estimate AND l.kind = 'part')
        AND EXISTS (SELECT FROM cases c WHERE c.id = a."case" AND c.state =
                    CASE a.state WHEN 'held' THEN 'proposed' ELSE a.state END)
        AND (a.state = 'held') <> EXISTS (SELECT FROM repair_orders r WHERE r.appointment = a.id))
"""
_ORPHANS = """
    SELECT 'occupancy', o.id FROM occupancies o LEFT JOIN live a ON a.id = o.appointment
    WHERE o.active AND a.id IS NULL
    UNION ALL
    SELECT 'reservation', r.id FROM reservations r
    WHERE r.state = 'held' AND NOT EXISTS (SELECT FROM live a WHERE a."case" = r.holder)
    UNION ALL
    SELECT 'stock', s.part FROM stock s WHERE s.reserved <> (
        SELECT coalesce(sum(r.quantity), 0) FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held')
    UNION ALL
    SELECT 'case', c.id FROM cases c WHERE c.state IN ('proposed', 'confirmed')
    AND NOT EXISTS (SELECT FROM live a WHERE a."case" = c.id)
"""
_STATES = "SELECT state FROM appointments WHERE state IN ('held', 'confirmed', 'arrived')"


def check(database: Database) -> None:
    """Raise unless nothing overlaps, every live visit is whole, and nothing is held for nobody."""
    with database.unit() as unit:
        for what, query in (("overlaps", _OVERLAPS), ("halves", _HALVES), ("orphans", _ORPHANS)):
            wrong = unit.connection.execute(text(_LIVE + query)).all()
            assert wrong == [], f"{what}: {wrong}"


def live(database: Database) -> Counter[str]:
    """Count the live visits by state."""
    with database.unit() as unit:
        rows = unit.connection.execute(text(_STATES))
        return Counter(rows.scalars())


def pieces_held(database: Database) -> int:
    with database.unit() as unit:
        held: int = unit.connection.execute(text("SELECT coalesce(sum(reserved), 0) FROM stock")).scalar_one()
        return held
