"""Counts of what the desk did for one organisation's vehicles, for reports."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, func, select, true

from aftersales.tables import appointments, cases, estimate_lines, repair_orders, repair_steps, reviews
from foundation.database import UnitOfWork


@dataclass(frozen=True, slots=True)
class DeskCounts:
    cases: int
    parts_reserved: int  # part lines of estimates: each was held in stock when it was written
    appointments_booked: int
    repair_orders_settled: int
    progress: int
    reviews: int


def count_of(unit: UnitOfWork, organisation: str) -> DeskCounts:
    """Count an owner organisation's cases and what became of them."""

    def count(table: Table, where: ColumnElement[bool] | None = None) -> int:
        mine = select(func.count()).select_from(table).where(table.c.organisation == organisation)
        number: int = unit.connection.execute(mine.where(true() if where is None else where)).scalar_one()
        return number

    return DeskCounts(
        cases=count(cases),
        parts_reserved=count(estimate_lines, estimate_lines.c.kind == "part"),
        appointments_booked=count(appointments, appointments.c.replaces.is_(None)),
        repair_orders_settled=count(repair_orders, repair_orders.c.state.in_(["settled", "released"])),
        progress=count(repair_steps),
        reviews=count(reviews),
    )
