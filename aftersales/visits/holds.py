"""Holding a visit: estimate, parts, bay and technician in one unit, or nothing at all; and letting all of it go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import Range

from aftersales.cases import AppointmentState, CaseState
from aftersales.estimates import Draft, labour, material, write_estimate
from aftersales.moves import change_appointment, move_case, tell
from aftersales.operations import Operation
from aftersales.tables import appointments, cases
from aftersales.visits.occupancy import SetupChanged, days_of, lock_days, occupy, vacate
from aftersales.visits.parts_choice import PartsPlan
from aftersales.visits.slots import Slot, look_again
from aftersales.workshop.hours import Span
from aftersales.workshop.workshops import Workshop, load_workshop
from foundation.database import UnitOfWork, new_id
from foundation.grants import close_to, open_to
from foundation.identity import Role
from parts_catalog import stock

DESK_HOLD = timedelta(hours=48)  # for the owner to answer a proposal of ours
OWN_HOLD = timedelta(hours=2)  # for the owner to confirm what he chose himself
LEAD = timedelta(minutes=30)  # nobody can be at a workshop sooner


@dataclass(frozen=True, slots=True)
class Visit:
    """What is to be held: the operations with their evidence, the parts and the slot."""

    operations: Sequence[Operation]
    evidence: dict[str, Any]
    parts: PartsPlan
    slot: Slot

    def drafts(self) -> list[Draft]:
        workshop = self.slot.workshop
        lines = [labour(workshop, operation, self.evidence) for operation in self.operations]
        return lines + [material(chosen) for chosen in self.parts.chosen]

    def takes(self) -> dict[tuple[str, str], int]:
        """Give how many pieces of which part are held at which location."""
        return self._pieces(waits=False)

    def awaits(self) -> dict[tuple[str, str], int]:
        """Give how many pieces of which part it waits for at which location."""
        return self._pieces(waits=True)

    def _pieces(self, *, waits: bool) -> dict[tuple[str, str], int]:
        wanted: dict[tuple[str, str], int] = {}
        for one in self.parts.chosen:
            if one.waits is waits:
                key = one.answer.part.id, one.location
                wanted[key] = wanted.get(key, 0) + one.quantity
        return wanted


def place(
    unit: UnitOfWork,
    case: Row[Any],
    visit: Visit,
    booked_by: str,
    life: timedelta,
    wait: str | None = None,
    *,
    new_case: bool = False,
) -> str:
    """Hold a visit for a case and propose it; gives the appointment's id. `wait`: it is offered to who waited for it.

    `new_case`: it was opened in this unit, so nobody else knows of it.

    Call it within `occupancy.attempt`, with the day locked. Raises `OutOfStock` when the parts have gone meanwhile.
    """
    now = unit.now()
    slot = visit.slot
    expires_at = expiry(now, life, slot.start)
    appointment = new_id("apt")
    unit.connection.execute(
        appointments.insert().values(
            id=appointment,
            organisation=case.organisation,
            case=case.id,
            vehicle=case.vehicle,
            state=AppointmentState.HELD.value,
            booked_by=booked_by,
            wait=wait,
            sequence=0,
            created_at=now,
            updated_at=now,
            **_placement(unit, case, visit, expires_at),
        )
    )
    if case.reasons:  # it was planned before, and says why it has no visit
        _close_earlier(unit, case, slot.workshop, booked_by)
    _take(unit, case, appointment, visit, expires_at, booked_by, new_case=new_case)
    move_case(unit, case, CaseState.PROPOSED, reasons=list(visit.parts.missing), questions=list(visit.parts.questions))
    tell(unit, case.id, "appointment_proposed", booked_by, appointment=appointment, start=slot.start.isoformat())
    return appointment


def place_elsewhere(unit: UnitOfWork, case: Row[Any], appointment: Row[Any], visit: Visit, by: str) -> None:
    """Move a held visit to another workshop with new parts and a new estimate. Call it within `attempt`."""
    old = load_workshop(unit, appointment.workshop)
    slot = visit.slot
    lock_days(
        unit,
        [
            *((old.id, day) for day in days_of(taken_span(appointment), old.zone)),
            *((slot.workshop.id, day) for day in days_of(slot.span, slot.workshop.zone)),
        ],
    )
    vacate(unit, appointment.id)
    stock.release(unit, case.id)
    close_to(unit, case.id, old.organisation, by)
    expires_at = min(appointment.expires_at, slot.start)
    moved = _placement(unit, case, visit, expires_at)
    change_appointment(unit, appointment.id, sequence=appointment.sequence + 1, **moved)
    _take(unit, case, appointment.id, visit, expires_at, by)


def take_slot(unit: UnitOfWork, appointment: str, slot: Slot) -> None:
    """Take what a slot needs for an appointment. Call it within `attempt`, with its days locked."""
    try:
        occupy(unit, slot.workshop, appointment, slot.takes)
    except SetupChanged:
        occupy(unit, look_again(unit, slot).workshop, appointment, slot.takes)


def seat(slot: Slot) -> dict[str, Any]:
    """Give the columns of an appointment that say when, where and by whom."""
    return {
        "during": Range(slot.start, slot.end),
        "bay": slot.bay.id,
        "technician": slot.technician.id,
        "loaner": slot.loaner.id if slot.loaner else None,
        "reason_en": slot.reason["en"],
        "reason_zh": slot.reason["zh"],
    }


def expiry(now: datetime, life: timedelta, start: datetime) -> datetime:
    """Give until when a hold lasts: its life, but never past the visit's own start."""
    return min(now + life, start)


def lock_day_of(unit: UnitOfWork, workshop: Workshop, *spans: Span) -> None:
    """Lock every local day that the spans touch: of a slot its `span`, of a visit its `taken_span`."""
    lock_days(unit, [(workshop.id, day) for span in spans for day in days_of(span, workshop.zone)])


def taken_span(appointment: Row[Any]) -> Span:
    """Give from when until when a visit takes its bay, buffers included."""
    during = appointment.during
    return (
        during.lower - timedelta(minutes=appointment.before_min),
        during.upper + timedelta(minutes=appointment.after_min),
    )


def live_appointment(unit: UnitOfWork, case: str) -> Row[Any] | None:
    """Give the case's visit that is held, confirmed or begun, if there is one."""
    live = (AppointmentState.HELD, AppointmentState.CONFIRMED, AppointmentState.ARRIVED)
    return unit.connection.execute(
        select(appointments).where(
            appointments.c.case == case, appointments.c.state.in_(live), appointments.c.replaces.is_(None)
        )
    ).one_or_none()


def locked_cases(unit: UnitOfWork, wanted: Sequence[str]) -> Sequence[Row[Any]]:
    """Lock cases for a sweep, in ascending order; one that somebody decides on right now is left to the next sweep."""
    chosen = select(cases).where(cases.c.id.in_(wanted)).order_by(cases.c.id)
    return unit.connection.execute(chosen.with_for_update(skip_locked=True)).all()


def _placement(unit: UnitOfWork, case: Row[Any], visit: Visit, expires_at: datetime) -> dict[str, Any]:
    slot = visit.slot
    work = slot.work
    return {
        "workshop": slot.workshop.id,
        "workshop_organisation": slot.workshop.organisation,
        "estimate": write_estimate(unit, case, slot.workshop, visit.drafts()),
        **seat(slot),
        "minutes": work.minutes,
        "before_min": work.before,
        "after_min": work.after,
        "skills": sorted(work.skills),
        "equipment": sorted(work.equipment),
        "parts_ready_at": visit.parts.ready_at,
        "expires_at": expires_at,
    }


def _close_earlier(unit: UnitOfWork, case: Row[Any], workshop: Workshop, by: str) -> None:
    """End the sight of workshops at which the case had a visit before that came to nothing."""
    other = appointments.c.case == case.id, appointments.c.workshop_organisation != workshop.organisation
    for organisation in unit.connection.execute(
        select(appointments.c.workshop_organisation).where(*other).distinct()
    ).scalars():
        close_to(unit, case.id, organisation, by)


def _take(
    unit: UnitOfWork,
    case: Row[Any],
    appointment: str,
    visit: Visit,
    until: datetime,
    by: str,
    *,
    new_case: bool = False,
) -> None:
    slot = visit.slot
    take_slot(unit, appointment, slot)
    if wanted := visit.takes():
        stock.reserve(unit, wanted, case.id, until, new_holder=new_case)
    if awaited := visit.awaits():
        stock.wait_for(unit, awaited, case.id, until)
    open_to(unit, case.id, slot.workshop.organisation, Role.ADVISOR, by)
