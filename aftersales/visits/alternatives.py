"""Another time on offer for a visit: a real hold beside it, while the visit stays as it is until its owner accepts.

    held ──accept──▶ taken        the visit has its time, bay and technician
     ├──keep──────▶ declined      the visit stays
     ├──(clock)───▶ expired       the visit stays
     └──withdraw──▶ cancelled     the visit itself was moved, given up, or has begun

Its parts are the visit's own. It lies at the same workshop.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from aftersales.cases import AppointmentState
from aftersales.moves import DESK, change_appointment, move_appointment, tell
from aftersales.tables import appointments, occupancies
from aftersales.telling.messages import desk_people, notify, owners_of, place_and_time
from aftersales.telling.reminders import remind
from aftersales.visits.holds import expiry, lock_day_of, seat, take_slot
from aftersales.visits.occupancy import vacate
from aftersales.visits.slots import Slot
from aftersales.visits.waitlist import let_lapse, note_vacancy, serve, wait_on
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from parts_catalog import stock

# What a visit gets of the time that its owner accepted.
MOVED = ("during", "bay", "technician", "loaner", "parts_ready_at", "reason_en", "reason_zh")
SHARED = ("organisation", "case", "vehicle", "workshop", "workshop_organisation", "estimate")
ASKED = ("minutes", "before_min", "after_min", "skills", "equipment", "parts_ready_at")


def hold_alternative(unit: UnitOfWork, visit: Row[Any], slot: Slot, life: timedelta, wait: str | None = None) -> str:
    """Hold a slot beside a visit; gives the offer's id. Call it within `attempt`. The case must be locked."""
    now = unit.now()
    # The order of locks is that of every booking: the case, its days, the stock.
    lock_day_of(unit, slot.workshop, slot.span)
    alternative = new_id("apt")
    unit.connection.execute(
        appointments.insert().values(
            {name: getattr(visit, name) for name in (*SHARED, *ASKED)}
            | seat(slot)
            | {
                "id": alternative,
                "state": AppointmentState.HELD.value,
                "booked_by": DESK,
                "expires_at": expiry(now, life, min(slot.start, visit.during.lower)),
                "sequence": 0,
                "replaces": visit.id,
                "wait": wait,
                "created_at": now,
                "updated_at": now,
            }
        )
    )
    take_slot(unit, alternative, slot)
    told = {"appointment": visit.id, "offer": alternative, "start": slot.start.isoformat()}
    tell(unit, visit.case, "appointment_offered", DESK, **told)
    return alternative


def open_alternative(unit: UnitOfWork, visit: str) -> Row[Any] | None:
    """Give what is on offer for a visit, its time not being over."""
    return unit.connection.execute(
        select(appointments).where(
            appointments.c.replaces == visit,
            appointments.c.state == AppointmentState.HELD,
            appointments.c.expires_at > unit.now(),
        )
    ).one_or_none()


def accept(unit: UnitOfWork, actor: Actor, visit: Row[Any], alternative: Row[Any]) -> None:
    """Move a visit to the time on offer: one step, with the parts and approvals it has. All its days must be locked."""
    vacate(unit, visit.id)
    unit.connection.execute(
        update(occupancies)
        .where(occupancies.c.appointment == alternative.id, occupancies.c.active)
        .values(appointment=visit.id)
    )
    move_appointment(unit, alternative, AppointmentState.TAKEN)
    start = alternative.during.lower
    values = {name: getattr(alternative, name) for name in MOVED}
    if visit.state == AppointmentState.HELD:
        values["expires_at"] = min(visit.expires_at, start)
        stock.keep(unit, visit.case, values["expires_at"])
    change_appointment(unit, visit.id, sequence=visit.sequence + 1, **values)
    serve(unit, alternative.wait)
    after_move(unit, actor, visit)


def after_move(unit: UnitOfWork, actor: Actor, before: Row[Any]) -> None:
    """Tell of a visit's new time: on the case, to its owner, in its reminders, and to who waits for the old one."""
    visit = _row(unit, before.id)
    workshop = load_workshop(unit, visit.workshop)
    start = visit.during.lower
    tell(unit, visit.case, "appointment_moved", actor.account, appointment=visit.id, start=start.isoformat())
    if visit.state == AppointmentState.CONFIRMED:
        remind(unit, visit.id, start, workshop.zone)
    cause = f"{visit.id} {visit.sequence}"
    notify(unit, owners_of(unit, visit), "visit_moved", cause, visit.case, **place_and_time(workshop, when=start))
    note_vacancy(unit, before.workshop)


def keep(unit: UnitOfWork, actor: Actor, visit: Row[Any], alternative: Row[Any]) -> None:
    """Decline the time on offer; the visit stays, and who waited goes on waiting for another one."""
    move_appointment(unit, alternative, AppointmentState.DECLINED)
    _free(unit, alternative)
    wait_on(unit, alternative.wait)
    tell(unit, visit.case, "appointment_kept", actor.account, appointment=visit.id, offer=alternative.id)
    if alternative.wait is None:
        workshop = load_workshop(unit, visit.workshop)
        fields = place_and_time(workshop, when=visit.during.lower)
        notify(unit, desk_people(unit, workshop), "visit_kept", alternative.id, visit.case, **fields)


def expire_alternative(unit: UnitOfWork, alternative: Row[Any]) -> None:
    """End an offer that is over; the visit stays."""
    move_appointment(unit, alternative, AppointmentState.EXPIRED)
    _free(unit, alternative)
    let_lapse(unit, alternative.wait)
    tell(unit, alternative.case, "offer_expired", DESK, appointment=alternative.replaces, offer=alternative.id)
    workshop = load_workshop(unit, alternative.workshop)
    fields = place_and_time(workshop, when=alternative.during.lower)
    people = owners_of(unit, _row(unit, alternative.replaces))
    notify(unit, people, "offer_lapsed", alternative.id, alternative.case, **fields)


def withdraw_alternative(unit: UnitOfWork, visit: str) -> None:
    """Take back what is on offer for a visit that goes another way; again is no harm."""
    alternative = unit.connection.execute(
        select(appointments).where(appointments.c.replaces == visit, appointments.c.state == AppointmentState.HELD)
    ).one_or_none()
    if alternative is not None:
        move_appointment(unit, alternative, AppointmentState.CANCELLED)
        _free(unit, alternative)
        wait_on(unit, alternative.wait)


def _row(unit: UnitOfWork, appointment: str) -> Row[Any]:
    return unit.connection.execute(select(appointments).where(appointments.c.id == appointment)).one()


def _free(unit: UnitOfWork, alternative: Row[Any]) -> None:
    vacate(unit, alternative.id)
    note_vacancy(unit, alternative.workshop)
