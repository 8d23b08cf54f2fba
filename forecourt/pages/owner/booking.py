"""Booking, as an owner does it on his phone: a wish or a finding, a workshop, a time; then it is held for him."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.cases import CaseState, Wish
from aftersales.permissions import Act, require
from aftersales.views import get_case, list_cases
from aftersales.visits.slot_search import SlotQuery, find_slots
from aftersales.visits.wishes import book
from forecourt.http import STATUS
from forecourt.pages.acting import act_for
from forecourt.pages.owner.slot_choice import ALL, by_day
from forecourt.pages.owner.workshop_choice import choices
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.refusals import Conflict, Invalid, Refusal
from ingest.vehicles import Vehicle


def router(site: Site) -> APIRouter:
    """Give the routes of booking."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/cars/{vehicle}/book")
    def choose(
        vehicle: str, reader: Somebody, service: Wish | None = None, case: str = "", workshop: str = ""
    ) -> Response:
        if service is None and not case:
            return _wish_page(reader, vehicle)
        return _book_page(reader, vehicle, {"service": service or "", "case": case, "workshop": workshop})

    @routes.post("/cars/{vehicle}/book/times")
    def look(vehicle: str, form: Form) -> Response:
        """Show the times of another workshop; what was typed stays on the page and out of its address."""
        return _book_page(form.reader, vehicle, form.fields)

    @routes.post("/cars/{vehicle}/book")
    def hold(vehicle: str, form: Form) -> Response:
        try:
            made = act_for(form, lambda unit: _hold(unit, form, vehicle))
        except (Conflict, Invalid) as refusal:
            return _book_page(form.reader, vehicle, form.fields, refusal)
        return to(f"/appointments/{quote(made)}?done=held")

    return routes


def _hold(unit: UnitOfWork, form: Posted, vehicle: str) -> str:
    reader = form.reader
    visit = book(
        unit,
        reader.actor,
        reader.site.vehicles.get(unit, reader.actor, vehicle),
        form.text("slot"),
        wish_of(form.text("service")),
        form.text("words") or None,
        form.text("case") or None,
    )
    return str(visit["id"])


def _bookable(unit: UnitOfWork, reader: Reader, vehicle: str) -> Vehicle:
    """Give a car that the reader may book for: whom it is only opened to is shown no form that he may not send."""
    found = reader.site.vehicles.get(unit, reader.actor, vehicle)
    require(reader.actor, Act.BOOK, owner=found.organisation)
    return found


def _wish_page(reader: Reader, vehicle: str) -> Response:
    """Ask what the visit is for: a fault that was found and has no visit yet, or a wish."""
    with reader.unit() as unit:
        found = _bookable(unit, reader, vehicle)
        waiting = list_cases(unit, reader.actor, vehicle=vehicle, state=CaseState.OPEN).items
        return reader.page("owner/wish.html", vehicle=found, waiting=waiting)


def _book_page(reader: Reader, vehicle: str, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    """Show workshops and the free times of one of them; what was typed before a refusal stays."""
    with reader.unit() as unit:
        found = _bookable(unit, reader, vehicle)
        case = get_case(unit, reader.actor, typed["case"]) if typed.get("case") else None
        wish = wish_of(case["service"] if case else typed.get("service", ""))
        loaner = typed.get("loaner") == "yes"
        query = SlotQuery(wish=wish, vehicle=vehicle, case=case["id"] if case else None, limit=ALL, loaner=loaner)
        shown = _offer(unit, reader, query, typed.get("workshop", ""))
        return reader.page(
            "owner/times.html" if reader.is_fragment else "owner/book.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            vehicle=found,
            case=case,
            service=wish,
            words=typed.get("words", ""),
            chosen=typed.get("slot", ""),
            loaner=loaner,
            refusal=refusal,
            choices=choices(unit, reader, found, shown["all"]),
            **shown,
        )


def _offer(unit: UnitOfWork, reader: Reader, query: SlotQuery, workshop: str) -> dict[str, Any]:
    """Give all slots, the workshop that is shown (as asked, else the one that is done first) and its days."""
    every = find_slots(unit, reader.actor, reader.site.vehicles, query)
    places = {slot["workshop"]["id"]: slot["workshop"] for slot in every}
    shown = workshop if workshop in places else next(iter(places), "")
    if len(every) == ALL and shown:  # the earliest ones of all places; of the one that is shown, all are wanted
        own = find_slots(unit, reader.actor, reader.site.vehicles, replace(query, workshop=shown))
    else:
        own = [slot for slot in every if slot["workshop"]["id"] == shown]
    days = by_day(own)
    return {"all": every, "shown": places.get(shown), "days": days}


def wish_of(written: str) -> Wish:
    if written not in set(Wish):
        raise Invalid("a visit is for maintenance, repair or inspection", why="not_of_this_page")
    return Wish(written)
