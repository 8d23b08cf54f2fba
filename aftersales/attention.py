"""What a house's cars ask of it: the decision, the bill or the visit of every open case, for a whole fleet at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONPATH, aggregate_order_by

from aftersales.case_view import CLOSED, title_of
from aftersales.cases import TO_PAY, AppointmentState, BillState, CaseState
from aftersales.repair.approvals import DECIDABLE
from aftersales.repair.decisions import awaits_one
from aftersales.tables import appointments, bills, case_findings, cases, estimate_lines, repair_orders, workshops
from diagnostics.findings import Urgency
from foundation.database import UnitOfWork
from foundation.grants import of_house, visible
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


RANKS: Mapping[Need, int] = {need: rank for rank, need in enumerate(Need)}


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


def attention(unit: UnitOfWork, actor: Actor, vehicles: Collection[str]) -> dict[str, list[Item]]:
    """Give by car what its cases want, the most pressing first; a car that wants nothing is left out."""
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for row in unit.connection.execute(_wanting(actor, unit.now()).where(cases.c.vehicle.in_(vehicles))):
        if row.rank is not None:
            found[row.vehicle].append(_item(row))
    return {vehicle: sorted(items, key=_place) for vehicle, items in found.items()}


def let_go(unit: UnitOfWork, actor: Actor, standing: Subquery, vehicles: Collection[str]) -> dict[str, list[Item]]:
    """Give by car the cases that were declined though their findings stand; `standing` has their `id` and `urgency`."""
    found: defaultdict[str, list[Item]] = defaultdict(list)
    query = _let_go(actor, standing).where(cases.c.vehicle.in_(vehicles)).order_by(cases.c.opened_at, cases.c.id)
    for row in unit.connection.execute(query):
        title = title_of(row)
        found[row.vehicle].append(Item(Need.LET_GO, row.id, row.vehicle, title["en"], title["zh"], row.told_urgency))
    return found


def needs(actor: Actor, now: datetime, standing: Subquery) -> Select[str, int, str]:
    """Give the query of what the cases of a house want: `vehicle`, the need's `rank` (NULL: nothing), and `urgency`.

    The needs of `attention` and of `let_go`, to be counted and put in order by the database.
    """
    mine = of_house(actor, cases.c.organisation, cases.c.id)
    wanting = _wanting(actor, now).where(mine, cases.c.id.in_(_not_over(actor))).subquery()
    gone = _let_go(actor, standing).where(mine).subquery()
    wants = select(wanting.c.vehicle, wanting.c.rank, wanting.c.urgency)
    left = select(gone.c.vehicle, literal(RANKS[Need.LET_GO]), gone.c.told_urgency)
    both = union_all(wants, left).subquery()
    return select(both.c.vehicle, both.c.rank, both.c.urgency)


def _let_go(actor: Actor, standing: Subquery) -> Select[Any]:
    """Leave out a fault that came again, or was repaired after all: it has another case since."""
    later = cases.alias()
    again = select(later.c.id).where(
        later.c.vehicle == cases.c.vehicle, later.c.fault == cases.c.fault, later.c.opened_at > cases.c.opened_at
    )
    newest = func.array_agg(aggregate_order_by(standing.c.urgency, standing.c.id.desc()))
    return (
        select(cases, newest[1].label("told_urgency"))
        .join(case_findings, case_findings.c.case == cases.c.id)
        .join(standing, standing.c.id == case_findings.c.finding)
        .where(
            cases.c.state == CaseState.DECLINED,
            visible(actor, cases.c.organisation, cases.c.id),
            ~again.exists(),
        )
        .group_by(cases.c.id)
    )


def _rank(visit: FromClause, offered: ColumnElement[bool], asked: ColumnElement[int], now: datetime) -> Any:
    """Give the rank of what a case wants; NULL: nothing. The first test that is true counts."""
    state, questions = cases.c.state, cases.c.questions
    held = func.coalesce(and_(visit.c.state == AppointmentState.HELD, visit.c.expires_at > now), false())
    attribute = cast('$[*].attribute ? (@ != null && @ != "")', JSONPATH)
    tests: Mapping[Need, ColumnElement[bool]] = {
        Need.STOPPED: and_(cases.c.urgency == Urgency.S0, state.not_in([*CLOSED, CaseState.IN_REPAIR])),
        Need.DECIDE: asked > 0,
        Need.CONFIRM: and_(state == CaseState.PROPOSED, held),
        Need.OFFER: and_(state.in_([CaseState.PROPOSED, CaseState.CONFIRMED]), offered),
        Need.ANSWER: and_(state == CaseState.OPEN, func.jsonb_path_exists(questions, attribute)),
        Need.BOOK: or_(state == CaseState.OPEN, and_(state == CaseState.PROPOSED, ~held)),
        Need.PAY: bills.c.state == BillState.OPEN,
        Need.IN_WORKSHOP: state == CaseState.IN_REPAIR,
        Need.ON_ACCOUNT: bills.c.state == BillState.ON_ACCOUNT,
        Need.EXPECTED: state == CaseState.CONFIRMED,
    }
    return case(*((tests[need], RANKS[need]) for need in Need if need in tests))


def _item(row: Row[Any]) -> Item:
    title = title_of(row)
    return Item(
        list(Need)[row.rank],
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
        row.asked,
        Money(row.amount, row.currency) if row.bill in TO_PAY else None,
    )


def _place(item: Item) -> tuple[int, str, str]:
    return RANKS[item.need], item.urgency or "S9", item.case


def _wanting(actor: Actor, now: datetime) -> Select[Any]:
    """Give the query of cases that are not over, or not paid, each with its latest visit, order, bill and rank."""
    last = (
        select(appointments)
        .where(appointments.c.case == cases.c.id, appointments.c.replaces.is_(None))
        .order_by(appointments.c.created_at.desc(), appointments.c.id.desc())
        .limit(1)
        .lateral("visit")
    )
    beside = appointments.alias()
    offered = select(beside.c.id).where(
        beside.c.replaces == last.c.id, beside.c.state == AppointmentState.HELD, beside.c.expires_at > now
    )
    waiting = select(func.count()).where(
        estimate_lines.c.estimate == repair_orders.c.estimate,
        repair_orders.c.state.in_(DECIDABLE),
        awaits_one(estimate_lines),
    )
    asked = waiting.correlate(repair_orders).scalar_subquery()
    return (
        select(
            cases,
            last.c.id.label("visit"),
            last.c.during,
            workshops.c.zone,
            repair_orders.c.id.label("order"),
            repair_orders.c.state.label("order_state"),
            asked.label("asked"),
            bills.c.state.label("bill"),
            bills.c.amount,
            bills.c.currency,
            _rank(last, offered.exists(), asked, now).label("rank"),
        )
        .outerjoin(last, cases.c.id == last.c.case)
        .outerjoin(workshops, workshops.c.id == last.c.workshop)
        .outerjoin(repair_orders, repair_orders.c.appointment == last.c.id)
        .outerjoin(bills, bills.c.order == repair_orders.c.id)
        .where(
            visible(actor, cases.c.organisation, cases.c.id),
            or_(cases.c.state.not_in(CLOSED), bills.c.state.in_(TO_PAY)),
        )
    )


def _not_over(actor: Actor) -> CompoundSelect[str]:
    """Say the same by indexes: of a large house most cases are over and paid."""
    opened = cases.alias()
    still_open = [state for state in CaseState if state not in CLOSED]
    unpaid = (
        select(repair_orders.c.case)
        .join(bills, bills.c.order == repair_orders.c.id)
        .where(bills.c.state.in_(TO_PAY), of_house(actor, bills.c.organisation, repair_orders.c.case))
    )
    mine = of_house(actor, opened.c.organisation, opened.c.id)
    return union(select(opened.c.id).where(opened.c.state.in_(still_open), mine), unpaid)
