"""Cars that do not come: said by the workshop, or found by the sweep after the start; everything is released."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select

from aftersales.cases import AppointmentState, CaseState
from aftersales.moves import DESK, move_appointment, move_case, tell
from aftersales.permissions import Act, require
from aftersales.scope import lock_appointment
from aftersales.tables import appointments
from aftersales.telling.messages import notify, owners_of, place_and_time
from aftersales.views import get_appointment
from aftersales.visits.holds import locked_cases
from aftersales.visits.reasons import reason
from aftersales.visits.release import release_visit
from aftersales.visits.waitlist import end_wait
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict

GRACE = timedelta(hours=1)  # after the start; a car that comes later still can be booked anew
BATCH = 200


def say_no_show(unit: UnitOfWork, actor: Actor, appointment: str) -> dict[str, Any]:
    """Note that the car did not come. Again is no harm. Raises `Conflict` before the visit's start."""
    case, row = lock_appointment(unit, actor, appointment)
    require(actor, Act.SAY_NO_SHOW, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state == AppointmentState.NO_SHOW:
        return get_appointment(unit, actor, appointment)
    if unit.now() < row.during.lower:
        raise Conflict("the visit has not begun yet", why="visit_not_begun", start=row.during.lower.isoformat())
    _release(unit, case, row, actor.account)
    return get_appointment(unit, actor, appointment)


def sweep_no_shows(unit: UnitOfWork) -> int:
    """Give back every confirmed visit whose car has not been checked in in time; gives their number."""
    late = (
        appointments.c.state == AppointmentState.CONFIRMED,
        func.lower(appointments.c.during) <= unit.now() - GRACE,
    )
    due = select(appointments.c.case).where(*late).order_by(func.lower(appointments.c.during)).limit(BATCH)
    released = 0
    for case in locked_cases(unit, list(unit.connection.execute(due).scalars())):
        # Looked for again under the lock: the car may have come meanwhile.
        visit = unit.connection.execute(select(appointments).where(appointments.c.case == case.id, *late)).one_or_none()
        if visit is not None:
            _release(unit, case, visit, DESK)
            released += 1
    return released


def _release(unit: UnitOfWork, case: Row[Any], visit: Row[Any], actor: str) -> None:
    move_appointment(unit, visit, AppointmentState.NO_SHOW, sequence=visit.sequence + 1)
    release_visit(unit, visit, actor)
    end_wait(unit, case.id)
    move_case(unit, case, CaseState.OPEN, reasons=[reason("no_show")])
    tell(unit, case.id, "no_show", actor, appointment=visit.id)
    workshop = load_workshop(unit, visit.workshop)
    fields = place_and_time(workshop, when=visit.during.lower)
    notify(unit, owners_of(unit, visit), "no_show", visit.id, case.id, **fields)
