"""The owner's answer to what a case asks of his car: kept with the car, and the case goes on by itself."""

from typing import Any

from sqlalchemy import Row, select, update

from aftersales.cases import CaseState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import find_case, lock_vehicle
from aftersales.tables import cases
from aftersales.views import get_case
from aftersales.visits.occupancy import SlotTaken
from aftersales.visits.proposing import propose
from foundation.database import UnitOfWork
from foundation.identity import Actor, desk_of
from foundation.refusals import Conflict, Invalid
from ingest.vehicles import VehicleDirectory, VehicleRegister
from parts_catalog.fitment import answered
from parts_catalog.parts import AnswerKind


def answer(
    unit: UnitOfWork, actor: Actor, vehicles: VehicleRegister, case: str, attribute: str, value: str
) -> dict[str, Any]:
    """Take the owner's answer to a question of an open case, and propose a visit.

    Raises `Invalid` for what was not asked and for an answer that cannot be, `Conflict` for a case that has its visit
    already or is closed. Other open cases of the car that asked the same go on by `go_on_one`.
    """
    found = find_case(unit, actor, case)
    require(actor, Act.ANSWER, owner=found.organisation)
    lock_vehicle(unit, found.vehicle)
    asking = {row.id: row for row in _asking(unit, found.vehicle, attribute)}
    if case not in asking:
        if (state := find_case(unit, actor, case).state) != CaseState.OPEN:
            raise Conflict("this case has its visit already, or is closed", why="has_its_visit", state=state)
        raise Invalid(f"this case does not ask for {attribute}", why="not_of_this_page")
    vehicle = vehicles.get(unit, actor, found.vehicle)
    config = answered(vehicle.config, attribute, _kind(asking[case], attribute), value)
    vehicle = vehicles.configure(unit, actor, vehicle.id, config)
    unit.connection.execute(update(cases).where(cases.c.id.in_(asking)).values(questions=[], updated_at=unit.now()))
    for row in asking.values():
        tell(unit, row.id, "question_answered", actor.account, attribute=attribute)
    propose(unit, asking[case], vehicle)
    return get_case(unit, actor, case)


def go_on_one(unit: UnitOfWork, vehicles: VehicleDirectory) -> bool:
    """Plan one case anew whose question was answered with another's; call it until it gives False, in new units."""
    found = unit.connection.execute(select(cases.c.id, cases.c.vehicle).where(*_ANSWERED).limit(1)).one_or_none()
    if found is None:
        return False
    lock_vehicle(unit, found.vehicle)
    again = select(cases).where(cases.c.id == found.id, *_ANSWERED).with_for_update()
    case = unit.connection.execute(again).one_or_none()
    if case is not None:
        try:
            propose(unit, case, vehicles.get(unit, desk_of(case.organisation), case.vehicle))
        except SlotTaken:
            return False  # others are faster this very moment; the next sweep is soon
    return True


# A case that waits for an answer has a question; without one it has been answered.
_ANSWERED = (
    cases.c.state == CaseState.OPEN.value,
    cases.c.questions == [],
    cases.c.reasons.contains([{"code": "part_unclear"}]),
)


def _asking(unit: UnitOfWork, vehicle: str, attribute: str) -> list[Row[Any]]:
    """Lock the open cases of a vehicle that ask for an attribute, in ascending order."""
    asked = cases.c.questions.contains([{"attribute": attribute}])
    mine = cases.c.vehicle == vehicle, cases.c.state == CaseState.OPEN
    rows = unit.connection.execute(select(cases).where(*mine, asked).order_by(cases.c.id).with_for_update())
    return [row for row in rows if all(one.get("kind") for one in row.questions if one["attribute"] == attribute)]


def _kind(case: Row[Any], attribute: str) -> AnswerKind:
    return AnswerKind(next(one["kind"] for one in case.questions if one["attribute"] == attribute))
