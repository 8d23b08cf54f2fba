"""What can be had of a part at a place: the pieces that lie there free now, and from which day how many more."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from parts_catalog.parts import StockOffer

# Free now, of stock row `s`; the asking holder's own pieces, and overdue ones of anybody, count as free.
FREE = """
    s.on_hand - s.reserved + coalesce((
        SELECT sum(r.quantity) FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held'
        AND (r.reserved_until <= %(now)s OR r.holder = %(holder)s)
    ), 0)
"""
# On the way to stock row `s`, by day, and what is promised of it.
COMING = """
    LEFT JOIN LATERAL (
        SELECT array_agg(d.day ORDER BY d.day, d.id) AS days,
            array_agg(d.quantity - d.received ORDER BY d.day, d.id) AS pieces, (
                SELECT sum(b.quantity) FROM back_orders b
                WHERE b.part = s.part AND b.location = s.location AND b.state = 'waiting'
                AND (b.reserved_until IS NULL OR b.reserved_until > %(now)s) AND b.holder IS DISTINCT FROM %(holder)s
            ) AS promised
        FROM expected_deliveries d WHERE d.part = s.part AND d.location = s.location AND d.state = 'expected'
    ) c ON true
"""


def unpromised(
    days: Sequence[date] | None, pieces: Sequence[int] | None, promised: int | None
) -> tuple[tuple[date, int], ...]:
    """Give from which day how many pieces can be had in all; those who wait already come first."""
    found: list[tuple[date, int]] = []
    total = -int(promised or 0)
    for day, some in zip(days or (), pieces or (), strict=True):
        total += some
        if total > 0:
            found.append((day, total))
    return tuple(found)


def day_of(coming: Sequence[tuple[date, int]], quantity: int) -> date | None:
    """Give the first day from which that many pieces can be had (None: so many do not come)."""
    return next((day for day, pieces in coming if pieces >= quantity), None)


def offer_of(part: str, row: Any) -> StockOffer:
    """Give the offer of a row with `location`, `expected`, and what `FREE` and `COMING` say of it."""
    coming = unpromised(row.days, row.pieces, row.promised)
    day = coming[0][0] if coming and row.available <= 0 else row.expected
    return StockOffer(part, row.location, int(row.available), day, coming)
