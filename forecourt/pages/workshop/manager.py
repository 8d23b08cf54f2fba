"""The workshop manager's page: its sheets' head, hours, absences, bays, people; a refusal stands at its field."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.visits.day_plan import own_workshop, own_workshops
from aftersales.workshop.hours import WEEKDAYS, Hours
from aftersales.workshop.staffing import RESOURCES, InUse, put_service, remove
from aftersales.workshop.workshop_setup import (
    EQUIPMENT,
    SKILLS,
    coming_special_days,
    disturbed,
    end_absence,
    list_absences,
    put_bay,
    put_loaner,
    put_technician,
    read_hours,
    report_absence,
    resources,
    set_contact,
    set_holidays,
    set_hours,
    set_special_day,
)
from aftersales.workshop.workshops import Bay, Loaner, Technician, Timing
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.owner.booking import wish_of
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.desk_forms import local_instant
from foundation.database import UnitOfWork
from foundation.identity import Role
from foundation.refusals import Invalid, NotFound, Refusal

CONTACT = {"name_zh": 100, "name_en": 100, "address": 200, "telephone": 40, "licence": 60}  # with most characters
Errors = Mapping[str, Refusal]  # by the field that is wrong


class AtField(Exception):  # noqa: N818 - a refusal of a form, by field
    """What a form cannot be taken for, each refusal at the field that is wrong."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def router(site: Site) -> APIRouter:
    """Give the routes of the manager's page."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/workshop")
    def show(reader: Annotated[Reader, Depends(signed_in(site))], workshop: str = "", done: str = "") -> Response:
        return _page(reader, workshop, done=done)

    @routes.post("/workshop/{workshop}/{what}")
    def change(workshop: str, what: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        if what not in CHANGES:
            raise NotFound("there is nothing like this to change")
        try:
            act(form, lambda unit: CHANGES[what](unit, form, workshop))
        except AtField as refused:
            return _page(form.reader, workshop, form, refused.errors)
        return to(f"/workshop?workshop={quote(workshop)}&done=saved")

    return routes


def _contact(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    said = {name: form.text(name) for name in CONTACT}
    for name, most in CONTACT.items():
        if len(said[name]) > most or "\x00" in said[name]:
            raise AtField(
                {name: Invalid(f"this is text of at most {most} characters", why="text_too_long", told={"most": most})}
            )
    try:
        set_contact(unit, form.reader.actor, workshop, said)
    except Invalid as refusal:
        raise AtField({"telephone" if said["name_en"] or said["name_zh"] else "name_en": refusal}) from refusal


def _hours(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    set_hours(unit, form.reader.actor, workshop, _week(form))


def _week(form: Posted) -> dict[str, Hours]:
    errors: dict[str, Refusal] = {}
    weekly: dict[str, Hours] = {}
    for day in WEEKDAYS:
        try:
            weekly[day] = read_hours(form.text(day))
        except Invalid as refusal:
            errors[day] = refusal
    if errors:
        raise AtField(errors)
    return weekly


def _special_day(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    try:
        day = date.fromisoformat(form.text("day"))
    except ValueError as error:
        raise AtField({"day": Invalid("this is no date", why="no_day")}) from error
    try:
        hours = None if form.text("usual") else read_hours(form.text("hours"))
    except Invalid as refusal:
        raise AtField({"special": refusal}) from refusal
    set_special_day(unit, form.reader.actor, workshop, day, hours)


def _bay(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    bay = Bay(form.text("id"), form.text("name"), frozenset(one for one in EQUIPMENT if form.text(one)))
    try:
        put_bay(unit, form.reader.actor, workshop, bay)
    except Invalid as refusal:
        raise AtField({f"bay {bay.id}": refusal}) from refusal


def _technician(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    key = form.text("id")
    skills = frozenset(one for one in SKILLS if form.text(one))
    try:
        shifts = None if form.text("as_open") else {day: read_hours(form.text(day)) for day in WEEKDAYS}
        person = Technician(key, form.text("name_en"), form.text("name_zh"), skills, shifts)
        put_technician(unit, form.reader.actor, workshop, person)
    except Invalid as refusal:
        raise AtField({f"technician {key}": refusal}) from refusal


def _loaner(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    car = Loaner(form.text("id"), form.text("name"))
    try:
        put_loaner(unit, form.reader.actor, workshop, car)
    except Invalid as refusal:
        raise AtField({f"loaner {car.id}": refusal}) from refusal


def _service(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    wish = wish_of(form.text("wish"))
    wanted = "write whole quarters of an hour in minutes"
    try:
        length = whole(form.text("minutes"), wanted) if form.text("minutes") else None
        service = Timing(length, whole(form.text("before"), wanted), whole(form.text("after"), wanted))
        put_service(unit, form.reader.actor, workshop, wish.value, service)
    except Invalid as refusal:
        raise AtField({f"service {wish}": refusal}) from refusal


def _holidays(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    country, _, subdivision = form.text("country").upper().partition("-")
    try:
        set_holidays(unit, form.reader.actor, workshop, country or None, subdivision or None)
    except Invalid as refusal:
        raise AtField({"country": refusal}) from refusal


def _removal(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    kind, key = form.text("kind"), form.text("id")
    if kind not in RESOURCES:
        raise NotFound("there is nothing like this to take out")
    try:
        remove(unit, form.reader.actor, workshop, kind, key)
    except InUse as refusal:
        raise AtField({f"remove {key}": refusal}) from refusal


def _absence(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    actor = form.reader.actor
    if form.text("end"):
        end_absence(unit, actor, workshop, form.text("end"))
        return
    zone = own_workshop(unit, actor, workshop).zone
    try:
        begin, until = (local_instant(form.text(name), zone) for name in ("from", "until"))
        report_absence(unit, actor, workshop, form.text("resource"), (begin, until), form.text("reason"))
    except Invalid as refusal:
        raise AtField({"absence": refusal}) from refusal


CHANGES: Mapping[str, Callable[[UnitOfWork, Posted, str], None]] = {
    "contact": _contact,
    "hours": _hours,
    "special-days": _special_day,
    "holidays": _holidays,
    "absences": _absence,
    "bays": _bay,
    "technicians": _technician,
    "loaners": _loaner,
    "services": _service,
    "removals": _removal,
}


def _page(
    reader: Reader, workshop: str, form: Posted | None = None, errors: Errors | None = None, *, done: str = ""
) -> Response:
    reader.actor.must_be(Role.WORKSHOP_MANAGER)
    with reader.unit() as unit:
        every = own_workshops(unit, reader.actor)
        if not every:
            raise NotFound("this organisation has no workshop")
        place = own_workshop(unit, reader.actor, workshop) if workshop else every[0]
        return reader.page(
            "workshop/setup.html",
            int(STATUS["invalid"]) if errors else 200,
            workshops=every,
            place=place,
            weekdays=WEEKDAYS,
            special_days=coming_special_days(unit, place),
            disturbed=disturbed(unit, reader.actor, place.id),
            absences=list_absences(unit, reader.actor, place.id),
            names={one.id: one for one in resources(place)},
            equipment=EQUIPMENT,
            skills=SKILLS,
            typed=dict(form.fields) if form else {},
            errors=errors or {},
            done=done,
        )
