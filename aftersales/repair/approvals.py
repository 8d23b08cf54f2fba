"""The owner's yes and no on single lines: what it does to the parts, to the order, and to the visit."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import AppointmentState, CaseState, RepairOrderState, move_of
from aftersales.estimates import Line, lines_of
from aftersales.moves import change_appointment, move_case, tell
from aftersales.permissions import Act, require
from aftersales.repair.clock import stop_all
from aftersales.repair.decisions import (
    APPROVED,
    AWAITING,
    DECLINED,
    RETURNED,
    TAKEN_DOWN,
    Heard,
    Way,
    list_approvals,
    record,
    standing,
)
from aftersales.repair.guards import why_blocked
from aftersales.repair.progress import StepBlocked, advance
from aftersales.scope import lock_order
from aftersales.tables import appointments, order_photos, repair_orders
from aftersales.visits.holdings import change_holding
from aftersales.visits.release import CANCELLABLE, release_visit
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Forbidden, Invalid, NotFound

__all__ = ["DECIDABLE", "approve", "end_if_nothing_is_left", "list_approvals"]

DECIDABLE = frozenset(
    {
        RepairOrderState.EXPECTED,
        RepairOrderState.OPEN,
        RepairOrderState.INSPECTED,
        RepairOrderState.AWAITING_APPROVAL,
        RepairOrderState.DECLINED,
        RepairOrderState.PARTS_PENDING,
        RepairOrderState.IN_PROGRESS,
        RepairOrderState.ON_HOLD,
        RepairOrderState.REWORK,
    }
)
OWN = Heard()


class DecidedMeanwhile(Conflict):
    """Somebody has decided on a line since it was shown; by a link that is not undone. `lines` are those."""

    code = "line_decided"


class ShownOtherwise(Conflict):
    """A line has changed since the owner was shown it: `lines` are those; nothing was decided."""

    code = "line_changed"


def approve(
    unit: UnitOfWork,
    actor: Actor,
    order: str,
    lines: Sequence[str],
    decision: str,
    heard: Heard = OWN,
    shown: Mapping[str, str] | None = None,
) -> None:
    """Approve or decline single lines; the parts of a declined line are free again at once.

    What the owner says at the counter or on the telephone is written down by the workshop's desk, with who gave it.
    By a link one decides on what waits, and takes nothing back: two people may have come by the same one.
    `shown` are the hashes of the lines as he saw them: one that has changed meanwhile is refused. When nothing is left
    to do and work has not begun, the visit is over and everything is released; later, the order is declined.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.APPROVE, owner=row.organisation)
    _check_way(actor, row, heard)
    if row.state not in DECIDABLE:
        raise Conflict(
            f"the repair order is {row.state}; its lines are decided", why="lines_are_decided", state=row.state
        )
    if decision not in {APPROVED, DECLINED}:
        raise Invalid("a decision is approved or declined", why="yes_or_no")
    every = {line.id: line for line in lines_of(unit, [row.estimate])[row.estimate]}
    if unknown := sorted(set(lines) - set(every)):
        raise NotFound(f"this repair order has no line {', '.join(unknown)}")
    _check_signature(unit, row, heard)
    seen = shown or {}
    if changed := sorted(key for key in set(lines) & set(seen) if seen[key] != every[key].hash):
        raise ShownOtherwise("a line has changed since it was shown; please look again", lines=changed)
    before = standing(unit, every.values())
    if actor.only is not None and (late := [key for key in lines if before[key] not in {AWAITING, decision}]):
        raise DecidedMeanwhile("this line has been decided on meanwhile", lines=late)
    for key in dict.fromkeys(lines):
        if before[key] == RETURNED:
            raise Conflict(
                "every piece of this line went back; there is nothing to decide", why="line_gone_back", line=key
            )
        if before[key] != decision:
            record(unit, row.id, every[key], decision, actor, heard)
            _follow_with_parts(unit, case.id, every[key], before[key], decision)
    tell(unit, case.id, "lines_decided", actor.account, repair_order=row.id, lines=list(lines), decision=decision)
    if row.state == RepairOrderState.DECLINED and decision == APPROVED:
        _reconsider(unit, row, actor)
    else:
        end_if_nothing_is_left(unit, (case, row), actor)


def end_if_nothing_is_left(unit: UnitOfWork, held: tuple[Row[Any], Row[Any]], actor: Actor) -> None:
    """End what has no line left to do: before work the visit is over, later the order is declined and to be closed."""
    case, row = held
    after = set(standing(unit, lines_of(unit, [row.estimate])[row.estimate]).values())
    if after & {APPROVED, AWAITING}:
        return
    if row.state in CANCELLABLE:
        _close(unit, case, row, actor)
    elif move_of(row.state, "decline") is not None:
        stop_all(unit, row.id)
        advance(unit, row, RepairOrderState.DECLINED, "decline", actor.account)


def _check_way(actor: Actor, order: Row[Any], heard: Heard) -> None:
    if (actor.only is not None) != (heard.way is Way.LINK):
        raise Invalid(
            "what is decided by a link comes from who holds it, and from nobody else", why="link_decides_itself"
        )
    if actor.organisation == order.organisation:
        if heard.way in TAKEN_DOWN or heard.given_by is not None:
            raise Invalid(
                "what is said at the counter or on the telephone is written down by the workshop",
                why="workshop_writes_down",
            )
        return
    if actor.organisation != order.workshop_organisation:
        raise Forbidden("this is for the owner to decide")
    if heard.way not in TAKEN_DOWN or not (heard.given_by or "").strip():
        raise Invalid("say how the owner told you, counter or telephone, and who it was", why="heard_how")


def _check_signature(unit: UnitOfWork, order: Row[Any], heard: Heard) -> None:
    photos = order_photos.c
    mine = select(photos.id).where(photos.order == order.id, photos.sha256 == heard.signature)
    if heard.signature is not None and unit.connection.execute(mine).one_or_none() is None:
        raise NotFound("this repair order has no photo of that signature")


def _reconsider(unit: UnitOfWork, order: Row[Any], actor: Actor) -> None:
    row = unit.connection.execute(select(repair_orders).where(repair_orders.c.id == order.id)).one()
    move = move_of(row.state, "reconsider")
    if move is None:
        raise StepBlocked("it is over", why="order_over", state=row.state)
    if blocked := why_blocked(unit, row, move):
        raise blocked
    advance(unit, row, RepairOrderState.AWAITING_APPROVAL, "reconsider", actor.account)


def _follow_with_parts(unit: UnitOfWork, case: str, line: Line, before: str, decision: str) -> None:
    """Keep what is held for the case in step: a declined part is freed, one approved after all is held again."""
    if line.part is None:
        return
    pieces = line.hundredths // 100
    if decision == DECLINED:
        if line.issued:
            raise Conflict("this part has been handed out already", why="part_handed_out")
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
