"""The technician's pages: the workshop's repair orders, and one order with a big button for each next step."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.cases import HoldReason, RepairOrderState
from aftersales.repair_orders import Said, take_step
from aftersales.settlement import settle
from aftersales.views import get_case, get_repair_order, list_repair_orders
from diagnostics.faults import FAULTS
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.car_report import car_report
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.repairs import whole
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.identity import WORKSHOP_ROLES
from foundation.paging import MAXIMUM_LIMIT
from foundation.refusals import Conflict, Invalid, NotFound, Refusal
from ingest.vehicles import Vehicle

OVER = frozenset(
    {
        RepairOrderState.SETTLED,
        RepairOrderState.RELEASED,
        RepairOrderState.CLOSED_DECLINED,
        RepairOrderState.CANCELLED,
    }
)
SOON = timedelta(hours=24)  # what is expected later than this is not today's


def router(site: Site) -> APIRouter:
    """Give the routes of the workshop floor."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/jobs")
    def orders(reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        reader.actor.must_be(*WORKSHOP_ROLES)
        with reader.unit() as unit:
            return reader.page("workshop/orders.html", **_orders(unit, reader))

    @routes.get("/jobs/{order}")
    def one_order(order: str, reader: Annotated[Reader, Depends(signed_in(site))], done: str = "") -> Response:
        return order_page(reader, order, done=done)

    @routes.post("/jobs/{order}/steps")
    def step(order: str, form: Form) -> Response:
        actor = form.reader.actor
        try:
            written = form.text("mileage_km")
            mileage = whole(written, "the mileage is a whole number of kilometres") if written else None
            note = form.text("note") or None
            reason = HoldReason(form.text("reason")) if form.text("reason") in set(HoldReason) else None
            said = Said(mileage, reason, form.text("fee") or None)
            act(form, lambda unit: take_step(unit, actor, order, form.text("step"), note, said=said))
        except (Conflict, Invalid) as refusal:
            return order_page(form.reader, order, form, refusal)
        return to(f"/jobs/{quote(order)}?done=step")

    @routes.post("/jobs/{order}/settlement")
    def close(order: str, form: Form) -> Response:
        old_parts = {"yes": True, "no": False}.get(form.text("return_old_parts"))
        try:
            act(form, lambda unit: settle(unit, form.reader.actor, order, old_parts))
        except (Conflict, Invalid) as refusal:
            return order_page(form.reader, order, form, refusal)
        return to(f"/jobs/{quote(order)}?done=settled")

    return routes


def order_page(
    reader: Reader, order: str, form: Posted | None = None, refusal: Refusal | None = None, done: str = ""
) -> Response:
    """Show one repair order to the workshop; what was typed before a refusal stays."""
    reader.actor.must_be(*WORKSHOP_ROLES)
    with reader.unit() as unit:
        found = get_repair_order(unit, reader.actor, order)
        vehicle = seen_vehicle(unit, reader, found["vehicle"])
        return reader.page(
            "workshop/order.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            order=found,
            case=get_case(unit, reader.actor, found["case"]),
            vehicle=vehicle,
            car=car_report(unit, reader, vehicle.id) if vehicle else None,
            faults=FAULTS,
            typed=dict(form.fields) if form else {},
            refusal=refusal,
            done=done,
        )


def _orders(unit: UnitOfWork, reader: Reader) -> dict[str, Any]:
    rows = list_repair_orders(unit, reader.actor, limit=MAXIMUM_LIMIT).items
    open_ones = sorted((row for row in rows if row["state"] not in OVER), key=lambda row: str(row["start"]))
    until = (unit.now() + SOON).isoformat()
    today = [row for row in open_ones if row["state"] != RepairOrderState.EXPECTED or row["start"] <= until]
    return {
        "today": today,
        "later": [row for row in open_ones if row not in today],
        "over": [row for row in rows if row["state"] in OVER][:20],
        "vehicles": {row["vehicle"]: seen_vehicle(unit, reader, row["vehicle"]) for row in rows},
    }


def seen_vehicle(unit: UnitOfWork, reader: Reader, vehicle: str) -> Vehicle | None:
    """Give the car of an order or case, or None while its owner has not opened it to the workshop."""
    try:
        return reader.site.vehicles.get(unit, reader.actor, vehicle)
    except NotFound:
        return None
