"""Who occupies which bay, technician and loaner when: workshop-day locks for speed, the constraint as guarantee.

Who books shares the lock of the workshop's set-up, which who changes it takes alone.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import BigInteger, ColumnElement, Select, cast, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from aftersales.cases import AppointmentState
from aftersales.operations import GRID_MIN
from aftersales.tables import appointments, occupancies, workshops
from aftersales.workshop.hours import Span
from aftersales.workshop.workshops import Workshop, setup_key
from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict

EXCLUSION_VIOLATION = "23P01"
DEADLOCK = "40P01"
T = TypeVar("T")
Busy = Mapping[str, Sequence[Span]]


class SlotTaken(Conflict):
    """Somebody else was faster. `extra["slots"]` holds the next best ones."""

    code = "slot_taken"


class SetupChanged(SlotTaken):
    """The workshop has changed since it was read: what was found then may be closed, away or gone by now."""


class HoldExpired(Conflict):
    """The visit was held until an instant that has passed."""

    code = "hold_expired"


def busy_spans(unit: UnitOfWork, workshops: Iterable[str], span: Span, apart_from_case: str | None = None) -> Busy:
    """Give per bay, technician or loaner when it is taken within `span`; a hold past its expiry takes nothing.

    `apart_from_case`: a holder's own hold must not hide the slot from him.
    """
    query = _taken(unit, select(occupancies.c.resource, occupancies.c.during), workshops, span, apart_from_case)
    busy: defaultdict[str, list[Span]] = defaultdict(list)
    for resource, during in unit.connection.execute(query):
        busy[resource].append((during.lower, during.upper))
    return busy


def taken_quanta(
    unit: UnitOfWork, workshops: Iterable[str], span: Span, apart_from_case: str | None = None
) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Give the same as columns: per resource the first quarter hour, since the epoch, of each taking, and its end."""
    during, quantum_s = occupancies.c.during, GRID_MIN * 60
    first = cast(func.floor(func.extract("epoch", func.lower(during)) / quantum_s), BigInteger)
    end = cast(func.ceil(func.extract("epoch", func.upper(during)) / quantum_s), BigInteger)
    query = select(occupancies.c.resource, func.array_agg(first), func.array_agg(end))
    query = _taken(unit, query, workshops, span, apart_from_case).group_by(occupancies.c.resource)
    return {
        resource: (np.array(begin, np.int64), np.array(until, np.int64))
        for resource, begin, until in unit.connection.execute(query)
    }


def _taken(
    unit: UnitOfWork, query: Select[Any], workshops: Iterable[str], span: Span, apart_from_case: str | None
) -> Select[Any]:
    query = query.join(appointments, appointments.c.id == occupancies.c.appointment).where(
        appointments.c.workshop.in_(list(workshops)),
        occupancies.c.active,
        occupancies.c.during.overlaps(Range(*span)),
        or_(appointments.c.state != AppointmentState.HELD, appointments.c.expires_at > unit.now()),
    )
    if apart_from_case is not None:
        query = query.where(appointments.c.case != apart_from_case)
    return query


def is_free(busy: Busy, resource: str, start: datetime, end: datetime) -> bool:
    return all(end <= lower or upper <= start for lower, upper in busy.get(resource, ()))


def lock_days(unit: UnitOfWork, days: Collection[tuple[str, date]]) -> None:
    """Wait for the right to change what is booked at workshops on their local days; held until the unit ends.

    From then on their set-up does not change either. Taken in ascending order, before any stock row, in one statement:
    two bookings never wait for each other in a circle.
    """
    locks: list[ColumnElement[Any]] = []
    for workshop, its in groupby(sorted(set(days)), lambda one: one[0]):
        locks.append(func.pg_advisory_xact_lock_shared(setup_key(workshop)))
        for _, day in its:
            key = func.hashtextextended(f"workshop-day {workshop} {day.isoformat()}", 0)
            locks.append(func.pg_advisory_xact_lock(key))
    unit.connection.execute(select(*locks))


def local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def days_of(span: Span, zone: ZoneInfo) -> list[date]:
    """Give every local day that a span touches."""
    first, last = local_day(span[0], zone), local_day(span[1] - timedelta.resolution, zone)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def occupy(unit: UnitOfWork, workshop: Workshop, appointment: str, takes: Sequence[tuple[str, Span]]) -> None:
    """Take resources for the appointment, each for its spans. Call it within `attempt`, with all its days locked.

    Expired holds in the way are switched off first: their sweep may not have come yet. Raises `SetupChanged` unless the
    workshop still is as it was read.
    """
    now = select(workshops.c.setup_version).where(workshops.c.id == workshop.id)
    if unit.connection.execute(now).scalar_one() != workshop.version:
        raise SetupChanged("the workshop has changed meanwhile")
    _switch_off_expired(unit, takes)
    rows = [
        {
            "id": new_id("occ"),
            "organisation": workshop.organisation,
            "resource": resource,
            "during": Range(*span),
            "appointment": appointment,
            "active": True,
        }
        for resource, span in sorted(takes)
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
    """Say whether the appointment has all it takes: it is given back as a whole only. Its days must be locked."""
    mine = exists().where(occupancies.c.appointment == appointment, occupancies.c.active)
    return bool(unit.connection.execute(select(mine)).scalar_one())


def sqlstate(error: DBAPIError) -> str | None:
    original: Any = error.orig
    return getattr(original, "sqlstate", None)


def _any_of(
    resource: ColumnElement[str], during: ColumnElement[Any], takes: Sequence[tuple[str, Span]]
) -> ColumnElement[bool]:
    return or_(*((resource == one) & during.overlaps(Range(*span)) for one, span in takes))


def _switch_off_expired(unit: UnitOfWork, takes: Sequence[tuple[str, Span]]) -> None:
    """Switch off the expired holds in the way, each with all it takes: one that is confirmed yet must miss nothing."""
    of = occupancies.c
    expired = (
        select(of.appointment)
        .join(appointments, appointments.c.id == of.appointment)
        .where(
            of.active,
            _any_of(of.resource, of.during, takes),
            appointments.c.state == AppointmentState.HELD,
            appointments.c.expires_at <= unit.now(),
        )
    )
    unit.connection.execute(update(occupancies).where(of.active, of.appointment.in_(expired)).values(active=False))
