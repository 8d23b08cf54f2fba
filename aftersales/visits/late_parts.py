"""A part that comes later than a visit: another time is held beside it by itself, and both sides are told.

The owner accepts it, or keeps his time (`alternatives.py`). Each new date of a part is told once.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select

from aftersales.cases import AppointmentState, Wish
from aftersales.moves import DESK, change_appointment, tell
from aftersales.scope import lock_visit
from aftersales.tables import appointments
from aftersales.telling.messages import desk_people, notify, owners_of, place_and_time
from aftersales.telling.notices import Words
from aftersales.visits.alternatives import hold_alternative, withdraw_alternative
from aftersales.visits.holds import DESK_HOLD, LEAD, live_appointment, locked_cases
from aftersales.visits.occupancy import SlotTaken, attempt
from aftersales.visits.parts_choice import opening_on
from aftersales.visits.slot_search import same_again
from aftersales.visits.slots import free_slots
from aftersales.workshop.workshops import Workshop, load_workshop
from foundation.database import UnitOfWork
from parts_catalog.stock import late_holds

TRIES = 5  # each that fails means that somebody else has just taken the time


def offer_later_times(unit: UnitOfWork) -> int:
    """Look at every visit whose held parts come later than promised; gives the number that were told of."""
    told = 0
    late = late_holds(unit)
    for case in locked_cases(unit, list(late)) if late else ():
        visit = live_appointment(unit, case.id)
        if visit is None or visit.state == AppointmentState.ARRIVED:
            continue
        workshop = load_workshop(unit, visit.workshop)
        ready = opening_on(workshop, late[case.id])
        if ready > visit.during.lower and visit.parts_ready_at != ready:
            change_appointment(unit, visit.id, parts_ready_at=ready)
            withdraw_alternative(unit, visit.id)  # such as an earlier time from the waitlist
            tell(unit, case.id, "part_late", DESK, appointment=visit.id, expected=late[case.id].isoformat())
            _offer(unit, workshop, lock_visit(unit, visit.id), late[case.id])
            told += 1
        elif ready <= visit.during.lower and _is_late(visit):
            _in_time(unit, workshop, visit, ready)
    _note_arrived(unit, late)
    return told


def _note_arrived(unit: UnitOfWork, late: Collection[str]) -> None:
    """Look at the visits that were told to be late: their pieces may have come."""
    told = select(appointments.c.case).where(
        appointments.c.state.in_([AppointmentState.HELD, AppointmentState.CONFIRMED]),
        appointments.c.replaces.is_(None),
        appointments.c.parts_ready_at > func.lower(appointments.c.during),
        appointments.c.case.not_in(late),
    )
    for case in locked_cases(unit, list(unit.connection.execute(told).scalars())):
        visit = live_appointment(unit, case.id)
        if visit is not None and visit.state != AppointmentState.ARRIVED and _is_late(visit):
            _in_time(unit, load_workshop(unit, visit.workshop), visit, unit.now())


def _is_late(visit: Row[Any]) -> bool:
    return visit.parts_ready_at is not None and visit.parts_ready_at > visit.during.lower


def _in_time(unit: UnitOfWork, workshop: Workshop, visit: Row[Any], ready: datetime) -> None:
    change_appointment(unit, visit.id, parts_ready_at=min(ready, visit.during.lower))
    withdraw_alternative(unit, visit.id)
    fields = place_and_time(workshop, when=visit.during.lower)
    cause = f"{visit.id} {visit.parts_ready_at.isoformat()}"
    notify(unit, owners_of(unit, visit), "part_in_time", cause, visit.case, **fields)


def _offer(unit: UnitOfWork, workshop: Workshop, visit: Row[Any], day: date) -> None:
    written = f"{day.month}月{day.day}日"
    fields = place_and_time(workshop, old=visit.during.lower) | {"day": Words(day.isoformat(), written)}
    cause = f"{visit.id} {day.isoformat()}"
    held = _hold(unit, workshop, visit)
    if held is None:
        notify(unit, owners_of(unit, visit), "part_late_no_time", cause, visit.case, **fields)
    else:
        row = unit.connection.execute(select(appointments).where(appointments.c.id == held)).one()
        instead = place_and_time(workshop, when=row.during.lower, until=row.expires_at)
        notify(unit, owners_of(unit, visit), "part_late", cause, visit.case, **(fields | instead))
    notify(unit, desk_people(unit, workshop), "visit_at_risk", cause, visit.case, **fields)


def _hold(unit: UnitOfWork, workshop: Workshop, visit: Row[Any]) -> str | None:
    # The visit keeps its bay and technician meanwhile: they are not free for the other time.
    ready = {workshop.id: visit.parts_ready_at}
    again = same_again(visit, Wish.REPAIR, unit.now() + LEAD)
    wanted = replace(again, parts_ready=ready, apart_from_case=None)
    for _ in range(TRIES):
        slot = next(iter(free_slots(unit, [workshop], wanted, limit=1)), None)
        if slot is None:
            return None
        try:
            return attempt(unit, lambda: hold_alternative(unit, visit, slot, DESK_HOLD))  # noqa: B023 - called at once
        except SlotTaken:
            continue
    raise SlotTaken("every later time was taken while it was being held; the next sweep tries again")
