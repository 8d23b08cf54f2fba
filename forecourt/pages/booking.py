"""Booking: the owner's own wish, or another time for a visit; confirming, moving and declining."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.bookings import confirm, decline, reschedule
from aftersales.cases import Wish
from aftersales.slot_search import SlotQuery
from aftersales.views import get_appointment, get_case
from aftersales.wishes import book
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.slot_choice import offered
from foundation.refusals import Conflict, Invalid, Refusal


def router(site: Site) -> APIRouter:
    """Give the routes of booking."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/cars/{vehicle}/book")
    def choose(vehicle: str, reader: Somebody, service: Wish = Wish.MAINTENANCE, case: str = "") -> Response:
        return _book_page(reader, vehicle, {"service": service, "case": case})

    @routes.post("/cars/{vehicle}/book")
    def hold(vehicle: str, form: Form) -> Response:
        reader = form.reader
        try:
            act(
                form,
                lambda unit: book(
                    unit,
                    reader.actor,
                    site.vehicles.get(unit, reader.actor, vehicle),
                    form.text("slot"),
                    _wish(form.text("service")),
                    form.text("words") or None,
                    form.text("case") or None,
                ),
            )
        except (Conflict, Invalid) as refusal:
            return _book_page(reader, vehicle, form.fields, refusal)
        return to(f"/cars/{quote(vehicle)}?done=held")

    @routes.get("/appointments/{appointment}/move")
    def choose_another(appointment: str, reader: Somebody) -> Response:
        return _move_page(reader, appointment)

    @routes.post("/appointments/{appointment}/move")
    def move(appointment: str, form: Form) -> Response:
        reader = form.reader
        try:
            act(form, lambda unit: reschedule(unit, reader.actor, site.vehicles, appointment, form.text("slot")))
        except (Conflict, Invalid) as refusal:
            return _move_page(reader, appointment, refusal)
        return _back(reader, appointment, "moved")

    @routes.post("/appointments/{appointment}/confirm")
    def accept(appointment: str, form: Form) -> Response:
        act(form, lambda unit: confirm(unit, form.reader.actor, appointment))
        return _back(form.reader, appointment, "confirmed")

    @routes.post("/appointments/{appointment}/decline")
    def refuse(appointment: str, form: Form) -> Response:
        act(form, lambda unit: decline(unit, form.reader.actor, appointment))
        return _back(form.reader, appointment, "declined")

    return routes


def _book_page(reader: Reader, vehicle: str, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    """Show the wishes and the free times of one of them; what was typed before a refusal stays."""
    with reader.unit() as unit:
        found = reader.site.vehicles.get(unit, reader.actor, vehicle)
        case = get_case(unit, reader.actor, typed["case"]) if typed.get("case") else None
        wish = _wish(case["service"] if case else typed.get("service", ""))
        query = SlotQuery(wish=wish, vehicle=vehicle, case=case["id"] if case else None, limit=5000)
        return reader.page(
            "owner/book.html",
            _status(refusal),
            vehicle=found,
            case=case,
            service=wish,
            words=typed.get("words", ""),
            chosen=typed.get("slot", ""),
            days=offered(unit, reader, query),
            refusal=refusal,
        )


def _move_page(reader: Reader, appointment: str, refusal: Refusal | None = None) -> Response:
    with reader.unit() as unit:
        visit = get_appointment(unit, reader.actor, appointment)
        days = offered(unit, reader, SlotQuery(case=visit["case"], limit=5000))
        return reader.page("owner/move.html", _status(refusal), visit=visit, days=days, chosen="", refusal=refusal)


def _back(reader: Reader, appointment: str, done: str) -> Response:
    with reader.unit() as unit:
        vehicle = get_appointment(unit, reader.actor, appointment)["vehicle"]
    return to(f"/cars/{quote(vehicle)}?done={done}")


def _wish(written: str) -> Wish:
    if written not in set(Wish):
        raise Invalid("a visit is for maintenance, repair or inspection")
    return Wish(written)


def _status(refusal: Refusal | None) -> int:
    return int(STATUS.get(refusal.code, 409)) if refusal else 200
