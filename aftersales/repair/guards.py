"""What must be true before a move of a repair order: one question per guard of `cases.py`, the refusal it gives."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import LETS_GO, STEPS, Guard, HoldReason, Move, move_of
from aftersales.estimates import Line, lines_of
from aftersales.repair.decisions import APPROVED, AWAITING, standing
from aftersales.repair.inspections import Stage, why_not_passed, why_not_through
from aftersales.repair.progress import StepBlocked
from aftersales.tables import appointments, bills
from foundation.database import UnitOfWork
from parts_catalog import stock

Question = Callable[[UnitOfWork, Row[Any]], StepBlocked | None]


def why_blocked(unit: UnitOfWork, order: Row[Any], move: Move) -> StepBlocked | None:
    """Give why the order cannot make this move now although its state allows it; None: it can."""
    refusals = (QUESTIONS[guard](unit, order) for guard in move.guards)
    return next((refusal for refusal in refusals if refusal), None)


def next_steps(unit: UnitOfWork, order: Row[Any]) -> list[dict[str, Any]]:
    """Give the steps that can be taken now, with what each needs."""
    possible = []
    for step in STEPS.values():
        move = move_of(order.state, step.name)
        if move is not None and why_blocked(unit, order, move) is None:
            possible.append({"step": step.name, "en": step.en, "zh": step.zh, "needs": list(step.needs)})
    return possible


def _something_approved(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    found = APPROVED in _standings(unit, order).values()
    detail = "work starts on approved lines only, and no line is approved"
    return None if found else StepBlocked(detail, why="nothing_approved", state=order.state)


def _something_awaits(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    waiting = AWAITING in _standings(unit, order).values()
    return None if waiting else StepBlocked("no line waits for the owner", why="nothing_awaits", state=order.state)


def _nothing_awaits(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    waiting = AWAITING in _standings(unit, order).values()
    detail = "the owner has not decided on every line yet"
    return StepBlocked(detail, why="lines_undecided", state=order.state) if waiting else None


def _technician_assigned(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    of = appointments.c
    who = unit.connection.execute(select(of.technician).where(of.id == order.appointment)).scalar_one()
    return None if who else StepBlocked("no technician is assigned", why="no_technician", state=order.state)


def _parts_to_issue(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    if stock.waiting(unit, order.case):
        return StepBlocked("some of the parts have not come yet", why="parts_to_come", state=order.state)
    held = stock.held(unit, order.case)
    return (
        None if held else StepBlocked("no parts are held for this repair order", why="no_parts_held", state=order.state)
    )


def _parts_decided(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    decided = _standings(unit, order)
    waiting = any(line.part is not None and decided[line.id] == AWAITING for line in _lines(unit, order))
    detail = "the owner has not decided on every part yet"
    return StepBlocked(detail, why="parts_undecided", state=order.state) if waiting else None


def _parts_promised(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    decided = _standings(unit, order)
    promised: dict[str, int] = {}
    pieces = [(one.part, one.quantity) for one in stock.held(unit, order.case)]
    pieces += [(one.part, one.quantity) for one in stock.waiting(unit, order.case)]
    for part, quantity in pieces:
        promised[part] = promised.get(part, 0) + quantity
    for line in _lines(unit, order):
        if line.part is not None and decided[line.id] == APPROVED:
            promised[line.part] = promised.get(line.part, 0) - (line.hundredths // 100 - line.issued)
    lacking = sorted(part for part, left in promised.items() if left < 0)
    detail = f"neither held nor awaited: {', '.join(lacking)}"
    return (
        StepBlocked(detail, why="parts_not_promised", told={"parts": lacking}, state=order.state) if lacking else None
    )


def _parts_issued(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    waits = stock.held(unit, order.case) or stock.waiting(unit, order.case)
    detail = "the parts of the estimate have not been handed out"
    return StepBlocked(detail, why="parts_not_issued", state=order.state) if waits else None


def _wait_over(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    if order.hold_reason == HoldReason.PARTS:
        waiting = stock.waiting(unit, order.case)
        return (
            StepBlocked("some of the parts have not come yet", why="parts_to_come", state=order.state)
            if waiting
            else None
        )
    return _nothing_awaits(unit, order)


def _lines(unit: UnitOfWork, order: Row[Any]) -> list[Line]:
    return lines_of(unit, [order.estimate])[order.estimate]


def _standings(unit: UnitOfWork, order: Row[Any]) -> dict[str, str]:
    return standing(unit, _lines(unit, order))


def _check_in_looked_through(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    return why_not_through(unit, order, Stage.CHECK_IN)


def _no_sheet(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    detail = "the inspection fee is settled; the order can only be closed"
    return None if _bill(unit, order) is None else StepBlocked(detail, why="fee_settled", state=order.state)


def _bill_settled(unit: UnitOfWork, order: Row[Any]) -> StepBlocked | None:
    paid = _bill(unit, order) in LETS_GO
    return None if paid else StepBlocked("the bill is not paid", why="bill_not_paid", state=order.state)


def _bill(unit: UnitOfWork, order: Row[Any]) -> str | None:
    return unit.connection.execute(select(bills.c.state).where(bills.c.order == order.id)).scalar_one_or_none()


QUESTIONS: Mapping[Guard, Question] = {
    Guard.CHECK_IN_LOOKED_THROUGH: _check_in_looked_through,
    Guard.SOMETHING_AWAITS: _something_awaits,
    Guard.NOTHING_AWAITS: _nothing_awaits,
    Guard.SOMETHING_APPROVED: _something_approved,
    Guard.TECHNICIAN_ASSIGNED: _technician_assigned,
    Guard.PARTS_TO_ISSUE: _parts_to_issue,
    Guard.PARTS_DECIDED: _parts_decided,
    Guard.PARTS_PROMISED: _parts_promised,
    Guard.PARTS_ISSUED: _parts_issued,
    Guard.WAIT_OVER: _wait_over,
    Guard.FINAL_CHECK_PASSED: why_not_passed,
    Guard.NO_SHEET: _no_sheet,
    Guard.BILL_SETTLED: _bill_settled,
}
