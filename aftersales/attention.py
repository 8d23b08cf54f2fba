"""What a house's cars ask of it: the decision, the bill or the visit of every open case, for a whole fleet at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, or_, select

from aftersales.case_view import CLOSED, title_of
from aftersales.cases import TO_PAY, AppointmentState, BillState, CaseState
from aftersales.estimates import lines_of
from aftersales.repair.approvals import DECIDABLE
from aftersales.repair.decisions import AWAITING, standing
from aftersales.tables import appointments, bills, case_findings, cases, repair_orders, workshops
from diagnostics.findings import Urgency
from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import Actor
from foundation.money import Money


class Need(StrEnum):
    """What one case wants, the most pressing first: a case wants the first that is true of it."""

    STOPPED = "stopped"  # the car must not be driven on
    DECIDE = "decide"  # work waits for a decision on a line
    CONFIRM = "confirm"  # a visit is held
    OFFER = "offer"  # another time is held beside a visit
    ANSWER = "answer"  # a question of the case is open
    BOOK = "book"  # no visit is held
    PAY = "pay"
    IN_WORKSHOP = "in_workshop"
    ON_ACCOUNT = "on_account"  # may be paid later
    EXPECTED = "expected"  # a visit is booked
    LET_GO = "let_go"  # its visit was declined, and the fault is still there


@dataclass(frozen=True, slots=True)
class Item:
    """One case that wants something; `at` is the visit's begin in `zone`, `lines` how many wait for a decision."""

    need: Need
    case: str
    vehicle: str
    title_en: str
    title_zh: str
    urgency: str | None
    appointment: str | None = None
    order: str | None = None
    order_state: str | None = None
    at: datetime | None = None
    zone: str | None = None
    lines: int = 0
    bill: Money | None = None


def attention(unit: UnitOfWork, actor: Actor, vehicles: Sequence[str]) -> dict[str, list[Item]]:
    """Give by car what its cases want, the most pressing first; a car that wants nothing is left out."""
    rows = _open_cases(unit, actor, vehicles)
    at_work = [row.estimate for row in rows if row.order_state in DECIDABLE]
    lines = lines_of(unit, at_work)
    decided = standing(unit, [line for of_one in lines.values() for line in of_one])
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for row in rows:
        asked = sum(decided[line.id] == AWAITING for line in lines.get(row.estimate, ()))
        need = _need(row, asked, unit.now())
        if need is not None:
            found[row.vehicle].append(_item(row, need, asked))
    return {vehicle: sorted(items, key=_place) for vehicle, items in found.items()}


def let_go(unit: UnitOfWork, actor: Actor, standing_findings: Mapping[str, str]) -> dict[str, list[Item]]:
    """Give by car the cases that were declined though their findings stand; `standing_findings` are finding -> urgency.

    A fault that came again, or was repaired after all, has another case since, and is left out.
    """
    later = cases.alias()
    again = select(later.c.id).where(
        later.c.vehicle == cases.c.vehicle, later.c.fault == cases.c.fault, later.c.opened_at > cases.c.opened_at
    )
    query = (
        select(cases, func.max(case_findings.c.finding).label("told"))
        .join(case_findings, case_findings.c.case == cases.c.id)
        .where(
            case_findings.c.finding.in_(standing_findings),
            cases.c.state == CaseState.DECLINED,
            visible(actor, cases.c.organisation, cases.c.id),
            ~again.exists(),
        )
        .group_by(cases.c.id)
        .order_by(cases.c.opened_at, cases.c.id)
    )
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for row in unit.connection.execute(query):
        title = title_of(row)
        urgency = standing_findings[row.told]
        found[row.vehicle].append(Item(Need.LET_GO, row.id, row.vehicle, title["en"], title["zh"], urgency))
    return found


def _need(row: Row[Any], asked: int, now: datetime) -> Need | None:
    state, held = row.state, row.visit_state == AppointmentState.HELD and row.expires_at > now
    tests: Mapping[Need, bool] = {
        Need.STOPPED: row.urgency == Urgency.S0 and state not in CLOSED and state != CaseState.IN_REPAIR,
        Need.DECIDE: bool(asked),
        Need.CONFIRM: state == CaseState.PROPOSED and held,
        Need.OFFER: state in {CaseState.PROPOSED, CaseState.CONFIRMED} and row.offered,
        Need.ANSWER: state == CaseState.OPEN and any(question["attribute"] for question in row.questions),
        Need.BOOK: state == CaseState.OPEN or (state == CaseState.PROPOSED and not held),
        Need.PAY: row.bill == BillState.OPEN,
        Need.IN_WORKSHOP: state == CaseState.IN_REPAIR,
        Need.ON_ACCOUNT: row.bill == BillState.ON_ACCOUNT,
        Need.EXPECTED: state == CaseState.CONFIRMED,
    }
    return next((need for need in Need if tests.get(need)), None)


def _item(row: Row[Any], need: Need, asked: int) -> Item:
    title = title_of(row)
    return Item(
        need,
        row.id,
        row.vehicle,
        title["en"],
        title["zh"],
        row.urgency,
        row.visit,
        row.order,
        row.order_state,
        row.during.lower if row.during is not None else None,
        row.zone,
        asked,
        Money(row.amount, row.currency) if row.bill in TO_PAY else None,
    )


def _place(item: Item) -> tuple[int, str, str]:
    return list(Need).index(item.need), item.urgency or "S9", item.case


def _open_cases(unit: UnitOfWork, actor: Actor, vehicles: Sequence[str]) -> Sequence[Row[Any]]:
    """Give the cases that are not over, or not paid, each with its latest visit, its repair order and its bill."""
    last = (
        select(appointments)
        .where(appointments.c.case == cases.c.id, appointments.c.replaces.is_(None))
        .order_by(appointments.c.created_at.desc(), appointments.c.id.desc())
        .limit(1)
        .lateral("visit")
    )
    beside = appointments.alias()
    offered = select(beside.c.id).where(
        beside.c.replaces == last.c.id, beside.c.state == AppointmentState.HELD, beside.c.expires_at > unit.now()
    )
    query = (
        select(
            cases,
            last.c.id.label("visit"),
            last.c.state.label("visit_state"),
            last.c.during,
            last.c.expires_at,
            workshops.c.zone,
            offered.exists().label("offered"),
            repair_orders.c.id.label("order"),
            repair_orders.c.state.label("order_state"),
            repair_orders.c.estimate,
            bills.c.state.label("bill"),
            bills.c.amount,
            bills.c.currency,
        )
        .outerjoin(last, cases.c.id == last.c.case)
        .outerjoin(workshops, workshops.c.id == last.c.workshop)
        .outerjoin(repair_orders, repair_orders.c.appointment == last.c.id)
        .outerjoin(bills, bills.c.order == repair_orders.c.id)
        .where(
            cases.c.vehicle.in_(vehicles),
            visible(actor, cases.c.organisation, cases.c.id),
            or_(cases.c.state.not_in(CLOSED), bills.c.state.in_(TO_PAY)),
        )
    )
    return unit.connection.execute(query).all()
