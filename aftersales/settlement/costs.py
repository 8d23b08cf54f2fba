"""What an organisation's repairs cost it, one row each: for its own books."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, true

from aftersales.case_view import title_of
from aftersales.listing import newest_first
from aftersales.tables import appointments, bills, cases, repair_orders, settlements, workshops
from foundation.database import UnitOfWork
from foundation.grants import of_house
from foundation.identity import Actor
from foundation.money import Money
from foundation.paging import MAXIMUM_LIMIT, Page


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


def list_costs(unit: UnitOfWork, actor: Actor, cursor: str | None = None) -> Page[Cost]:
    """Give a page of the repair orders of the house, the newest first."""
    newest = (
        select(settlements)
        .where(settlements.c.order == repair_orders.c.id)
        .order_by(settlements.c.version.desc())
        .limit(1)
        .lateral("newest")
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
        .outerjoin(newest, true())
        .outerjoin(bills, bills.c.order == repair_orders.c.id)
        .where(of_house(actor, repair_orders.c.organisation, repair_orders.c.case))
    )
    rows = newest_first(unit, query, (repair_orders.c.created_at, repair_orders.c.id), MAXIMUM_LIMIT, cursor)
    return Page([_cost(row) for row in rows.items], rows.next)


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
