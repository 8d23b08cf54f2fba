"""The waitlist on the owner's pages: for a time at a workshop, or for an earlier one than he has."""

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.views import get_appointment, get_case
from aftersales.visits.waiting import Waited, join, leave
from forecourt.pages.acting import act, act_for
from forecourt.pages.owner.booking import wish_of
from forecourt.pages.readers import Posted, posted, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.refusals import Invalid


def router(site: Site) -> APIRouter:
    """Give the routes of waiting."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/cars/{vehicle}/wait")
    def wait(vehicle: str, form: Form) -> Response:
        """Wait for a time at the workshop that the booking page shows."""

        def do(unit: UnitOfWork) -> None:
            waited = Waited(
                form.text("workshop") or None,
                latest_day(form),
                site.vehicles.get(unit, form.reader.actor, vehicle),
                wish_of(form.text("service")),
                form.text("words") or None,
            )
            join(unit, form.reader.actor, waited, form.text("case") or None)

        act(form, do)
        return to(f"/cars/{quote(vehicle)}?done=waiting")

    @routes.post("/appointments/{appointment}/wait")
    def wait_for_earlier(appointment: str, form: Form) -> Response:
        actor = form.reader.actor

        def do(unit: UnitOfWork) -> None:
            join(unit, actor, Waited(latest_day=latest_day(form)), get_appointment(unit, actor, appointment)["case"])

        act(form, do)
        return to(f"/appointments/{quote(appointment)}?done=waiting")

    @routes.post("/waits/{wait}/leave")
    def wait_no_longer(wait: str, form: Form) -> Response:
        actor = form.reader.actor

        def do(unit: UnitOfWork) -> str:
            return str(get_case(unit, actor, leave(unit, actor, wait)["case"])["id"])

        return to(f"/cases/{quote(act_for(form, do))}")

    return routes


def latest_day(form: Posted) -> date | None:
    written = form.text("latest_day")
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise Invalid("the latest day is a date", why="no_day") from error
