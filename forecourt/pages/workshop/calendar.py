"""The advisor's calendar: bays and technicians of one workshop on one day, and moving visits about on it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from aftersales.visits.day_plan import day_plan, day_span, own_workshop, own_workshops, plan_stamp, visits_per_day
from aftersales.visits.desk_moves import rearrange
from aftersales.visits.no_shows import say_no_show
from aftersales.visits.occupancy import local_day
from aftersales.workshop.workshops import Workshop
from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.stamped import stamps
from forecourt.pages.workshop.calendar_grid import grid
from foundation.database import UnitOfWork
from foundation.identity import Role
from foundation.refusals import Conflict, Invalid, NotFound, Refusal


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows which workshop's plan, and the stamp of what he sees."""

    reader: Reader
    workshop: str
    stamp: str


def router(site: Site) -> APIRouter:
    """Give the routes of the calendar."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/calendar")
    def show(
        reader: Somebody, workshop: str = "", day: date | None = None, visit: str = "", done: str = ""
    ) -> Response:
        return _page(reader, workshop, day, visit=visit, done=done)

    @routes.post("/calendar/{workshop}/moves")
    def move(workshop: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        reader = form.reader
        try:
            zone = _zone_of(reader, workshop)
            start = _start(form, zone)
            made = act_for(form, lambda unit: _move(unit, form, start))
        except (Conflict, Invalid) as refusal:
            if reader.is_fragment:
                raise
            return _page(reader, workshop, _day(form), visit=form.text("visit"), refusal=refusal)
        day = start.astimezone(zone).date()
        if reader.is_fragment:
            return _page(reader, workshop, day, done=made)
        return to(f"/calendar?{urlencode({'workshop': workshop, 'day': day, 'done': made})}")

    @routes.post("/calendar/{workshop}/no-shows")
    def note_no_show(workshop: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        act(form, lambda unit: say_no_show(unit, form.reader.actor, form.text("visit")))
        day = _day(form)
        shown = {"day": day.isoformat()} if day else {}
        return to(f"/calendar?{urlencode({'workshop': workshop, **shown, 'done': 'no_show'})}")

    _live(routes, site)
    return routes


def _live(routes: APIRouter, site: Site) -> None:
    """Add the page's one stream: says that the plan has changed, and the page asks for it again."""

    def watch(
        reader: Annotated[Reader, Depends(signed_in(site))],
        workshop: str,
        after: str = "",
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Watch:
        with reader.unit() as unit:
            own_workshop(unit, reader.actor, workshop)
        return Watch(reader, workshop, last_event_id or after)

    @routes.get("/calendar/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[Watch, Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        reader, workshop = watched.reader, watched.workshop
        stamp = lambda unit: plan_stamp(unit, reader.actor, workshop)  # noqa: E731
        async for changed in stamps(reader, f"plan {workshop}", workshop, stamp, watched.stamp):
            yield changed


def _page(
    reader: Reader,
    workshop: str,
    day: date | None,
    *,
    visit: str = "",
    done: str = "",
    refusal: Refusal | None = None,
) -> Response:
    reader.actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
    with reader.unit() as unit:
        every = own_workshops(unit, reader.actor)
        if not every:
            raise NotFound("this organisation has no workshop")
        here = own_workshop(unit, reader.actor, workshop) if workshop else every[0]
        shown = day or local_day(unit.now(), here.zone)
        return reader.page(
            "workshop/calendar_day.html" if reader.is_fragment else "workshop/calendar.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            workshops=every,
            place=here,
            path=f"/calendar?{urlencode({'workshop': here.id, 'day': shown})}",
            **_plan(unit, reader, here, shown),
            selected=visit,
            done=done,
            refusal=refusal,
        )


def _plan(unit: UnitOfWork, reader: Reader, here: Workshop, day: date) -> dict[str, Any]:
    stamp = plan_stamp(unit, reader.actor, here.id)
    plan = day_plan(unit, reader.actor, here.id, day)
    monday = day - timedelta(day.weekday())
    return {
        "stamp": stamp,
        "plan": plan,
        "day": day,
        "grid": grid(plan, day_span(here, day)[0]),
        "week": visits_per_day(unit, reader.actor, here.id, monday, 7),
        "vehicles": reader.site.vehicles.of_ids(
            unit, reader.actor, (one["vehicle"] for one in plan["visits"].values())
        ),
    }


def _move(unit: UnitOfWork, form: Posted, start: datetime) -> str:
    return rearrange(unit, form.reader.actor, form.text("visit"), form.text("bay"), form.text("technician"), start)


def _zone_of(reader: Reader, workshop: str) -> ZoneInfo:
    with reader.unit() as unit:
        return own_workshop(unit, reader.actor, workshop).zone


def _start(form: Posted, zone: ZoneInfo) -> datetime:
    """Read when a visit is to begin: an instant from a dragged block, or day and time of the workshop from the form."""
    try:
        if written := form.text("start"):
            start = datetime.fromisoformat(written)
        else:
            start = datetime.fromisoformat(f"{form.text('day')}T{form.text('time')}").replace(tzinfo=zone)
    except ValueError as error:
        raise Invalid("this is no day and time", why="no_day_and_time") from error
    if start.tzinfo is None:
        raise Invalid("an instant names its offset", why="not_of_this_page")
    return start


def _day(form: Posted) -> date | None:
    try:
        return date.fromisoformat(form.text("shown"))
    except ValueError:
        return None  # the page then shows today
