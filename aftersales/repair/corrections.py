"""What the technician found: the condition, its cause, what corrected it, and how that was confirmed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select, update

from aftersales.cases import RepairOrderState
from aftersales.estimates import lines_of
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import find_order, lock_order
from aftersales.tables import repair_findings
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound

OPEN_FOR_FINDINGS = frozenset(RepairOrderState) - {
    RepairOrderState.EXPECTED,
    RepairOrderState.CANCELLED,
    RepairOrderState.CLOSED_DECLINED,
    RepairOrderState.SETTLED,
    RepairOrderState.RELEASED,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One finding; None: not known yet. `line` is the estimate's line that corrects it."""

    condition: str | None = None
    cause: str | None = None
    correction: str | None = None
    confirmation: str | None = None
    line: str | None = None


PARTS = ("condition", "cause", "correction", "confirmation", "line")


def add_fault(unit: UnitOfWork, actor: Actor, order: str, fault: Fault) -> dict[str, Any]:
    """Write down what was found; gives it. Its condition is what one sees, before anybody knows the cause."""
    case, row = _open(unit, actor, order)
    said = _said(unit, row, fault)
    if not said.get("condition"):
        raise Invalid("a finding begins with its condition", why="condition_first")
    last = select(func.coalesce(func.max(repair_findings.c.number), 0)).where(repair_findings.c.order == row.id)
    number = unit.connection.execute(last).scalar_one() + 1
    unit.connection.execute(
        repair_findings.insert().values(
            order=row.id,
            number=number,
            organisation=row.organisation,
            found_by=actor.account,
            found_at=unit.now(),
            changed_at=unit.now(),
            **said,
        )
    )
    tell(unit, case.id, "fault_found", actor.account, repair_order=row.id, number=number)
    return _view(_get(unit, row, number))


def change_fault(unit: UnitOfWork, actor: Actor, order: str, number: int, fault: Fault) -> dict[str, Any]:
    """Say more of a finding as the work goes on; what is not said stays."""
    _, row = _open(unit, actor, order)
    _get(unit, row, number)
    here = repair_findings.c.order == row.id, repair_findings.c.number == number
    said = _said(unit, row, fault)
    unit.connection.execute(update(repair_findings).where(*here).values(**said, changed_at=unit.now()))
    return _view(_get(unit, row, number))


def list_faults(unit: UnitOfWork, actor: Actor, order: str) -> list[dict[str, Any]]:
    """Give what was found on an order, in the order of finding."""
    row = find_order(unit, actor, order)
    chosen = select(repair_findings).where(repair_findings.c.order == row.id).order_by(repair_findings.c.number)
    return [_view(one) for one in unit.connection.execute(chosen)]


def _open(unit: UnitOfWork, actor: Actor, order: str) -> tuple[Row[Any], Row[Any]]:
    case, row = lock_order(unit, actor, order)
    require(actor, Act.FIND_FAULT, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in OPEN_FOR_FINDINGS:
        raise Conflict(
            f"the repair order is {row.state}; nothing is found on it now", why="not_found_on_now", state=row.state
        )
    return case, row


def _said(unit: UnitOfWork, order: Row[Any], fault: Fault) -> dict[str, str]:
    said = {name: getattr(fault, name).strip() for name in PARTS if (getattr(fault, name) or "").strip()}
    if "line" in said and said["line"] not in {one.id for one in lines_of(unit, [order.estimate])[order.estimate]}:
        raise NotFound(f"this repair order has no line {said['line']}")
    return said


def _get(unit: UnitOfWork, order: Row[Any], number: int) -> Row[Any]:
    here = repair_findings.c.order == order.id, repair_findings.c.number == number
    row = unit.connection.execute(select(repair_findings).where(*here)).one_or_none()
    if row is None:
        raise NotFound(f"this repair order has no finding {number}")
    return row


def _view(row: Row[Any]) -> dict[str, Any]:
    times = {name: getattr(row, name).isoformat() for name in ("found_at", "changed_at")}
    return {"number": row.number, **{name: getattr(row, name) for name in PARTS}, **times}
