"""The parts manager's shelves: what lies where, held or free, each shelf's ledger, and what is done there by hand."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ValidationError

from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade import stock_words
from foundation.database import UnitOfWork
from foundation.http import NO_NUL
from foundation.identity import Role, members
from foundation.refusals import Conflict, Invalid, NotFound, Refusal, Stale
from parts_catalog.fitment import get_part
from parts_catalog.search import find
from parts_catalog.warehouse import counting, deliveries, keeping, lists
from parts_catalog.warehouse.bodies import Adjusted, DeliveryChange, Moved, NewDelivery, Receipt
from parts_catalog.warehouse.locations import list_locations, own_location
from parts_catalog.warehouse.permissions import KEEPING

AT_ONCE = 20
PIECES = "write a whole number of pieces"
Text = Annotated[str, Query(max_length=100, pattern=NO_NUL)]
Cursor = Annotated[str | None, Query(max_length=1000)]
B = TypeVar("B", bound=BaseModel)


def router(site: Site) -> APIRouter:
    """Give the routes of shelves and of what is to come to them."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/stock")
    def shelves(reader: Somebody, number: Text = "", location: Text = "", cursor: Cursor = None) -> Response:
        return _shelves(reader, number.strip(), location, cursor)

    @routes.get("/stock/deliveries")
    def coming(reader: Somebody, location: Text = "", cursor: Cursor = None, done: str = "") -> Response:
        return _deliveries(reader, location, cursor, done=done)

    @routes.post("/stock/deliveries/{delivery}")
    def deal(delivery: str, form: Form) -> Response:
        form.reader.actor.must_be(*KEEPING)
        try:
            act(form, lambda unit: _deal(unit, form, delivery))
        except (Conflict, Invalid, Stale) as refusal:
            return _deliveries(form.reader, "", None, form=form, at=delivery, refusal=refusal)
        return to("/stock/deliveries?done=booked")

    @routes.get("/stock/{location}/{part}")
    def shelf(location: str, part: str, reader: Somebody, cursor: Cursor = None, done: str = "") -> Response:
        return _shelf(reader, location, part, cursor, done=done)

    @routes.post("/stock/{location}/{part}")
    def change(location: str, part: str, form: Form) -> Response:
        form.reader.actor.must_be(*KEEPING)
        what = form.text("do")
        if what not in CHANGES:
            raise NotFound("there is nothing like this to do with a shelf")
        try:
            act(form, lambda unit: _change(unit, form, location, part))
        except (Conflict, Invalid) as refusal:
            return _shelf(form.reader, location, part, None, form=form, refusal=refusal)
        return to(f"{address_of(location, part)}?done={'counting' if what == 'count' else 'booked'}")

    return routes


def _change(unit: UnitOfWork, form: Posted, location: str, part: str) -> None:
    own_location(unit, form.reader.actor.organisation, location)  # another's is not there, whatever the form says
    CHANGES[form.text("do")](unit, form, location, part)


def address_of(location: str, part: str) -> str:
    return f"/stock/{quote(location, safe='')}/{quote(part, safe='')}"


def _receive(unit: UnitOfWork, form: Posted, location: str, part: str) -> None:
    pieces, reason = _pieces(form), form.text("reason") or None
    keeping.receive(
        unit, form.reader.actor, said(Receipt, part=part, location=location, quantity=pieces, reason=reason)
    )


def _adjust(unit: UnitOfWork, form: Posted, location: str, part: str) -> None:
    kind, pieces = form.text("kind"), _pieces(form)
    if kind not in stock_words.ADJUSTING:
        raise Invalid("say whether pieces were found, are missing, or are scrapped", why="not_of_this_page")
    signed = pieces if kind == "found" else -pieces
    booked = "scrapped" if kind == "scrapped" else "adjusted"
    about = {"part": part, "location": location, "quantity": signed, "kind": booked, "reason": form.text("reason")}
    keeping.adjust(unit, form.reader.actor, said(Adjusted, **about))


def _move(unit: UnitOfWork, form: Posted, location: str, part: str) -> None:
    about = {"part": part, "source": location, "target": form.text("target"), "reason": form.text("reason") or None}
    keeping.move(unit, form.reader.actor, said(Moved, **about, quantity=_pieces(form)))


def _expect(unit: UnitOfWork, form: Posted, location: str, part: str) -> None:
    about = {"supplier": form.text("supplier"), "part": part, "location": location, "day": form.text("day")}
    new = said(NewDelivery, **about, quantity=_pieces(form))
    actor = form.reader.actor
    deliveries.expect_delivery(unit, actor.organisation, new.supplier, (part, location), new.quantity, new.day)


def _count(unit: UnitOfWork, form: Posted, location: str, part: str) -> None:
    counting.begin_counts(unit, form.reader.actor, location, [part])


def _book(unit: UnitOfWork, form: Posted, _location: str, _part: str) -> None:
    counting.book_count(unit, form.reader.actor, form.text("count"), whole(form.text("counted"), PIECES))


def _drop(unit: UnitOfWork, form: Posted, _location: str, _part: str) -> None:
    counting.drop_count(unit, form.reader.actor, form.text("count"))


CHANGES: Mapping[str, Callable[[UnitOfWork, Posted, str, str], None]] = {
    "receive": _receive,
    "adjust": _adjust,
    "move": _move,
    "expect": _expect,
    "count": _count,
    "book": _book,
    "drop": _drop,
}


def _deal(unit: UnitOfWork, form: Posted, delivery: str) -> None:
    """Let pieces of a delivery arrive, change what comes or when, or note that the rest does not come."""
    actor, what = form.reader.actor, form.text("do")
    row = deliveries.get_delivery(unit, actor.organisation, delivery)
    if what == "arrived":
        about = {"part": row.part, "location": row.location, "delivery": delivery}
        keeping.receive(unit, actor, said(Receipt, **about, quantity=_pieces(form)))
        return
    version = whole(form.text("version"), "the form has lost its version")
    if what == "cancel":
        change = DeliveryChange(state="cancelled")
    else:
        change = said(DeliveryChange, quantity=_pieces(form), day=form.text("day"))
    keeping.change_delivery(unit, actor, delivery, version, change)


def _pieces(form: Posted) -> int:
    return whole(form.text("quantity"), PIECES)


def said(body: type[B], **given: Any) -> B:
    """Read what a form says as a body of the wire; raises `Invalid` with the first thing that is wrong."""
    try:
        return body.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(
            f"{first['loc'][-1] if first['loc'] else 'the form'}: {first['msg']}", why="field_does_not_fit"
        ) from error


def _shelves(reader: Reader, number: str, location: str, cursor: str | None) -> Response:
    reader.actor.must_be(*KEEPING)
    with reader.unit() as unit:
        places = list_locations(unit, reader.actor.organisation)
        asked = {"number": number or None, "location": location or None}
        page = lists.list_stock(unit, reader.actor, AT_ONCE, cursor, asked)
        kept = {row.part for row in page.items}
        hits = find(unit, number, None).items[:AT_ONCE] if number and not cursor else []
        return reader.page(
            "stock/shelves.html",
            locations={one.id: one for one in places},
            number=number,
            location=location,
            shelves=page.items,
            next=page.next,
            elsewhere=[hit.part for hit in hits if hit.part.id not in kept],
        )


def _shelf(
    reader: Reader,
    location: str,
    part: str,
    cursor: str | None,
    *,
    form: Posted | None = None,
    refusal: Refusal | None = None,
    done: str = "",
) -> Response:
    """Show one part at one location, with what may be done there; what was typed before a refusal stays."""
    reader.actor.must_be(*KEEPING)
    asked = {"part": part, "location": location}
    with reader.unit() as unit:
        actor = reader.actor
        place = own_location(unit, actor.organisation, location)
        kept = lists.list_stock(unit, actor, 1, None, asked).items
        changes = lists.list_changes(unit, actor, AT_ONCE, cursor, asked)
        return reader.page(
            "stock/shelf.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            path=address_of(location, part),
            place=place,
            others=[one for one in list_locations(unit, actor.organisation) if one.id != place.id],
            shelf=kept[0] if kept else None,
            part=kept[0] if kept else get_part(unit, part),
            changes=changes.items,
            next=changes.next,
            people={one.account: one.name for one in members(unit, actor.organisation, Role)},
            count=next(iter(lists.list_counts(unit, actor, 1, None, asked | {"state": "open"}).items), None),
            coming=lists.list_deliveries(unit, actor, AT_ONCE, None, asked | {"state": "expected"}).items,
            waits=lists.list_back_orders(unit, actor, AT_ONCE, None, asked | {"state": "waiting"}).items,
            today=reader.now.date().isoformat(),
            words=stock_words,
            at=form.text("do") if form else "",
            typed=dict(form.fields) if form else {},
            refusal=refusal,
            done=done,
        )


def _deliveries(
    reader: Reader,
    location: str,
    cursor: str | None,
    *,
    form: Posted | None = None,
    at: str = "",
    refusal: Refusal | None = None,
    done: str = "",
) -> Response:
    """Show what suppliers are to send, the next day first; `at`: the delivery that a form was refused at."""
    reader.actor.must_be(*KEEPING)
    with reader.unit() as unit:
        places = list_locations(unit, reader.actor.organisation)
        asked = {"location": location or None, "state": "expected"}
        page = lists.list_deliveries(unit, reader.actor, AT_ONCE, cursor, asked)
        if form and at not in {row.id for row in page.items}:
            page.items.insert(0, deliveries.get_delivery(unit, reader.actor.organisation, at))
        parts = {row.part: get_part(unit, row.part) for row in page.items}
        return reader.page(
            "stock/deliveries.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            locations={one.id: one for one in places},
            location=location,
            deliveries=page.items,
            parts=parts,
            next=page.next,
            today=reader.now.date(),
            at=at,
            typed=dict(form.fields) if form else {},
            refusal=refusal,
            done=done,
        )
