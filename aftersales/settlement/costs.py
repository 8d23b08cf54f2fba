"""What an organisation's repairs cost it, one row each: for its own books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on

from aftersales.case_view import title_of
from aftersales.tables import appointments, bills, cases, repair_orders, settlements, workshops
from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import Actor
from foundation.money import Money


@dataclass(frozen=True, slots=True)
class Cost:
    """One repair order; what its settlement's newest sheet says is None before there is one."""

    order: str
    vehicle: str
    title_en: str
    title_zh: str
    workshop_en: str
    workshop_zh: str
    start: datetime
    mileage_km: int | None
    state: str
    sheet: str | None
    settled_at: datetime | None
    net: Money | None
    tax: Money | None
    bill: str | None


def costs_of(unit: UnitOfWork, actor: Actor, vehicles: Sequence[str]) -> list[Cost]:
    """Give every repair order of these cars that the actor may see, the newest visit first."""
    newest = (
        select(settlements)
        .ext(distinct_on(settlements.c.order))
        .order_by(settlements.c.order, settlements.c.version.desc())
        .subquery()
    )
    query = (
        select(
            repair_orders,
            appointments.c.during,
            *(workshops.c[name].label(f"workshop_{name}") for name in ("name_en", "name_zh")),
            *(cases.c[name] for name in ("fault", "wish")),
            *(newest.c[name] for name in ("number", "settled_at", "net", "tax", "currency")),
            bills.c.state.label("bill"),
        )
        .join(appointments, appointments.c.id == repair_orders.c.appointment)
        .join(workshops, workshops.c.id == repair_orders.c.workshop)
        .join(cases, cases.c.id == repair_orders.c.case)
        .outerjoin(newest, newest.c.order == repair_orders.c.id)
        .outerjoin(bills, bills.c.order == repair_orders.c.id)
        .where(
            repair_orders.c.vehicle.in_(vehicles), visible(actor, repair_orders.c.organisation, repair_orders.c.case)
        )
        .order_by(appointments.c.during.desc(), repair_orders.c.id)
    )
    return [_cost(row) for row in unit.connection.execute(query)]


def _cost(row: Row[Any]) -> Cost:
    title, settled = title_of(row), row.number is not None
    return Cost(
        row.id,
        row.vehicle,
        title["en"],
        title["zh"],
        row.workshop_name_en,
        row.workshop_name_zh,
        row.during.lower,
        row.mileage_km,
        row.state,
        row.number,
        row.settled_at,
        Money(row.net, row.currency) if settled else None,
        Money(row.tax, row.currency) if settled else None,
        row.bill,
    )
