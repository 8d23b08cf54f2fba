"""What comes back to a seller: returns to decide, to receive, and to inspect piece by piece."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade import stock_words
from foundation.database import UnitOfWork
from foundation.paging import Page
from foundation.refusals import Conflict, Invalid, NotFound, Refusal
from parts_catalog.payments import ask_again, refused
from parts_catalog.returns.judging import Finding, inspect, take_step
from parts_catalog.returns.states import ReturnState
from parts_catalog.returns.views import list_returns, return_view
from parts_catalog.shop.orders import PAYABLE
from parts_catalog.shop.permissions import SELLING
from parts_catalog.warehouse.locations import list_locations

AT_ONCE = 40
OURS = (ReturnState.ASKED, ReturnState.RECEIVED)  # whose next step is the seller's, and is not to wait for a parcel
STEPS = ("approve", "refuse", "receive")
# What becomes of a piece that came back, as a form's fields name it.
FATES = ("restock", "scrap", "reject")
Cursor = Annotated[str | None, Query(max_length=1000)]


def router(site: Site) -> APIRouter:
    """Give the routes of the seller's side of returns."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/returns")
    def listed(reader: Somebody, state: ReturnState | None = None, cursor: Cursor = None, done: str = "") -> Response:
        reader.actor.must_be(*SELLING)
        with reader.unit() as unit:
            page = _taken(unit, reader, state, cursor)
            waiting = [] if state or cursor else [row for one in OURS for row in _taken(unit, reader, one).items]
            shown = {row["id"] for row in waiting}
            return reader.page(
                "stock/returns.html",
                waiting=waiting,
                refused=refused(unit, reader.actor, site.payables, PAYABLE),
                done=done,
                returns=[row for row in page.items if row["id"] not in shown],
                next=page.next,
                state=state,
                words=stock_words,
            )

    @routes.post("/returns/refunds/{refund}")
    def give_back_again(refund: str, form: Form) -> Response:
        form.reader.actor.must_be(*SELLING)
        act(form, lambda unit: ask_again(unit, form.reader.actor, site.payables, refund))
        return to("/returns?done=refund_asked")

    @routes.get("/returns/{return_id}")
    def one(return_id: str, reader: Somebody, done: str = "") -> Response:
        return _one(reader, return_id, done=done)

    @routes.post("/returns/{return_id}/steps")
    def step(return_id: str, form: Form) -> Response:
        actor, name, words = form.reader.actor, form.text("step"), form.text("answer")
        actor.must_be(*SELLING)
        if name not in STEPS:
            raise NotFound("there is no such step of a return")
        try:
            act(form, lambda unit: take_step(unit, actor, return_id, name, words))
        except (Conflict, Invalid) as refusal:
            return _one(form.reader, return_id, form, refusal)
        return to(f"/returns/{quote(return_id)}?done=told")

    @routes.post("/returns/{return_id}/inspection")
    def look(return_id: str, form: Form) -> Response:
        form.reader.actor.must_be(*SELLING)
        try:
            act(form, lambda unit: _inspect(unit, form, return_id))
        except (Conflict, Invalid) as refusal:
            return _one(form.reader, return_id, form, refusal)
        return to(f"/returns/{quote(return_id)}?done=told")

    return routes


def _taken(unit: UnitOfWork, reader: Reader, state: str | None, cursor: str | None = None) -> Page[dict[str, Any]]:
    return list_returns(unit, reader.actor, state=state, order=None, limit=AT_ONCE, cursor=cursor, taken_back=True)


def _inspect(unit: UnitOfWork, form: Posted, return_id: str) -> None:
    shown = _taken_back(unit, form.reader, return_id)
    findings = [
        Finding(
            number, *(whole(form.text(f"{fate}_{number}") or "0", "write whole numbers of pieces") for fate in FATES)
        )
        for number in pieces_of(shown)
    ]
    inspect(unit, form.reader.actor, return_id, findings, form.text("answer"))


def pieces_of(shown: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Give a return by line: pieces of one line that came from several places are looked at together."""
    lines: dict[int, dict[str, Any]] = {}
    for row in shown["lines"]:
        line = lines.setdefault(row["number"], {**row, "quantity": 0, "places": []})
        line["quantity"] += row["quantity"]
        line["places"].append(row)
    return lines


def _taken_back(unit: UnitOfWork, reader: Reader, return_id: str) -> dict[str, Any]:
    """Give a return that the reader's house takes back; its own purchases are on other pages."""
    shown = return_view(unit, reader.actor, return_id)
    if shown["seller"] != reader.actor.organisation:
        raise NotFound(f"there is no return {return_id}")
    return shown


def _one(
    reader: Reader, return_id: str, form: Posted | None = None, refusal: Refusal | None = None, *, done: str = ""
) -> Response:
    """Show a return to its seller; what was typed before a refusal stays."""
    reader.actor.must_be(*SELLING)
    with reader.unit() as unit:
        shown = _taken_back(unit, reader, return_id)
        return reader.page(
            "stock/return.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            back=shown,
            lines=pieces_of(shown),
            locations={one.id: one for one in list_locations(unit, reader.actor.organisation)},
            fates=FATES,
            typed=dict(form.fields) if form else {},
            words=stock_words,
            refusal=refusal,
            done=done,
        )
