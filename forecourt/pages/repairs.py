"""What an owner does during and after a repair: decides on added lines, reads the settlement sheet, reviews."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.approvals import approve
from aftersales.decisions import Heard
from aftersales.reviews import review
from aftersales.settlement import sheet
from aftersales.views import get_repair_order
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.refusals import Invalid


def router(site: Site) -> APIRouter:
    """Give the routes of an owner's repair order."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/repair-orders/{order}/approvals")
    def decide(order: str, form: Form) -> Response:
        line, decision, reader = form.text("line"), form.text("decision"), form.reader
        heard = Heard(ip=reader.request.client.host if reader.request.client else None)
        shown = {line: form.text("hash")} if form.text("hash") else None
        act(form, lambda unit: approve(unit, reader.actor, order, [line], decision, heard, shown))
        return _back(form.reader, order, "decided")

    @routes.post("/repair-orders/{order}/review")
    def rate(order: str, form: Form) -> Response:
        rating = whole(form.text("rating"), "a rating is a number from 1 to 5")
        act(form, lambda unit: review(unit, form.reader.actor, order, rating, form.text("words")))
        return _back(form.reader, order, "reviewed")

    @routes.get("/repair-orders/{order}/sheet")
    def show_sheet(order: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        with reader.unit() as unit:
            return reader.page("sheet_page.html", sheet=sheet(unit, reader.actor, order))

    return routes


def whole(written: str, wanted: str) -> int:
    """Read a whole number as people write it, such as `123 456`; raises `Invalid` saying what is wanted."""
    digits = "".join(written.replace(",", "").split())
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 12):
        raise Invalid(wanted)
    return int(digits)


def _back(reader: Reader, order: str, done: str) -> Response:
    with reader.unit() as unit:
        vehicle = get_repair_order(unit, reader.actor, order)["vehicle"]
    return to(f"/cars/{quote(vehicle)}?done={done}")
