"""What an actor may see of the desk: cases, appointments and repair orders as JSON; the pages show the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, Table, select

from aftersales.case_view import case_views
from aftersales.listing import newest_first
from aftersales.repair.order_view import order_summaries, order_view
from aftersales.scope import find_appointment, find_case, find_order
from aftersales.settlement.records import record_view
from aftersales.tables import appointments, cases, repair_orders
from aftersales.visits.appointment_view import appointment_views, held_parts, no_shows_of
from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, Page

Views = Page[dict[str, Any]]


def get_case(unit: UnitOfWork, actor: Actor, case: str) -> dict[str, Any]:
    return case_views(unit, [find_case(unit, actor, case)])[0]


def get_appointment(unit: UnitOfWork, actor: Actor, appointment: str) -> dict[str, Any]:
    row = find_appointment(unit, actor, appointment)
    view = appointment_views(unit, [row])[0]
    view |= {"reservations": held_parts(unit, view["case"])}
    # Who follows by a tracking link sees this visit, not how its owner kept others.
    return view if actor.only is not None else view | {"no_shows": no_shows_of(unit, row.organisation)}


def get_repair_order(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    row = find_order(unit, actor, order)
    view = order_view(unit, row) | {"reservations": held_parts(unit, row.case)}
    # The record is reported by the workshop in its own name, and shown to it alone.
    own = actor.organisation == row.workshop_organisation and actor.only is None
    return view | {"record": record_view(unit, row.id)} if own else view


def list_cases(
    unit: UnitOfWork,
    actor: Actor,
    *,
    state: str | None = None,
    vehicle: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Views:
    """Give a page of cases, the newest first."""
    wanted = {"state": state, "vehicle": vehicle}
    rows = _page(unit, actor, cases, (cases.c.id, cases.c.opened_at), wanted, limit, cursor)
    return Page(case_views(unit, rows.items), rows.next)


def list_appointments(
    unit: UnitOfWork,
    actor: Actor,
    *,
    state: str | None = None,
    vehicle: str | None = None,
    case: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Views:
    """Give a page of appointments, the newest first. A hold that is over counts as what it is stored as."""
    wanted = {"state": state, "vehicle": vehicle, "case": case}
    of = appointments
    rows = _page(unit, actor, of, (of.c.case, of.c.created_at), wanted, limit, cursor)
    return Page(appointment_views(unit, rows.items), rows.next)


def list_repair_orders(
    unit: UnitOfWork,
    actor: Actor,
    *,
    state: str | None = None,
    vehicle: str | None = None,
    case: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Views:
    """Give a page of repair orders, the newest first, without their lines."""
    wanted = {"state": state, "vehicle": vehicle, "case": case}
    of = repair_orders
    rows = _page(unit, actor, of, (of.c.case, of.c.created_at), wanted, limit, cursor)
    return Page(order_summaries(unit, rows.items), rows.next)


def _page(
    unit: UnitOfWork,
    actor: Actor,
    table: Table,
    columns: tuple[Column[str], Column[datetime]],
    wanted: Mapping[str, str | None],
    limit: int,
    cursor: str | None,
) -> Page[Row[Any]]:
    """Give a page of rows that the actor may see; `columns` are the case that opens them and the time they order by."""
    case, at = columns
    query = select(table).where(visible(actor, table.c.organisation, case))
    for name, value in wanted.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    return newest_first(unit, query, (at, table.c.id), limit, cursor)
