"""The HTTP door to a workshop and what it has: its calendar, bays, technicians, loaners, absences and services."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from aftersales.routes import REFUSED_CHANGE, REFUSED_GET, REFUSED_POST, Asked, Desk, Key, View
from aftersales.workshop.staffing import (
    Calendar,
    absence_view,
    change_absence,
    change_calendar,
    check_week,
    find_resource,
    put_service,
    remove,
    remove_service,
    show_resource,
    show_workshop,
)
from aftersales.workshop.workshop_bodies import (
    AbsenceChange,
    BayChange,
    NewAbsence,
    NewBay,
    NewLoaner,
    NewTechnician,
    NewTiming,
    TechnicianChange,
    TimingChange,
    WorkshopChange,
)
from aftersales.workshop.workshop_setup import (
    end_absence,
    managed,
    put_bay,
    put_loaner,
    put_technician,
    report_absence,
    set_contact,
)
from aftersales.workshop.workshops import Bay, Loaner, Technician, Timing
from foundation.database import UnitOfWork
from foundation.http import Body, IdempotencyKey
from foundation.identity import Actor

PATH = "/workshops/{workshop}"


def add_workshops(routes: APIRouter, desk: Desk) -> None:
    """Add the routes; all but the first are for the manager or an administrator of the workshop's organisation."""
    for add in (_workshop, _bays, _technicians, _loaners, _absences, _services):
        add(routes, desk)


def _workshop(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(PATH, responses=REFUSED_GET, summary="A workshop with what it has; to its own people also who is away")
    def workshop(actor: Acting, workshop: Key) -> View:
        with desk.database.unit() as unit:
            return show_workshop(unit, actor, workshop)

    @routes.patch(
        PATH,
        responses=REFUSED_CHANGE,
        summary="Change name, address, licence, hours, holidays; `disturbed`: visits that it hits, to be moved",
    )
    def change(actor: Acting, workshop: Key, body: WorkshopChange) -> View:
        with desk.database.unit() as unit:
            country, subdivision = body.country, body.subdivision
            asked = {"country", "subdivision"} & body.model_fields_set
            if "country" not in asked and asked:
                country = managed(unit, actor, workshop).country
            holidays = (country, subdivision) if asked else None
            calendar = Calendar(body.opening_hours, body.special_days, body.zone, holidays)
            change_calendar(unit, actor, workshop, calendar)
            if contact := body.contact():
                set_contact(unit, actor, workshop, contact)
            return show_workshop(unit, actor, workshop)


def _bays(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(f"{PATH}/bays", status_code=201, responses=REFUSED_CHANGE, summary="Add a bay")
    def add(actor: Acting, workshop: Key, body: NewBay, key: IdempotencyKey = None) -> View:
        bay = Bay("", body.name, frozenset(body.equipment))
        return _added(desk, actor, workshop, "bays", (key, body), lambda unit: put_bay(unit, actor, workshop, bay))

    @routes.patch(f"{PATH}/bays/{{bay}}", responses=REFUSED_CHANGE, summary="Change a bay's name or equipment")
    def change(actor: Acting, workshop: Key, bay: Key, body: BayChange) -> View:
        with desk.database.unit() as unit:
            now: Bay = find_resource(managed(unit, actor, workshop), "bays", bay)
            put_bay(unit, actor, workshop, replace(now, **_given(body, equipment=frozenset)))
            return show_resource(unit, actor, workshop, "bays", bay)

    @routes.delete(f"{PATH}/bays/{{bay}}", responses=REFUSED_POST, summary="Take a bay out of the workshop")
    def drop(actor: Acting, workshop: Key, bay: Key) -> View:
        return _removed(desk, actor, workshop, "bays", bay)


def _technicians(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(f"{PATH}/technicians", status_code=201, responses=REFUSED_CHANGE, summary="Add a technician")
    def add(actor: Acting, workshop: Key, body: NewTechnician, key: IdempotencyKey = None) -> View:
        person = Technician("", body.name_en, body.name_zh, frozenset(body.skills), body.shifts)

        def put(unit: UnitOfWork) -> str:
            check_week(body.shifts or {}, dates=True)
            return put_technician(unit, actor, workshop, person)

        return _added(desk, actor, workshop, "technicians", (key, body), put)

    @routes.patch(
        f"{PATH}/technicians/{{technician}}", responses=REFUSED_CHANGE, summary="Change names, skills or shifts"
    )
    def change(actor: Acting, workshop: Key, technician: Key, body: TechnicianChange) -> View:
        with desk.database.unit() as unit:
            now: Technician = find_resource(managed(unit, actor, workshop), "technicians", technician)
            check_week(body.shifts or {}, dates=True)
            given = _given(body, skills=frozenset)
            if "shifts" in body.model_fields_set:
                given["shifts"] = body.shifts
            put_technician(unit, actor, workshop, replace(now, **given))
            return show_resource(unit, actor, workshop, "technicians", technician)

    @routes.delete(
        f"{PATH}/technicians/{{technician}}", responses=REFUSED_POST, summary="Take a technician out of the workshop"
    )
    def drop(actor: Acting, workshop: Key, technician: Key) -> View:
        return _removed(desk, actor, workshop, "technicians", technician)


def _loaners(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(f"{PATH}/loaners", status_code=201, responses=REFUSED_CHANGE, summary="Add a loaner car")
    def add(actor: Acting, workshop: Key, body: NewLoaner, key: IdempotencyKey = None) -> View:
        car = Loaner("", body.name)
        return _added(
            desk, actor, workshop, "loaners", (key, body), lambda unit: put_loaner(unit, actor, workshop, car)
        )

    @routes.patch(f"{PATH}/loaners/{{loaner}}", responses=REFUSED_CHANGE, summary="Call a loaner car something else")
    def change(actor: Acting, workshop: Key, loaner: Key, body: NewLoaner) -> View:
        with desk.database.unit() as unit:
            put_loaner(unit, actor, workshop, Loaner(loaner, body.name))
            return show_resource(unit, actor, workshop, "loaners", loaner)

    @routes.delete(f"{PATH}/loaners/{{loaner}}", responses=REFUSED_POST, summary="Take a loaner car away")
    def drop(actor: Acting, workshop: Key, loaner: Key) -> View:
        return _removed(desk, actor, workshop, "loaners", loaner)


def _absences(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/absences",
        status_code=201,
        responses=REFUSED_CHANGE,
        summary="Note who or what is away; answers with the visits that are booked meanwhile, which stay booked",
    )
    def add(actor: Acting, workshop: Key, body: NewAbsence, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            return absence_view(unit, report_absence(unit, actor, workshop, body.resource, body.span(), body.reason))

        return desk.act(actor, Asked(f"workshops/{workshop}/absences", key, body), act)

    @routes.patch(f"{PATH}/absences/{{absence}}", responses=REFUSED_CHANGE, summary="Change when or why it is")
    def change(actor: Acting, workshop: Key, absence: Key, body: AbsenceChange) -> View:
        with desk.database.unit() as unit:
            change_absence(unit, actor, workshop, absence, (body.start, body.end), body.reason)
            return absence_view(unit, absence)

    @routes.delete(f"{PATH}/absences/{{absence}}", responses=REFUSED_CHANGE, summary="Take an absence back")
    def drop(actor: Acting, workshop: Key, absence: Key) -> View:
        with desk.database.unit() as unit:
            end_absence(unit, actor, workshop, absence)
            return show_workshop(unit, actor, workshop)


def _services(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/services",
        status_code=201,
        responses=REFUSED_CHANGE,
        summary="Time an operation or a wish one's own way",
    )
    def add(actor: Acting, workshop: Key, body: NewTiming, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            put_service(unit, actor, workshop, body.code, _times(body))
            return show_workshop(unit, actor, workshop)

        return desk.act(actor, Asked(f"workshops/{workshop}/services", key, body), act)

    @routes.patch(f"{PATH}/services/{{code}}", responses=REFUSED_CHANGE, summary="Give it other times")
    def change(actor: Acting, workshop: Key, code: Key, body: TimingChange) -> View:
        with desk.database.unit() as unit:
            put_service(unit, actor, workshop, code, _times(body))
            return show_workshop(unit, actor, workshop)

    @routes.delete(f"{PATH}/services/{{code}}", responses=REFUSED_CHANGE, summary="Time it like everybody again")
    def drop(actor: Acting, workshop: Key, code: Key) -> View:
        with desk.database.unit() as unit:
            remove_service(unit, actor, workshop, code)
            return show_workshop(unit, actor, workshop)


def _times(body: TimingChange) -> Timing:
    return Timing(body.minutes, body.before_min, body.after_min)


def _given(body: Body, **kinds: type) -> dict[str, Any]:
    """Give the fields that a change names; what is null stays as it is."""
    named = body.model_dump(exclude_none=True)
    return {name: kinds[name](value) if name in kinds else value for name, value in named.items()}


def _added(
    desk: Desk,
    actor: Actor,
    workshop: str,
    kind: str,
    asked: tuple[str | None, Body],
    put: Callable[[UnitOfWork], str],
) -> View:
    """Put a bay, technician or loaner into a workshop, once per idempotency key, and show it to the manager."""
    return desk.act(
        actor,
        Asked(f"workshops/{workshop}/{kind}", *asked),
        lambda unit: show_resource(unit, actor, workshop, kind, put(unit)),
    )


def _removed(desk: Desk, actor: Actor, workshop: str, kind: str, key: str) -> View:
    with desk.database.unit() as unit:
        remove(unit, actor, workshop, kind, key)
        return show_workshop(unit, actor, workshop)
