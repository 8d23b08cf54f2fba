"""A seller's parcels: what to pick where, the late ones first; one parcel with a big button for its next move."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade import stock_words
from foundation.http import NO_NUL
from foundation.identity import organisation_name
from foundation.refusals import Conflict, Invalid, Refusal
from parts_catalog import stock
from parts_catalog.shop.permissions import SELLING
from parts_catalog.shop.picking import pick_list, work_list
from parts_catalog.shop.promises import today
from parts_catalog.shop.shipments import number_of, take_move
from parts_catalog.shop.states import AHEAD, ShipmentState
from parts_catalog.shop.views import list_shipments, shipment_view
from parts_catalog.warehouse.locations import list_locations, own_location

AT_ONCE = 40
AWAY = (ShipmentState.SHIPPED, ShipmentState.DELIVERED, ShipmentState.LOST, ShipmentState.CANCELLED)
Text = Annotated[str, Query(max_length=100, pattern=NO_NUL)]
Cursor = Annotated[str | None, Query(max_length=1000)]


def router(site: Site) -> APIRouter:
    """Give the routes of shipments."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/shipments")
    def listed(reader: Somebody, location: Text = "", state: Text = "", cursor: Cursor = None) -> Response:
        return _list(reader, location or None, state, cursor)

    @routes.get("/shipments/{shipment}")
    def one(shipment: str, reader: Somebody, done: str = "") -> Response:
        return _one(reader, shipment, done=done)

    @routes.get("/shipments/{shipment}/slip")
    def slip(shipment: str, reader: Somebody) -> Response:
        reader.actor.must_be(*SELLING)
        with reader.unit() as unit:
            shown = shipment_view(unit, reader.actor, shipment)
            return reader.page(
                "stock/slip.html",
                shipment=shown,
                place=own_location(unit, reader.actor.organisation, shown["location"]),
                sender=organisation_name(unit, reader.actor.organisation),
            )

    @routes.post("/shipments/{shipment}/moves")
    def move(shipment: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        actor, name = form.reader.actor, form.text("move")
        actor.must_be(*SELLING)
        try:
            number = number_of(site.database, actor, site.carrier, shipment) if name == "ship" else None
            act(form, lambda unit: take_move(unit, actor, shipment, name, number))
        except (Conflict, Invalid) as refusal:
            return _one(form.reader, shipment, refusal)
        return to(f"/shipments/{quote(shipment)}?done=told")

    return routes


def _list(reader: Reader, location: str | None, state: str, cursor: str | None) -> Response:
    """Show the work that waits; or what has left the house, by its state."""
    reader.actor.must_be(*SELLING)
    actor = reader.actor
    with reader.unit() as unit:
        away = state in AWAY
        if away:
            page = list_shipments(unit, actor, state=state, location=location, limit=AT_ONCE, cursor=cursor)
        else:
            page = work_list(unit, actor, location, AT_ONCE, cursor)
        return reader.page(
            "stock/shipments.html",
            locations={one.id: one for one in list_locations(unit, actor.organisation)},
            location=location or "",
            state=state if away else "",
            states=AWAY,
            picks=[] if away or cursor else pick_list(unit, actor, location),
            groups=[(one, [row for row in page.items if row["state"] == one]) for one in (AWAY if away else _AHEAD)],
            next=page.next,
            today=today(reader.now, None).isoformat(),
            words=stock_words,
        )


_AHEAD = tuple(one for one in ShipmentState if one in AHEAD)


def _one(reader: Reader, shipment: str, refusal: Refusal | None = None, *, done: str = "") -> Response:
    reader.actor.must_be(*SELLING)
    with reader.unit() as unit:
        shown = shipment_view(unit, reader.actor, shipment)
        waits = [one for one in stock.waiting(unit, shown["order"]) if one.location == shown["location"]]
        return reader.page(
            "stock/shipment.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            shipment=shown,
            place=own_location(unit, reader.actor.organisation, shown["location"]),
            awaited={one.part: one for one in waits},
            today=today(reader.now, None).isoformat(),
            words=stock_words,
            refusal=refusal,
            done=done,
        )
