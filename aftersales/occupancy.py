"""Who occupies which bay and technician when: a workshop-day lock for speed, the exclusion constraint as guarantee."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from aftersales.cases import AppointmentState
from aftersales.hours import Span
from aftersales.tables import appointments, occupancies
from aftersales.workshops import Workshop
from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict

EXCLUSION_VIOLATION = "23P01"
DEADLOCK = "40P01"
T = TypeVar("T")
Busy = Mapping[str, Sequence[Span]]


class SlotTaken(Conflict):
    """Somebody else was faster. `extra["slots"]` holds the next best ones."""

    code = "slot_taken"


class HoldExpired(Conflict):
    """The visit was held until an instant that has passed."""

    code = "hold_expired"


def busy_spans(unit: UnitOfWork, workshops: Iterable[str], span: Span, apart_from_case: str | None = None) -> Busy:
    """Give per bay or technician when it is taken within `span`; a hold past its expiry takes nothing.

    `apart_from_case`: a holder's own hold must not hide the slot from him.
    """
    query = (
        select(occupancies.c.resource, occupancies.c.during)
        .join(appointments, appointments.c.id == occupancies.c.appointment)
        .where(
            appointments.c.workshop.in_(list(workshops)),
            occupancies.c.active,
            occupancies.c.during.overlaps(Range(*span)),
            or_(appointments.c.state != AppointmentState.HELD, appointments.c.expires_at > unit.now()),
        )
    )
    if apart_from_case is not None:
        query = query.where(appointments.c.case != apart_from_case)
    busy: defaultdict[str, list[Span]] = defaultdict(list)
    for resource, during in unit.connection.execute(query):
        busy[resource].append((during.lower, during.upper))
    return busy


def is_free(busy: Busy, resource: str, start: datetime, end: datetime) -> bool:
    return all(end <= lower or upper <= start for lower, upper in busy.get(resource, ()))


def lock_days(unit: UnitOfWork, days: Collection[tuple[str, date]]) -> None:
    """Wait for the right to change what is booked at workshops on their local days; held until the unit ends.

    Taken in ascending order, before any stock row: two bookings never wait for each other in a circle.
    """
    for workshop, day in sorted(set(days)):
        key = func.hashtextextended(f"workshop-day {workshop} {day.isoformat()}", 0)
        unit.connection.execute(select(func.pg_advisory_xact_lock(key)))


def local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def occupy(unit: UnitOfWork, workshop: Workshop, appointment: str, resources: Sequence[str], span: Span) -> None:
    """Take the resources for the appointment. Call it within `attempt`, with the day locked.

    Expired holds in the way are switched off first: their sweep may not have come yet.
    """
    _switch_off_expired(unit, resources, span)
    rows = [
        {
            "id": new_id("occ"),
            "organisation": workshop.organisation,
            "resource": resource,
            "during": Range(*span),
            "appointment": appointment,
            "active": True,
        }
        for resource in sorted(resources)
    ]
    unit.connection.execute(occupancies.insert(), rows)


def attempt(unit: UnitOfWork, act: Callable[[], T]) -> T:
    """Run a booking in a savepoint of its own: all of it stands, or nothing.

    An overlap (23P01) becomes `SlotTaken`; a deadlock (40P01) is tried once more, then it is `SlotTaken` too. Locks
    that were taken inside are given back with the savepoint.
    """
    for last in (False, True):
        try:
            with unit.connection.begin_nested():
                return act()
        except DBAPIError as error:
            state = sqlstate(error)
            if state == DEADLOCK and not last:
                continue
            if state in {EXCLUSION_VIOLATION, DEADLOCK}:
                raise SlotTaken("somebody else has just taken this slot") from error
            raise
    raise AssertionError("the second try returns or raises")


def vacate(unit: UnitOfWork, appointment: str) -> None:
    """Give back what an appointment occupies; again is no harm."""
    unit.connection.execute(
        update(occupancies).where(occupancies.c.appointment == appointment, occupancies.c.active).values(active=False)
    )


def still_occupies(unit: UnitOfWork, appointment: str) -> bool:
    """Say whether the appointment has its bay and technician. The day must be locked."""
    mine = and_(occupancies.c.appointment == appointment, occupancies.c.active)
    held: int = unit.connection.execute(select(func.count()).where(mine)).scalar_one()
    return held == 2


def sqlstate(error: DBAPIError) -> str | None:
    original: Any = error.orig
    return getattr(original, "sqlstate", None)


def _switch_off_expired(unit: UnitOfWork, resources: Sequence[str], span: Span) -> None:
    expired = (
        select(appointments.c.id)
        .where(appointments.c.state == AppointmentState.HELD, appointments.c.expires_at <= unit.now())
        .scalar_subquery()
    )
    unit.connection.execute(
        update(occupancies)
        .where(
            occupancies.c.resource.in_(resources),
            occupancies.c.active,
            occupancies.c.during.overlaps(Range(*span)),
            occupancies.c.appointment.in_(expired),
        )
        .values(active=False)
    )
