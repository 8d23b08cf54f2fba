"""Whose a case or a repair order is, for channels that tell organisations; a grant on the case opens both."""

from collections.abc import Sequence

from sqlalchemy import select

from aftersales.tables import cases, repair_orders
from foundation.database import UnitOfWork


def cases_among(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give, of the cases among ids of any sort, the owning organisation, and what a grant has to be on."""
    rows = unit.connection.execute(select(cases.c.id, cases.c.organisation).where(cases.c.id.in_(ids)))
    return {row.id: (row.organisation, row.id) for row in rows}


def repair_orders_among(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give the same of repair orders."""
    here = repair_orders.c
    rows = unit.connection.execute(select(here.id, here.organisation, here.case).where(here.id.in_(ids)))
    return {row.id: (row.organisation, row.case) for row in rows}
