"""Approvals: decisions on single lines, appended with the hash of what was shown, void as soon as the line changes."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select

from aftersales.cases import AppointmentState, CaseState, RepairOrderState
from aftersales.estimates import Line, lines_of
from aftersales.holdings import change_holding
from aftersales.moves import change_appointment, move_case, tell
from aftersales.permissions import Act, require
from aftersales.release import CANCELLABLE, release_visit
from aftersales.scope import find_order, lock_order
from aftersales.tables import appointments, approvals
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound

APPROVED, DECLINED, AWAITING = "approved", "declined", "awaiting"
DECIDABLE = frozenset({RepairOrderState.EXPECTED, RepairOrderState.OPEN, RepairOrderState.IN_PROGRESS})


def record(unit: UnitOfWork, order: str, line: Line, decision: str, actor: Actor, channel: str) -> None:
    """Append a decision on a line as it is shown now."""
    last = select(func.coalesce(func.max(approvals.c.number), 0)).where(approvals.c.line == line.id)
    unit.connection.execute(
        approvals.insert().values(
            id=new_id("appr"),
            organisation=line.organisation,
            order=order,
            line=line.id,
            number=unit.connection.execute(last).scalar_one() + 1,
            decision=decision,
            hash=line.hash,
            actor=actor.account,
            channel=channel,
            decided_at=unit.now(),
        )
    )


def standing(unit: UnitOfWork, lines: Collection[Line]) -> dict[str, str]:
    """Give what holds of each line now: approved, declined, or awaiting when nobody decided on it as it is shown."""
    chosen = select(approvals).where(approvals.c.line.in_([line.id for line in lines])).order_by(approvals.c.number)
    last = {row.line: row for row in unit.connection.execute(chosen)}
    return {
        line.id: last[line.id].decision if line.id in last and last[line.id].hash == line.hash else AWAITING
        for line in lines
    }


def list_approvals(unit: UnitOfWork, actor: Actor, order: str) -> list[dict[str, Any]]:
    """Give every decision on an order's lines, oldest first; both sides see the whole history."""
    row = find_order(unit, actor, order)
    chosen = select(approvals).where(approvals.c.order == row.id).order_by(approvals.c.decided_at, approvals.c.id)
    return [
        {
            "line": one.line,
            "decision": one.decision,
            "hash": one.hash,
            "actor": one.actor,
            "channel": one.channel,
            "decided_at": one.decided_at.isoformat(),
        }
        for one in unit.connection.execute(chosen)
    ]


def approve(unit: UnitOfWork, actor: Actor, order: str, lines: Sequence[str], decision: str) -> None:
    """Approve or decline single lines; the parts of a declined line are free again at once.

    When nothing is left to do and work has not begun, the visit is over and everything is released.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.APPROVE, owner=row.organisation)
    if row.state not in DECIDABLE:
        raise Conflict(f"the repair order is {row.state}; its lines are decided", state=row.state)
    if decision not in {APPROVED, DECLINED}:
        raise Invalid("a decision is approved or declined")
    every = {line.id: line for line in lines_of(unit, [row.estimate])[row.estimate]}
    if unknown := sorted(set(lines) - set(every)):
        raise NotFound(f"this repair order has no line {', '.join(unknown)}")
    before = standing(unit, every.values())
    for key in dict.fromkeys(lines):
        if before[key] != decision:
            record(unit, row.id, every[key], decision, actor, "app")
            _follow_with_parts(unit, case.id, every[key], before[key], decision)
    tell(unit, case.id, "lines_decided", actor.account, repair_order=row.id, lines=list(lines), decision=decision)
    after = standing(unit, every.values()).values()
    if row.state in CANCELLABLE and all(one == DECLINED for one in after):
        _close(unit, case, row, actor)


def _follow_with_parts(unit: UnitOfWork, case: str, line: Line, before: str, decision: str) -> None:
    """Keep what is held for the case in step: a declined part is freed, one approved after all is held again."""
    if line.part is None:
        return
    pieces = line.hundredths // 100
    if decision == DECLINED:
        change_holding(unit, case, (line.part, line.part_location), -pieces)
    elif before == DECLINED:
        change_holding(unit, case, (line.part, line.part_location), pieces)


def _close(unit: UnitOfWork, case: Row[Any], order: Row[Any], actor: Actor) -> None:
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    if visit.state == AppointmentState.CONFIRMED:
        change_appointment(unit, visit.id, state=AppointmentState.DECLINED.value)
    release_visit(unit, visit, actor.account)
    move_case(unit, case, CaseState.DECLINED)
    tell(unit, case.id, "case_declined", actor.account, appointment=visit.id)
