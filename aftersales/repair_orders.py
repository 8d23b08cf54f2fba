"""The workshop's moves on a repair order: the steps of `cases.py`, each behind its guard."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row, select

from aftersales.alternatives import withdraw_alternative
from aftersales.cases import STEPS, AppointmentState, CaseState, RepairOrderState, Step
from aftersales.guards import why_blocked
from aftersales.moves import move_appointment, move_case, tell
from aftersales.permissions import Act, require
from aftersales.progress import advance
from aftersales.reminders import drop_reminders
from aftersales.scope import lock_order
from aftersales.tables import appointments
from aftersales.views import get_repair_order
from aftersales.waitlist import end_wait
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid
from parts_catalog import stock

MAXIMUM_KM = 5_000_000


class StepBlocked(Conflict):
    """The step is not possible in this state, or its guard is not met."""

    code = "step_blocked"


def take_step(
    unit: UnitOfWork, actor: Actor, order: str, step: str, note: str | None = None, mileage_km: int | None = None
) -> dict[str, Any]:
    """Move a repair order by one step and tell its owner; gives the order as it is then.

    Raises `Invalid` for an unknown step or when a note or mileage that the step needs is missing, `StepBlocked` when
    the order's state or the step's guard forbids it.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.TAKE_STEP, owner=row.organisation, workshop=row.workshop_organisation)
    if step not in STEPS:
        raise Invalid(f"{step!r} is no step; the steps are {', '.join(STEPS)}", steps=list(STEPS))
    move = STEPS[step]
    _check_needs(move, note, mileage_km)
    if row.state not in move.sources:
        raise StepBlocked(f"{step} is not possible while the repair order is {row.state}", state=row.state)
    if blocked := why_blocked(unit, row, move):
        raise StepBlocked(blocked, state=row.state)
    values = _EFFECTS[step](unit, (case, row), actor, mileage_km) if step in _EFFECTS else {}
    state = move.target or RepairOrderState(row.state)
    advance(unit, row, state, step, actor.account, (note or "").strip() or None, **values)
    return get_repair_order(unit, actor, order)


def _check_needs(move: Step, note: str | None, mileage_km: int | None) -> None:
    given = {"note": bool((note or "").strip()), "mileage_km": mileage_km is not None}
    if lacking := [name for name in move.needs if not given[name]]:
        raise Invalid(f"{move.name} needs {', '.join(lacking)}", needs=list(move.needs))
    if mileage_km is not None and not 0 <= mileage_km <= MAXIMUM_KM:
        raise Invalid(f"{mileage_km} km is no mileage of a car")
    if mileage_km is not None and "mileage_km" not in move.needs:
        raise Invalid(f"the mileage is taken at check-in, not at {move.name}")


def _check_in(
    unit: UnitOfWork, held: tuple[Row[Any], Row[Any]], actor: Actor, mileage_km: int | None
) -> dict[str, Any]:
    case, order = held
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    move_appointment(unit, visit, AppointmentState.ARRIVED)
    move_case(unit, case, CaseState.IN_REPAIR)
    withdraw_alternative(unit, visit.id)
    drop_reminders(unit, visit.id)
    end_wait(unit, case.id)
    tell(unit, case.id, "car_arrived", actor.account, appointment=visit.id, repair_order=order.id)
    return {"mileage_km": mileage_km}


def _issue(unit: UnitOfWork, held: tuple[Row[Any], Row[Any]], actor: Actor, _: int | None) -> dict[str, Any]:
    del actor
    case, _order = held
    stock.issue(unit, case.id)
    return {"parts_issued_at": unit.now()}


def _rework(unit: UnitOfWork, held: tuple[Row[Any], Row[Any]], actor: Actor, _: int | None) -> dict[str, Any]:
    del unit, actor
    return {"reworks": held[1].reworks + 1}


Effect = Callable[[UnitOfWork, tuple[Row[Any], Row[Any]], Actor, int | None], dict[str, Any]]
_EFFECTS: Mapping[str, Effect] = {"check_in": _check_in, "issue_parts": _issue, "rework": _rework}
