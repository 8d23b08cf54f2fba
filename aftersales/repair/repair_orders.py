"""The workshop's moves on a repair order: the steps of `cases.py`, each behind the guards of its row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import STEPS, AppointmentState, CaseState, HoldReason, RepairOrderState, Step, move_of
from aftersales.moves import move_appointment, move_case, tell
from aftersales.permissions import Act, require
from aftersales.repair.clock import stop_all
from aftersales.repair.guards import why_blocked
from aftersales.repair.inspections import reopen_final
from aftersales.repair.line_changes import note_issued
from aftersales.repair.progress import StepBlocked, advance
from aftersales.scope import lock_order
from aftersales.settlement.releasing import end_fee
from aftersales.tables import appointments
from aftersales.telling.reminders import drop_reminders
from aftersales.views import get_repair_order
from aftersales.visits.alternatives import withdraw_alternative
from aftersales.visits.release import release_visit
from aftersales.visits.waitlist import end_wait
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid
from parts_catalog import stock

__all__ = ["MAXIMUM_KM", "NOTHING", "Said", "StepBlocked", "take_step"]

MAXIMUM_KM = 5_000_000
FEE_OUTCOMES = ("settled", "waived")
ANNOUNCING = frozenset({"inspect", "ask_approval"})  # the steps before the owner decides


@dataclass(frozen=True, slots=True)
class Said:
    """What is said with a step beyond its note. `inspection_fee` is net, in minor units of the workshop's currency."""

    mileage_km: int | None = None
    reason: HoldReason | None = None
    fee: str | None = None  # of a declined repair: settled or waived
    inspection_fee: int | None = None


NOTHING = Said()


def take_step(
    unit: UnitOfWork,
    actor: Actor,
    order: str,
    step: str,
    note: str | None = None,
    mileage_km: int | None = None,
    said: Said = NOTHING,
) -> dict[str, Any]:
    """Move a repair order by one step and tell its owner; gives the order as it is then.

    Raises `Invalid` for an unknown step or when what the step needs is missing, `StepBlocked` when the order's state or
    a guard of the step forbids it.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.TAKE_STEP, owner=row.organisation, workshop=row.workshop_organisation)
    if step not in STEPS:
        raise Invalid(f"{step!r} is no step; the steps are {', '.join(STEPS)}", why="no_step", steps=list(STEPS))
    if mileage_km is not None:
        said = Said(mileage_km, said.reason, said.fee, said.inspection_fee)
    _check_needs(STEPS[step], note, said)
    move = move_of(row.state, step)
    if move is None:
        raise StepBlocked(
            f"{step} is not possible while the repair order is {row.state}",
            why="step_not_now",
            told={"step": step},
            state=row.state,
        )
    if blocked := why_blocked(unit, row, move):
        raise blocked
    values = _EFFECTS[step](unit, Taken(case, row, actor, said)) if step in _EFFECTS else {}
    state = move.target or RepairOrderState(row.state)
    advance(unit, row, state, step, actor.account, (note or "").strip() or None, **values)
    if state is RepairOrderState.CLOSED_DECLINED:
        _let_go(unit, case, row, actor)
    return get_repair_order(unit, actor, order)


def _check_needs(step: Step, note: str | None, said: Said) -> None:
    given: Mapping[str, Any] = {
        "note": (note or "").strip() or None,
        "mileage_km": said.mileage_km,
        "reason": said.reason,
        "fee": said.fee,
    }
    if lacking := [name for name in step.needs if given[name] is None]:
        raise Invalid(
            f"{step.name} needs {', '.join(lacking)}",
            why="step_needs",
            told={"step": step.name, "lacking": lacking},
            needs=list(step.needs),
        )
    if said.mileage_km is not None and not 0 <= said.mileage_km <= MAXIMUM_KM:
        raise Invalid(f"{said.mileage_km} km is no mileage of a car", why="no_mileage")
    if said.mileage_km is not None and "mileage_km" not in step.needs:
        raise Invalid(f"the mileage is taken at check-in, not at {step.name}", why="mileage_at_check_in")
    for name in ("reason", "fee"):
        if given[name] is not None and name not in step.needs:
            raise Invalid(f"{step.name} takes no {name}", why="step_takes_none", told={"step": step.name})
    if said.fee is not None and said.fee not in FEE_OUTCOMES:
        raise Invalid("an inspection fee is settled or waived", why="fee_settled_or_waived")
    if said.inspection_fee is not None and step.name not in ANNOUNCING:
        raise Invalid(
            f"an inspection fee is announced before the owner decides, not at {step.name}", why="fee_before_decision"
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A step as it is taken: by whom, of what, and what was said with it."""

    case: Row[Any]
    order: Row[Any]
    actor: Actor
    said: Said


def _check_in(unit: UnitOfWork, taken: Taken) -> dict[str, Any]:
    order, actor = taken.order, taken.actor
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    move_appointment(unit, visit, AppointmentState.ARRIVED)
    move_case(unit, taken.case, CaseState.IN_REPAIR)
    withdraw_alternative(unit, visit.id)
    drop_reminders(unit, visit.id)
    end_wait(unit, taken.case.id)
    tell(unit, taken.case.id, "car_arrived", actor.account, appointment=visit.id, repair_order=order.id)
    return {"mileage_km": taken.said.mileage_km}


def _announce(_: UnitOfWork, taken: Taken) -> dict[str, Any]:
    if taken.said.inspection_fee is None:
        return {}
    if taken.order.inspection_fee not in (None, taken.said.inspection_fee):
        raise Conflict(
            "an inspection fee was announced already; it is not changed behind the owner's back", why="fee_announced"
        )
    return {"inspection_fee": taken.said.inspection_fee}


def _issue(unit: UnitOfWork, taken: Taken) -> dict[str, Any]:
    stock.issue(unit, taken.case.id, account=taken.actor.account)
    note_issued(unit, taken.order)
    return {"parts_issued_at": unit.now()}


def _hold(unit: UnitOfWork, taken: Taken) -> dict[str, Any]:
    stop_all(unit, taken.order.id)
    return {"hold_reason": taken.said.reason}


def _stop_clocks(unit: UnitOfWork, taken: Taken) -> dict[str, Any]:
    stop_all(unit, taken.order.id)
    return {}


def _rework(unit: UnitOfWork, taken: Taken) -> dict[str, Any]:
    stop_all(unit, taken.order.id)
    reopen_final(unit, taken.order.id)
    return {"reworks": taken.order.reworks + 1}


def _fee(unit: UnitOfWork, taken: Taken) -> dict[str, Any]:
    end_fee(unit, taken.order, taken.said.fee or "")
    stop_all(unit, taken.order.id)
    return {"fee_outcome": taken.said.fee}


def _let_go(unit: UnitOfWork, case: Row[Any], order: Row[Any], actor: Actor) -> None:
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    release_visit(unit, visit, actor.account)
    move_case(unit, case, CaseState.DECLINED)
    tell(unit, case.id, "case_declined", actor.account, appointment=visit.id)


Effect = Callable[[UnitOfWork, Taken], dict[str, Any]]
_EFFECTS: Mapping[str, Effect] = {
    "check_in": _check_in,
    "inspect": _announce,
    "ask_approval": _announce,
    "issue_parts": _issue,
    "hold": _hold,
    "quality_check": _stop_clocks,
    "complete": _stop_clocks,
    "rework": _rework,
    "close_declined": _fee,
}
