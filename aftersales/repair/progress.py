"""What an owner follows live: every move of a repair order is one step on file and one event on the order's feed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import OTHER_STEPS, OVER, STEPS, RepairOrderState, move_of
from aftersales.moves import change_order
from aftersales.tables import repair_orders, repair_steps
from foundation.database import UnitOfWork, new_id
from foundation.events import append
from foundation.keys import end_links
from foundation.refusals import Conflict

STEP_WORDS: Mapping[str, tuple[str, str]] = {
    step.name: (step.en, step.zh) for step in (*STEPS.values(), *OTHER_STEPS.values())
}


class StepBlocked(Conflict):
    """The step is not possible in this state, or its guard is not met."""

    code = "step_blocked"


def create_order(unit: UnitOfWork, appointment: Row[Any]) -> str:
    """Store the repair order of a confirmed visit; the car is expected. Gives its id."""
    order = new_id("ro")
    now = unit.now()
    unit.connection.execute(
        insert(repair_orders).values(
            id=order,
            organisation=appointment.organisation,
            workshop_organisation=appointment.workshop_organisation,
            case=appointment.case,
            appointment=appointment.id,
            estimate=appointment.estimate,
            vehicle=appointment.vehicle,
            workshop=appointment.workshop,
            state=RepairOrderState.EXPECTED.value,
            reworks=0,
            created_at=now,
            updated_at=now,
        )
    )
    return order


def advance(
    unit: UnitOfWork,
    order: Row[Any],
    state: RepairOrderState,
    step: str,
    actor: str,
    note: str | None = None,
    **values: Any,
) -> None:
    """Put an order into `state` and tell of it: exactly one `progress` event, in the unit of the change.

    Raises `StepBlocked` for a move that is no row of the state machine; its guards are the caller's to ask.
    """
    move = move_of(order.state, step)
    if move is None or (move.target or order.state) != state:
        raise StepBlocked(
            f"{step} is not possible while the repair order is {order.state}",
            why="step_not_now",
            told={"step": step},
            state=order.state,
        )
    if RepairOrderState.ON_HOLD == order.state != state:
        values = {"hold_reason": None, **values}
    en, zh = STEP_WORDS[step]
    told = {"step": step, "en": en, "zh": zh, "note": note, "state": state.value}
    number = append(unit, order.id, "progress", told, actor)
    unit.connection.execute(
        repair_steps.insert().values(
            order=order.id,
            number=number,
            organisation=order.organisation,
            step=step,
            state=state.value,
            note=note,
            actor=actor,
            taken_at=unit.now(),
        )
    )
    change_order(unit, order.id, state=state.value, **values)
    if state in OVER:
        end_links(unit, order.id, actor)


def steps_of(unit: UnitOfWork, order: str) -> list[Row[Any]]:
    return list(
        unit.connection.execute(
            select(repair_steps).where(repair_steps.c.order == order).order_by(repair_steps.c.number)
        )
    )
