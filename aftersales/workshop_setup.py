"""What a workshop's manager keeps up to date: opening hours, special days, bays and technicians.

Booked visits stay as they are; those that no longer lie in the opening hours are named, for the desk to move.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import func, select

from aftersales.cases import AppointmentState
from aftersales.day_plan import day_span, own_workshop
from aftersales.hours import WEEKDAYS, Hours, check_hours
from aftersales.occupancy import local_day
from aftersales.permissions import Act, require
from aftersales.slots import spans_of
from aftersales.tables import appointments, workshops
from aftersales.workshops import Bay, Technician, Workshop, add_workshop
from foundation.database import UnitOfWork, new_id
from foundation.events import append
from foundation.identity import Actor
from foundation.refusals import Invalid, NotFound

SKILLS = ("general", "diagnosis", "engine", "electrical", "fuel", "transmission", "high_voltage")
EQUIPMENT = ("lift", "diagnostics", "high_voltage")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def set_hours(unit: UnitOfWork, actor: Actor, workshop: str, weekly: Mapping[str, Hours]) -> None:
    """Replace the opening hours of the week; a weekday that is left out is closed."""
    here = _managed(unit, actor, workshop)
    if unknown := set(weekly) - set(WEEKDAYS):
        raise Invalid(f"there is no weekday {min(unknown)}")
    for hours in weekly.values():
        _check(hours)
    _keep(unit, actor, replace(here, opening_hours={day: weekly[day] for day in WEEKDAYS if weekly.get(day)}), "hours")


def set_special_day(unit: UnitOfWork, actor: Actor, workshop: str, day: date, hours: Hours | None) -> None:
    """Let a day have hours of its own (none: closed), or take that back (None)."""
    here = _managed(unit, actor, workshop)
    special = {name: kept for name, kept in here.special_days.items() if name != day.isoformat()}
    if hours is not None:
        _check(hours)
        special[day.isoformat()] = hours
    _keep(unit, actor, replace(here, special_days=dict(sorted(special.items()))), "special_day")


def put_bay(unit: UnitOfWork, actor: Actor, workshop: str, bay: Bay) -> None:
    """Add a bay (its id is empty) or change one."""
    here = _managed(unit, actor, workshop)
    if not bay.name.strip():
        raise Invalid("a bay has a name")
    _known(bay.equipment, EQUIPMENT)
    kept = replace(bay, id=_id(bay.id, {one.id for one in here.bays}, "bay"), name=bay.name.strip())
    _keep(unit, actor, replace(here, bays=(kept,)), "bay")


def put_technician(unit: UnitOfWork, actor: Actor, workshop: str, person: Technician) -> None:
    """Add a technician (the id is empty) or change one. Who has one name only is called by it in both languages."""
    here = _managed(unit, actor, workshop)
    en, zh = person.name_en.strip(), person.name_zh.strip()
    if not (en or zh):
        raise Invalid("a technician has a name")
    _known(person.skills, SKILLS)
    key = _id(person.id, {one.id for one in here.technicians}, "tech")
    kept = replace(person, id=key, name_en=en or zh, name_zh=zh or en)
    _keep(unit, actor, replace(here, technicians=(kept,)), "technician")


def outside_hours(unit: UnitOfWork, actor: Actor, workshop: str) -> list[tuple[str, date]]:
    """Give (visit, local day) of what is booked from today on but does not begin in the opening hours."""
    here = own_workshop(unit, actor, workshop)
    today = local_day(unit.now(), here.zone)
    of = appointments
    begin = func.lower(of.c.during)
    booked = select(of.c.id, of.c.during).where(
        of.c.workshop == here.id,
        of.c.state.in_((AppointmentState.HELD, AppointmentState.CONFIRMED)),
        begin >= day_span(here, today)[0],
    )
    found = []
    for key, during in unit.connection.execute(booked.order_by(begin, of.c.id)):
        day = local_day(during.lower, here.zone)
        if not any(opens <= during.lower < closes for opens, closes in spans_of(here, day)):
            found.append((key, day))
    return found


def coming_special_days(unit: UnitOfWork, workshop: Workshop) -> dict[date, Hours]:
    """Give the special days from yesterday on: older ones are history."""
    since = local_day(unit.now(), workshop.zone) - timedelta(days=1)
    days = {date.fromisoformat(name): hours for name, hours in workshop.special_days.items()}
    return {day: hours for day, hours in sorted(days.items()) if day >= since}


def read_hours(written: str) -> Hours:
    """Read a day's hours as people write them, such as `08:30-12:00, 13:00-18:00`; nothing: closed."""
    spans = []
    for span in re.split(r"[,，;；\s]+(?=\d)", written.strip()) if written.strip() else ():
        clocks = re.split(r"\s*[-–—~至]\s*", span.strip(" ,，;；"))
        if len(clocks) != 2:
            raise Invalid("write the hours as 08:30-12:00, 13:00-18:00")
        spans.append([clock.zfill(5) for clock in clocks])
    _check(spans)
    return spans


def _managed(unit: UnitOfWork, actor: Actor, workshop: str) -> Workshop:
    """Give a workshop that the actor may change, locked: one change does not undo another. Bookings go on meanwhile."""
    locked = select(workshops.c.id).where(workshops.c.id == workshop).with_for_update(key_share=True)
    unit.connection.execute(locked)
    here = own_workshop(unit, actor, workshop)
    require(actor, Act.SET_UP, owner="", workshop=here.organisation)
    return here


def _keep(unit: UnitOfWork, actor: Actor, workshop: Workshop, what: str) -> None:
    """Store a workshop; bays and technicians that are left out of it stay as they are."""
    add_workshop(unit, workshop)
    append(unit, workshop.id, "workshop_changed", {"what": what}, actor.account)


def _check(hours: Hours) -> None:
    if any(not _CLOCK.fullmatch(clock) for span in hours for clock in span):
        raise Invalid("write the hours as 08:30-12:00, 13:00-18:00")
    check_hours(hours)


def _known(wanted: frozenset[str], known: tuple[str, ...]) -> None:
    if unknown := wanted - set(known):
        raise Invalid(f"{min(unknown)} is not known here")


def _id(key: str, known: set[str], prefix: str) -> str:
    if key and key not in known:
        raise NotFound(f"there is no {prefix} {key}")
    return key or new_id(prefix)
