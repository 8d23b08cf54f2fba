"""What other rooms of the catalogue ask of the shop: whether somebody has bought a part."""

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
