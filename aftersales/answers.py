"""The owner's answer to what a case asks of his car: kept with the car, and the case goes on by itself."""

from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import CaseState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.proposing import propose
from aftersales.scope import find_case, lock_case, lock_vehicle
from aftersales.tables import cases
from aftersales.views import get_case
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid
from ingest.vehicles import VehicleRegister
from parts_catalog.fitment import answered
from parts_catalog.parts import AnswerKind


def answer(
    unit: UnitOfWork, actor: Actor, vehicles: VehicleRegister, case: str, attribute: str, value: str
) -> dict[str, Any]:
    """Take the owner's answer to a question of an open case, and propose a visit to this and every case that asked it.

    Raises `Invalid` for what was not asked and for an answer that cannot be, `Conflict` for a case that has its visit
    already or is closed.
    """
    found = find_case(unit, actor, case)
    require(actor, Act.ANSWER, owner=found.organisation)
    lock_vehicle(unit, found.vehicle)
    asking = {row.id: row for row in _asking(unit, found.vehicle, attribute)}
    if case not in asking:
        if lock_case(unit, case).state != CaseState.OPEN:
            raise Conflict("this case has its visit already, or is closed", state=found.state)
        raise Invalid(f"this case does not ask for {attribute}")
    vehicle = vehicles.get(unit, actor, found.vehicle)
    config = answered(vehicle.config, attribute, _kind(asking[case], attribute), value)
    vehicle = vehicles.configure(unit, actor, vehicle.id, config)
    for row in asking.values():
        tell(unit, row.id, "question_answered", actor.account, attribute=attribute)
        propose(unit, row, vehicle)
    return get_case(unit, actor, case)


def _asking(unit: UnitOfWork, vehicle: str, attribute: str) -> list[Row[Any]]:
    """Lock the open cases of a vehicle that ask for an attribute, in ascending order."""
    asked = cases.c.questions.contains([{"attribute": attribute}])
    mine = cases.c.vehicle == vehicle, cases.c.state == CaseState.OPEN
    return list(unit.connection.execute(select(cases).where(*mine, asked).order_by(cases.c.id).with_for_update()))


def _kind(case: Row[Any], attribute: str) -> AnswerKind:
    return AnswerKind(next(one["kind"] for one in case.questions if one["attribute"] == attribute))
