"""What must be true of stock at any instant, read from its tables by plain SQL."""

from sqlalchemy import text

from foundation.database import UnitOfWork

_WRONG = """
    SELECT 'on_hand is the sum of its changes' AS rule, s.part, s.location FROM stock s WHERE s.on_hand <> (
        SELECT coalesce(sum(c.quantity), 0) FROM stock_changes c WHERE c.part = s.part AND c.location = s.location)
    UNION ALL
    SELECT 'a change says what lay there after it', c.part, c.location FROM (
        SELECT *, sum(quantity) OVER (PARTITION BY part, location ORDER BY id) AS after FROM stock_changes
    ) c WHERE c.after <> c.on_hand
    UNION ALL
    SELECT 'reserved is the sum of the holds', s.part, s.location FROM stock s WHERE s.reserved <> (
        SELECT coalesce(sum(r.quantity), 0) FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held')
    UNION ALL
    SELECT 'no more is promised than comes', s.part, s.location FROM stock s WHERE (
        SELECT coalesce(sum(b.quantity), 0) FROM back_orders b
        WHERE b.part = s.part AND b.location = s.location AND b.state = 'waiting'
    ) > (
        SELECT coalesce(sum(d.quantity - d.received), 0) FROM expected_deliveries d
        WHERE d.part = s.part AND d.location = s.location AND d.state = 'expected')
"""


def check_books(unit: UnitOfWork) -> None:
    """Raise unless every piece is accounted for."""
    wrong = unit.connection.execute(text(_WRONG)).all()
    assert wrong == []
