"""The workshop manager's page: opening hours, special days, bays and technicians; a refusal stands at its field."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.day_plan import own_workshop, own_workshops
from aftersales.hours import WEEKDAYS, Hours
from aftersales.workshop_setup import (
    EQUIPMENT,
    SKILLS,
    coming_special_days,
    outside_hours,
    put_bay,
    put_technician,
    read_hours,
    set_hours,
    set_special_day,
)
from aftersales.workshops import Bay, Technician
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.identity import Role
from foundation.refusals import Invalid, NotFound

Errors = Mapping[str, Invalid]  # by the field that is wrong


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
        changes = {"hours": _hours, "special-days": _special_day, "bays": _bay, "technicians": _technician}
        if what not in changes:
            raise NotFound("there is nothing like this to change")
        try:
            act(form, lambda unit: changes[what](unit, form, workshop))
        except AtField as refused:
            return _page(form.reader, workshop, form, refused.errors)
        return to(f"/workshop?workshop={quote(workshop)}&done=saved")

    return routes


def _hours(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    errors: dict[str, Invalid] = {}
    weekly: dict[str, Hours] = {}
    for day in WEEKDAYS:
        try:
            weekly[day] = read_hours(form.text(day))
        except Invalid as refusal:
            errors[day] = refusal
    if errors:
        raise AtField(errors)
    set_hours(unit, form.reader.actor, workshop, weekly)


def _special_day(unit: UnitOfWork, form: Posted, workshop: str) -> None:
    try:
        day = date.fromisoformat(form.text("day"))
    except ValueError as error:
        raise AtField({"day": Invalid("this is no date")}) from error
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
    skills = frozenset(one for one in SKILLS if form.text(one))
    person = Technician(form.text("id"), form.text("name_en"), form.text("name_zh"), skills)
    try:
        put_technician(unit, form.reader.actor, workshop, person)
    except Invalid as refusal:
        raise AtField({f"technician {person.id}": refusal}) from refusal


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
            outside=outside_hours(unit, reader.actor, place.id),
            equipment=EQUIPMENT,
            skills=SKILLS,
            typed=dict(form.fields) if form else {},
            errors=errors or {},
            done=done,
        )
