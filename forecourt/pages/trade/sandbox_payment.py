"""The sandbox's own page, where a person stands in for the provider: approve, decline, or say nothing."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from aftersales.settlement.bills import PAYABLE as REPAIR
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.task_queue import SEND_NOTICE, queue
from foundation.database import UnitOfWork
from foundation.refusals import Invalid, NotFound
from parts_catalog import payments
from parts_catalog.payments.calling import charge_of
from parts_catalog.payments.payment import Payment
from parts_catalog.payments.sandbox import DECISIONS, NAME, decide, take_notices
from parts_catalog.shop.orders import PAYABLE

# What is paid: where its page is.
BACK = {PAYABLE: "/orders", REPAIR: "/repair-orders"}
SILENT = "silent"
LATE = timedelta(minutes=2)
# How the notice comes: after how long, and how often.
NOTICES = {"once": (timedelta(), 1), "late": (LATE, 1), "twice": (timedelta(), 2)}


def router(site: Site) -> APIRouter:
    """Give the routes of the sandbox's page."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/payments/{payment}/sandbox")
    def show(payment: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        with reader.unit() as unit:
            found = _find(unit, reader, site, payment)
        return reader.page("sandbox_payment.html", payment=found, back=_back(found), notices=tuple(NOTICES))

    @routes.post("/payments/{payment}/sandbox")
    def answer(payment: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        act(form, lambda unit: _decide(unit, form, site, payment))
        with form.reader.unit() as unit:
            found = _find(unit, form.reader, site, payment)
        return to(_back(found) or f"/payments/{payment}/sandbox")

    return routes


def _find(unit: UnitOfWork, reader: Reader, site: Site, payment: str) -> Payment:
    found = payments.find(unit, reader.actor, payment)
    if found.provider != NAME or NAME not in site.providers:
        raise NotFound(f"there is no payment {payment} in the sandbox")
    return found


def _back(payment: Payment) -> str | None:
    """Give the page that says what became of the payment, if there is one."""
    page = BACK.get(payment.payable.kind)
    return f"{page}/{payment.payable.id}" if page else None


def _decide(unit: UnitOfWork, form: Posted, site: Site, payment: str) -> None:
    """Write the decision into the sandbox's books; what it sends of it goes by our own door, as anybody's would."""
    found = _find(unit, form.reader, site, payment)
    decision, notice = form.text("decision"), form.text("notice") or "once"
    if decision == SILENT:
        return
    if decision not in DECISIONS or notice not in NOTICES:
        raise Invalid("the sandbox approves, declines, or says nothing; once, late, or twice", why="not_of_this_page")
    delay, copies = NOTICES[notice]
    decide(unit, charge_of(found), decision, delay, copies)
    for number in take_notices(unit):
        queue(unit, SEND_NOTICE, number=number)
