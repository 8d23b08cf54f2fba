"""A payment that waits: how it is paid, and the code that a telephone scans, for who pays and for the desk."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from aftersales.scope import find_order
from aftersales.settlement.bills import payments_of_order
from forecourt.pages.qr import qr_svg
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.refusals import Conflict
from parts_catalog import payments
from parts_catalog.payments.payment import Payment
from parts_catalog.payments.states import State
from parts_catalog.payments.views import how_to_pay

HEADERS = {"Cache-Control": "private, no-store"}


def router(site: Site) -> APIRouter:
    """Give the routes of codes: the payer's own, and the one that the desk lets its customer scan."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/payments/{payment}/code")
    def code(payment: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            return _drawn(unit, reader, payments.find(unit, reader.actor, payment))

    @routes.get("/board/{order}/code")
    def code_at_the_counter(order: str, reader: Somebody, payment: str = "") -> Response:
        with reader.unit() as unit:
            find_order(unit, reader.actor, order)
            asked = [one for one in payments_of_order(unit, order) if one.id == payment]
            return _drawn(unit, reader, asked[0] if asked else None)

    return routes


def shown_waiting(unit: UnitOfWork, reader: Reader, payment: Payment) -> dict[str, Any] | None:
    """Give how a payment is paid, by a page (`url`) or a `code`, or by neither yet; None: it waits no longer."""
    if payment.state is not State.PENDING or payment.due_at <= unit.now():
        return None
    how = how_to_pay(payment, reader.site.providers)
    return {"id": payment.id, "provider": payment.provider, **(how or {"url": None, "code": None})}


def _drawn(unit: UnitOfWork, reader: Reader, payment: Payment | None) -> Response:
    waits = shown_waiting(unit, reader, payment) if payment else None
    if waits is None or waits["url"] or not waits["code"]:
        raise Conflict("this payment does not wait to be scanned", why="nothing_to_scan")
    return Response(qr_svg(waits["code"]), media_type="image/svg+xml", headers=HEADERS)
