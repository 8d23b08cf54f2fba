"""Showing a workshop to its manager, and taking out of it what it has no longer; `workshop_setup.py` puts things in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import Range

from aftersales.cases import Wish
from aftersales.operations import GRID_MIN, OPERATIONS
from aftersales.tables import absences, appointments, bays, loaners, occupancies, services, technicians
from aftersales.visits.disturbances import booked_view, disturbances
from aftersales.workshop.calendars import check_country
from aftersales.workshop.hours import WEEKDAYS, Hours, Span, check_hours
from aftersales.workshop.workshop_setup import LONGEST_ABSENCE, keep, list_absences, managed
from aftersales.workshop.workshops import Timing, Workshop, load_workshop, workshop_summary
from foundation.database import UnitOfWork
from foundation.identity import WORKSHOP_ROLES, Actor, Role
from foundation.refusals import Conflict, Invalid, NotFound

LONGEST_MIN = 24 * 60  # of a service's own length and buffers
RESOURCES: Mapping[str, Table] = {"bays": bays, "technicians": technicians, "loaners": loaners}


class InUse(Conflict):
    """Visits are booked for it: `extra["visits"]`."""

    code = "in_use"


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is to change of a workshop's calendar; None: nothing. A special day that is None is taken back."""

    opening_hours: Mapping[str, Hours] | None = None
    special_days: Mapping[str, Hours | None] | None = None
    zone: str | None = None
    holidays: tuple[str | None, str | None] | None = None  # country and subdivision


def show_workshop(unit: UnitOfWork, actor: Actor, workshop: str) -> dict[str, Any]:
    """Give a workshop with what it has; who works when, who is away and what that disturbs is for its own people."""
    here = load_workshop(unit, workshop)
    own = here.organisation == actor.organisation and actor.role in {*WORKSHOP_ROLES, Role.ADMINISTRATOR}
    view = {
        **workshop_summary(here),
        "labour_rate": {"amount": here.labour_rate, "currency": here.currency},
        "opening_hours": here.opening_hours,
        "special_days": here.special_days,
        "country": here.country,
        "subdivision": here.subdivision,
        "bays": [{"id": one.id, "name": one.name, "equipment": sorted(one.equipment)} for one in here.bays],
        "loaners": [{"id": one.id, "name": one.name} for one in here.loaners],
        "services": [service_view(code, one) for code, one in here.services.items()],
        "technicians": [
            {"id": one.id, "name_en": one.name_en, "name_zh": one.name_zh, "skills": sorted(one.skills)}
            | ({"shifts": one.shifts} if own else {})
            for one in here.technicians
        ],
    }
    if not own:
        return view
    return view | {
        "absences": list_absences(unit, actor, workshop),
        "disturbed": [one.to_json() for one in disturbances(unit, here).values()],
    }


def show_resource(unit: UnitOfWork, actor: Actor, workshop: str, kind: str, key: str) -> dict[str, Any]:
    """Show a bay, technician or loaner to the manager, with the visits that it cannot serve as it is now."""
    view = show_workshop(unit, actor, workshop)
    found: dict[str, Any] = next(one for one in view[kind] if one["id"] == key)
    hit = [one for one in view["disturbed"] if key in (one["bay"], one["technician"], one["loaner"])]
    return found | {"disturbed": hit}


def service_view(code: str, one: Timing) -> dict[str, Any]:
    return {"code": code, "minutes": one.minutes, "before_min": one.before, "after_min": one.after}


def change_calendar(unit: UnitOfWork, actor: Actor, workshop: str, change: Calendar) -> None:
    """Change hours, special days, zone and holidays; booked visits stay as they are."""
    here = managed(unit, actor, workshop)
    if change.opening_hours is not None:
        check_week(change.opening_hours, dates=False)
        here = replace(here, opening_hours=dict(change.opening_hours))
    if change.special_days is not None:
        given = {day: hours for day, hours in change.special_days.items() if hours is not None}
        check_week(given, dates=True)
        special = {day: hours for day, hours in here.special_days.items() if day not in change.special_days}
        here = replace(here, special_days=dict(sorted((special | given).items())))
    if change.zone is not None:
        if change.zone not in available_timezones():
            raise Invalid(f"{change.zone} is no zone of the IANA database", why="no_zone", told={"zone": change.zone})
        here = replace(here, zone=ZoneInfo(change.zone))
    if change.holidays is not None:
        check_country(*change.holidays)
        here = replace(here, country=change.holidays[0], subdivision=change.holidays[1])
    keep(unit, actor, here, "calendar")


def check_week(week: Mapping[str, Hours], *, dates: bool) -> None:
    """Raise `Invalid` unless every day is a weekday, or with `dates` a date, and its hours are in order."""
    for day, hours in week.items():
        if day not in WEEKDAYS and not (dates and _is_date(day)):
            raise Invalid(f"{day} is no {'date' if dates else 'weekday'}", why="no_day_of_hours", told={"written": day})
        check_hours(hours)


def change_absence(
    unit: UnitOfWork, actor: Actor, workshop: str, absence: str, span: tuple[Any, Any], reason: str | None
) -> None:
    """Give an absence another begin, end or reason; None: as it was."""
    here = managed(unit, actor, workshop)
    mine = absences.c.id == absence, absences.c.workshop == here.id
    row = unit.connection.execute(select(absences).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"there is no absence {absence}")
    begin, end = span[0] or row.during.lower, span[1] or row.during.upper
    if not begin < end <= begin + LONGEST_ABSENCE:
        raise Invalid("an absence ends after it begins, and within a year", why="absence_in_order")
    values = {"during": Range(begin, end), "reason": row.reason if reason is None else reason}
    unit.connection.execute(absences.update().where(*mine).values(**values))
    keep(unit, actor, here, "absence")


def absence_view(unit: UnitOfWork, absence: str) -> dict[str, Any]:
    """Show an absence with the visits that are booked meanwhile, for the desk to move."""
    row = unit.connection.execute(select(absences).where(absences.c.id == absence)).one()
    return {
        "id": row.id,
        "resource": row.resource,
        "start": row.during.lower.isoformat(),
        "end": row.during.upper.isoformat(),
        "reason": row.reason,
        "visits": visits_of(unit, row.resource, (row.during.lower, row.during.upper)),
    }


def remove(unit: UnitOfWork, actor: Actor, workshop: str, kind: str, key: str) -> None:
    """Take a bay, technician or loaner out of the workshop. Raises `InUse` while visits are booked for it."""
    here = managed(unit, actor, workshop)
    table = RESOURCES[kind]
    gone = unit.connection.execute(table.delete().where(table.c.id == key, table.c.workshop == here.id))
    if not gone.rowcount:
        raise NotFound(f"there is no {key} at this workshop")
    if visits := visits_of(unit, key):
        raise InUse("visits are booked for it; move them first", visits=visits)
    unit.connection.execute(absences.delete().where(absences.c.resource == key, absences.c.workshop == here.id))
    keep(unit, actor, load_workshop(unit, here.id), kind)


def put_service(unit: UnitOfWork, actor: Actor, workshop: str, code: str, service: Timing) -> None:
    """Time an operation, or the buffers of all visits for a wish, the workshop's own way."""
    here = managed(unit, actor, workshop)
    if code not in OPERATIONS and code not in set(Wish):
        raise Invalid(
            f"{code} is neither an operation nor a wish", why="neither_operation_nor_wish", told={"written": code}
        )
    if service.minutes is not None and code not in OPERATIONS:
        raise Invalid(
            f"visits for {code} take as long as their operations; give those their minutes", why="as_long_as_operations"
        )
    length = GRID_MIN if service.minutes is None else service.minutes
    for minutes, least in ((length, GRID_MIN), (service.before, 0), (service.after, 0)):
        if minutes % GRID_MIN or not least <= minutes <= LONGEST_MIN:
            raise Invalid("write whole quarters of an hour in minutes, up to a day", why="quarters_of_hours")
    keep(unit, actor, replace(here, services={code: service}), "service")


def remove_service(unit: UnitOfWork, actor: Actor, workshop: str, code: str) -> None:
    here = managed(unit, actor, workshop)
    if code not in here.services:
        raise NotFound(f"the workshop has no times of its own for {code}")
    unit.connection.execute(services.delete().where(services.c.workshop == here.id, services.c.code == code))
    keep(unit, actor, load_workshop(unit, here.id), "service")


def visits_of(unit: UnitOfWork, resource: str, span: Span | None = None) -> Sequence[dict[str, Any]]:
    """Show the visits that have a bay, technician or loaner within a span, or from now on."""
    of = occupancies.c
    when = of.during.overlaps(Range(*span)) if span is not None else func.upper(of.during) > unit.now()
    rows = unit.connection.execute(
        select(appointments)
        .where(appointments.c.id.in_(select(of.appointment).where(of.resource == resource, of.active, when)))
        .order_by(func.lower(appointments.c.during), appointments.c.id)
    )
    return [booked_view(row) for row in rows]


def find_resource(here: Workshop, kind: str, key: str) -> Any:
    """Give a bay, technician or loaner of a workshop."""
    found = next((one for one in getattr(here, kind) if one.id == key), None)
    if found is None:
        raise NotFound(f"there is no {key} at this workshop")
    return found


def _is_date(written: str) -> bool:
    try:
        return date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False
