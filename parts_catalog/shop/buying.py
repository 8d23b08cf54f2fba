"""What others ask of the shop: whether somebody has bought a part, and how many orders he has paid."""

from foundation.database import UnitOfWork


def bought(unit: UnitOfWork, organisation: str, part: str) -> bool:
    """Whether pieces of a part that an organisation ordered were delivered to it."""
    asked = {"organisation": organisation, "part": part}
    return bool(unit.rows(_BOUGHT, asked)[0].bought)


_BOUGHT = """
    SELECT EXISTS (
        SELECT FROM orders o JOIN shipment_lines l ON l."order" = o.id AND l.part = %(part)s
        JOIN shipments s ON s.id = l.shipment AND s.state = 'delivered'
        WHERE o.organisation = %(organisation)s
    ) AS bought
"""


def count_paid(unit: UnitOfWork, organisation: str) -> int:
    """Count the orders of an organisation that were paid, whatever became of them."""
    counted = "SELECT count(*) AS paid FROM orders WHERE organisation = %(organisation)s AND paid_at IS NOT NULL"
    return int(unit.rows(counted, {"organisation": organisation})[0].paid)
