"""A car that must not be driven on: what to do first, and help on the road."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.assistance import WORDS, Assistance
from aftersales.stopped_cars import ask_assistance
from aftersales.views import get_case
from aftersales.workshop.workshops import Place, read_place
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.job import seen_vehicle
from foundation.access import OWNERS
from foundation.refusals import Invalid


def router(site: Site) -> APIRouter:
    """Give the routes of stopped cars."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/cases/{case}/stopped")
    def show(case: str, reader: Annotated[Reader, Depends(signed_in(site))], done: str = "") -> Response:
        with reader.unit() as unit:
            found = get_case(unit, reader.actor, case)
            vehicle = seen_vehicle(unit, reader, found["vehicle"])
            mine = vehicle is not None and vehicle.organisation == reader.actor.organisation
            return reader.page(
                "owner/stopped.html",
                case=found,
                vehicle=vehicle,
                mine=mine,
                asks=mine and reader.actor.role in OWNERS,
                kinds=WORDS,
                done=done,
            )

    @routes.post("/cases/{case}/assistance")
    def ask(case: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        kind, words, place = _kind(form.text("kind")), form.text("words") or None, _place(form.text("place"))
        act(form, lambda unit: ask_assistance(unit, form.reader.actor, site.vehicles, case, kind, words, place))
        return to(f"/cases/{quote(case)}/stopped?done=helped")

    return routes


def _kind(written: str) -> Assistance:
    if written not in set(Assistance):
        raise Invalid("help is towing or mobile_service", why="not_of_this_page")
    return Assistance(written)


def _place(written: str) -> Place | None:
    return read_place(written) if written else None
