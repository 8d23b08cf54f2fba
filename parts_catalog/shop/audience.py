"""Whose an order of the shop is, for channels that tell organisations."""

from collections.abc import Sequence

from sqlalchemy import select

from foundation.database import UnitOfWork
from parts_catalog.tables import orders


def orders_among(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give, of the orders among ids of any sort, the buying organisation, and what a grant would have to be on."""
    rows = unit.connection.execute(select(orders.c.id, orders.c.organisation).where(orders.c.id.in_(ids)))
    return {row.id: (row.organisation, row.id) for row in rows}
