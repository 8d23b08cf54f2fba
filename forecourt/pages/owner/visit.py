"""One visit of an owner: held with its time running, confirmed with its calendar file, moved, declined, or offered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response

from aftersales.cases import CaseState
from aftersales.permissions import Act, require
from aftersales.telling.consents import Channel, Purpose, list_consents
from aftersales.views import get_appointment, get_case
from aftersales.visits.bookings import confirm, decline, reschedule
from aftersales.visits.calendar_file import calendar_file
from aftersales.visits.slot_search import SlotQuery
from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.owner.slot_choice import ALL, offered
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.access import OWNERS
from foundation.database import UnitOfWork
from foundation.events import end_of_log
from foundation.identity import Role
from foundation.refusals import Conflict, Invalid, Refusal


def router(site: Site) -> APIRouter:
    """Give the routes of a visit."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/appointments/{appointment}")
    def show(appointment: str, reader: Somebody, done: str = "") -> Response:
        with reader.unit() as unit:
            cursor = end_of_log(unit)
            shown = _visit(unit, reader, appointment)
            if shown["visit"]["replaces"]:  # another time on offer is shown beside the visit it is for
                return to(f"/appointments/{quote(shown['visit']['replaces'])}")
            return reader.page("owner/visit.html", cursor=cursor, done=done, **shown)

    @routes.get("/appointments/{appointment}/now")
    def show_again(appointment: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            return reader.page("owner/visit_now.html", **_visit(unit, reader, appointment))

    @routes.get("/appointments/{appointment}/visit.ics")
    def file(appointment: str, reader: Somebody) -> Response:
        language = "zh" if reader.language.startswith("zh") else "en"
        with reader.unit() as unit:
            content = calendar_file(unit, reader.actor, appointment, language)  # type: ignore[arg-type]
        return Response(content, media_type="text/calendar; charset=utf-8")

    @routes.get("/cases/{case}")
    def show_case(case: str, reader: Somebody) -> Response:
        """Lead to where a case is dealt with: what a message names is a case."""
        with reader.unit() as unit:
            found = get_case(unit, reader.actor, case)
        if found["urgent"] and found["advice"]:
            return to(f"/cases/{quote(case)}/stopped")
        visit = found["appointment"]
        if found["state"] in {CaseState.IN_REPAIR, CaseState.SETTLED}:
            return to(repair_of(reader, found))
        if visit and visit["workshop"]["organisation"] == reader.actor.organisation:
            return to(calendar_of(visit))
        return to(f"/appointments/{quote(visit['id'])}" if visit else f"/cars/{quote(found['vehicle'])}")

    _decisions(routes, site)
    return routes


def _decisions(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/appointments/{appointment}/move")
    def choose_another(appointment: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        return _move_page(reader, appointment)

    @routes.post("/appointments/{appointment}/move")
    def move(appointment: str, form: Form) -> Response:
        reader = form.reader
        try:
            act(form, lambda unit: reschedule(unit, reader.actor, site.vehicles, appointment, form.text("slot")))
        except (Conflict, Invalid) as refusal:
            return _move_page(reader, appointment, refusal)
        return to(f"/appointments/{quote(appointment)}?done=moved")

    @routes.post("/appointments/{appointment}/confirm")
    def accept(appointment: str, form: Form) -> Response:
        ip = form.reader.request.client.host if form.reader.request.client else None
        visit = act_for(form, lambda unit: str(confirm(unit, form.reader.actor, appointment, ip)["id"]))
        done = "confirmed" if visit == appointment else "moved"
        return to(f"/appointments/{quote(visit)}?done={done}")

    @routes.post("/appointments/{appointment}/decline")
    def refuse(appointment: str, form: Form) -> Response:
        kept = act_for(form, lambda unit: decline(unit, form.reader.actor, appointment)["replaces"] or "")
        done = "kept" if kept else "declined"
        return to(f"/appointments/{quote(kept or appointment)}?done={done}")


def repair_of(reader: Reader, case: Mapping[str, Any]) -> str:
    """Give where the repair of a case is dealt with, by who looks: its owner, the desk, or who works on it."""
    workshop = case["appointment"]["workshop"]["organisation"] == reader.actor.organisation
    desk = reader.actor.role in {Role.ADVISOR, Role.WORKSHOP_MANAGER}
    page = "repair-orders" if not workshop else "board" if desk else "jobs"
    return f"/{page}/{quote(case['repair_order'])}"


def calendar_of(visit: Mapping[str, Any]) -> str:
    """Give the address of a visit on its workshop's calendar."""
    place = visit["workshop"]
    day = datetime.fromisoformat(visit["start"]).astimezone(ZoneInfo(place["zone"])).date()
    return f"/calendar?{urlencode({'workshop': place['id'], 'day': day, 'visit': visit['id']})}"


def _visit(unit: UnitOfWork, reader: Reader, appointment: str) -> dict[str, Any]:
    visit = get_appointment(unit, reader.actor, appointment)
    given = [one for one in list_consents(unit, reader.actor) if one["withdrawn_at"] is None]
    return {
        "visit": visit,
        "case": get_case(unit, reader.actor, visit["case"]),
        "vehicle": reader.site.vehicles.get(unit, reader.actor, visit["vehicle"]),
        "shares": reader.actor.role in OWNERS,
        "channels": list(Channel),
        "agreed": {one["channel"] for one in given if one["purpose"] == Purpose.REMINDERS},
        "phone": next((one["phone"] for one in given if one["phone"]), ""),
    }


def _move_page(reader: Reader, appointment: str, refusal: Refusal | None = None) -> Response:
    with reader.unit() as unit:
        visit = get_appointment(unit, reader.actor, appointment)
        owner = reader.site.vehicles.get(unit, reader.actor, visit["vehicle"]).organisation
        require(reader.actor, Act.RESCHEDULE, owner=owner)
        days = offered(unit, reader, SlotQuery(case=visit["case"], limit=ALL))
        status = int(STATUS.get(refusal.code, 409)) if refusal else 200
        return reader.page("owner/move.html", status, visit=visit, days=days, chosen="", refusal=refusal)
