"""What a workshop's manager keeps up to date: hours, holidays, absences, bays, technicians, loaners and services.

Booked visits stay as they are; those that cannot be kept any more are named, for the desk to move.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from aftersales.permissions import Act, require
from aftersales.tables import absences
from aftersales.visits.day_plan import own_workshop
from aftersales.visits.disturbances import disturbances
from aftersales.visits.occupancy import local_day
from aftersales.visits.waitlist import note_vacancy
from aftersales.workshop.calendars import check_country
from aftersales.workshop.hours import WEEKDAYS, Hours, Span, check_hours
from aftersales.workshop.workshops import Bay, Loaner, Technician, Workshop, add_workshop, lock_setup, note_change
from foundation.database import UnitOfWork, new_id
from foundation.events import append
from foundation.identity import Actor
from foundation.refusals import Invalid, NotFound

SKILLS = ("general", "diagnosis", "engine", "electrical", "fuel", "transmission", "high_voltage")
EQUIPMENT = ("lift", "diagnostics", "high_voltage")
LONGEST_ABSENCE = timedelta(days=366)


def set_hours(unit: UnitOfWork, actor: Actor, workshop: str, weekly: Mapping[str, Hours]) -> None:
    """Replace the opening hours of the week; a weekday that is left out is closed."""
    here = managed(unit, actor, workshop)
    if unknown := set(weekly) - set(WEEKDAYS):
        raise Invalid(f"there is no weekday {min(unknown)}", why="no_day_of_hours", told={"written": min(unknown)})
    for hours in weekly.values():
        check_hours(hours)
    keep(unit, actor, replace(here, opening_hours={day: weekly[day] for day in WEEKDAYS if weekly.get(day)}), "hours")


def set_special_day(unit: UnitOfWork, actor: Actor, workshop: str, day: date, hours: Hours | None) -> None:
    """Let a day have hours of its own (none: closed), or take that back (None)."""
    here = managed(unit, actor, workshop)
    special = {name: kept for name, kept in here.special_days.items() if name != day.isoformat()}
    if hours is not None:
        check_hours(hours)
        special[day.isoformat()] = hours
    keep(unit, actor, replace(here, special_days=dict(sorted(special.items()))), "special_day")


def set_contact(unit: UnitOfWork, actor: Actor, workshop: str, said: Mapping[str, str]) -> None:
    """Change a workshop's names, and what stands on its sheets beside them; what is not said stays.

    Sheets that are written stay as they are. A single name stands for both languages. Raises `Invalid` for a workshop
    without a name, or a telephone number without a digit.
    """
    here = managed(unit, actor, workshop)
    given = {name: value.strip() for name, value in said.items()}
    en, zh = given.pop("name_en", here.name_en), given.pop("name_zh", here.name_zh)
    if not (en or zh):
        raise Invalid("a workshop has a name", why="name_needed")
    contact = replace(here.contact, **given)
    if contact.telephone and not any(one.isdecimal() for one in contact.telephone):
        raise Invalid("a telephone number has digits", why="telephone_digits")
    keep(unit, actor, replace(here, name_en=en or zh, name_zh=zh or en, contact=contact), "contact")


def put_bay(unit: UnitOfWork, actor: Actor, workshop: str, bay: Bay) -> str:
    """Add a bay (its id is empty) or change one; gives its id."""
    here = managed(unit, actor, workshop)
    if not bay.name.strip():
        raise Invalid("a bay has a name", why="name_needed")
    _known(bay.equipment, EQUIPMENT)
    kept = replace(bay, id=_id(bay.id, {one.id for one in here.bays}, "bay"), name=bay.name.strip())
    keep(unit, actor, replace(here, bays=(kept,)), "bay")
    return kept.id


def put_technician(unit: UnitOfWork, actor: Actor, workshop: str, person: Technician) -> str:
    """Add a technician (the id is empty) or change one; gives the id. A single name stands for both languages."""
    here = managed(unit, actor, workshop)
    en, zh = person.name_en.strip(), person.name_zh.strip()
    if not (en or zh):
        raise Invalid("a technician has a name", why="name_needed")
    _known(person.skills, SKILLS)
    key = _id(person.id, {one.id for one in here.technicians}, "tech")
    kept = replace(person, id=key, name_en=en or zh, name_zh=zh or en)
    keep(unit, actor, replace(here, technicians=(kept,)), "technician")
    return key


def put_loaner(unit: UnitOfWork, actor: Actor, workshop: str, car: Loaner) -> str:
    """Add a loaner car (its id is empty) or change its name; gives its id."""
    here = managed(unit, actor, workshop)
    if not car.name.strip():
        raise Invalid("a loaner car has a name", why="name_needed")
    kept = Loaner(_id(car.id, {one.id for one in here.loaners}, "loan"), car.name.strip())
    keep(unit, actor, replace(here, loaners=(kept,)), "loaner")
    return kept.id


def set_holidays(unit: UnitOfWork, actor: Actor, workshop: str, country: str | None, subdivision: str | None) -> None:
    """Keep the public holidays of a country, or of none."""
    here = managed(unit, actor, workshop)
    check_country(country, subdivision)
    keep(unit, actor, replace(here, country=country, subdivision=subdivision), "holidays")


def report_absence(unit: UnitOfWork, actor: Actor, workshop: str, resource: str, span: Span, reason: str) -> str:
    """Note when a bay, technician or loaner cannot be put to work; gives its id. What is booked then stays booked."""
    here = managed(unit, actor, workshop)
    if resource not in {one.id for one in resources(here)}:
        raise NotFound(f"there is no {resource} at this workshop")
    if not span[0] < span[1] <= span[0] + LONGEST_ABSENCE:
        raise Invalid("an absence ends after it begins, and within a year", why="absence_in_order")
    absence = new_id("away")
    row = {"id": absence, "organisation": here.organisation, "workshop": here.id, "resource": resource}
    unit.connection.execute(absences.insert().values(**row, during=Range(*span), reason=reason.strip()))
    note_change(unit, here.id)
    append(unit, here.id, "workshop_changed", {"what": "absence"}, actor.account)
    return absence


def end_absence(unit: UnitOfWork, actor: Actor, workshop: str, absence: str) -> None:
    """Take an absence back; again is no harm."""
    here = managed(unit, actor, workshop)
    unit.connection.execute(absences.delete().where(absences.c.id == absence, absences.c.workshop == here.id))
    note_change(unit, here.id)
    append(unit, here.id, "workshop_changed", {"what": "absence"}, actor.account)
    note_vacancy(unit, here.id)


def resources(workshop: Workshop) -> list[Bay | Technician | Loaner]:
    """Give all that a workshop puts to work."""
    return [*workshop.bays, *workshop.technicians, *workshop.loaners]


def list_absences(unit: UnitOfWork, actor: Actor, workshop: str) -> list[dict[str, Any]]:
    """Give the absences that are not over yet, the earliest first."""
    here = own_workshop(unit, actor, workshop)
    of = absences.c
    coming = select(absences).where(of.workshop == here.id, func.upper(of.during) > unit.now())
    return [
        {
            "id": row.id,
            "resource": row.resource,
            "start": row.during.lower.isoformat(),
            "end": row.during.upper.isoformat(),
            "reason": row.reason,
        }
        for row in unit.connection.execute(coming.order_by(func.lower(of.during), of.id))
    ]


def disturbed(unit: UnitOfWork, actor: Actor, workshop: str) -> list[dict[str, Any]]:
    """Give what is booked but cannot be kept as it stands, with the reasons, the earliest first."""
    here = own_workshop(unit, actor, workshop)
    return [one.to_json() for one in disturbances(unit, here).values()]


def coming_special_days(unit: UnitOfWork, workshop: Workshop) -> dict[date, Hours]:
    """Give the special days from yesterday on: older ones are history."""
    since = local_day(unit.now(), workshop.zone) - timedelta(days=1)
    days = {date.fromisoformat(name): hours for name, hours in workshop.special_days.items()}
    return {day: hours for day, hours in sorted(days.items()) if day >= since}


def read_hours(written: str) -> Hours:
    """Read a day's hours as people write them, such as `08:30-12:00, 13-18`; nothing: closed."""
    spans = []
    written = written.replace("：", ":")
    for span in re.split(r"[,，;；\s]+(?=\d)", written.strip()) if written.strip() else ():
        clocks = re.split(r"\s*[-–—~至]\s*", span.strip(" ,，;；"))
        if len(clocks) != 2:
            raise Invalid("write the hours as 08:30-12:00, 13:00-18:00", why="hours_as_written")
        spans.append([(clock if ":" in clock else f"{clock}:00").zfill(5) for clock in clocks])
    check_hours(spans)
    return spans


def managed(unit: UnitOfWork, actor: Actor, workshop: str) -> Workshop:
    """Give a workshop that the actor may change, locked: one change does not undo another.

    Who books there at this moment has either been seen, and is named as disturbed, or waits and then sees the change.
    """
    lock_setup(unit, workshop)
    here = own_workshop(unit, actor, workshop)
    require(actor, Act.SET_UP, owner="", workshop=here.organisation)
    return here


def keep(unit: UnitOfWork, actor: Actor, workshop: Workshop, what: str) -> None:
    """Store a workshop; bays and technicians that are left out of it stay as they are."""
    add_workshop(unit, workshop)
    append(unit, workshop.id, "workshop_changed", {"what": what}, actor.account)
    note_vacancy(unit, workshop.id)


def _known(wanted: frozenset[str], known: tuple[str, ...]) -> None:
    if unknown := wanted - set(known):
        raise Invalid(f"{min(unknown)} is not known here", why="not_known_here", told={"written": min(unknown)})


def _id(key: str, known: set[str], prefix: str) -> str:
    if key and key not in known:
        raise NotFound(f"there is no {prefix} {key}")
    return key or new_id(prefix)
