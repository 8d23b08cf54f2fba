"""The lines of an order at the desk: added, changed, taken off, and what the owner said of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from aftersales.permissions import Act
from aftersales.repair.approvals import approve
from aftersales.repair.line_changes import change, withdraw
from aftersales.repair.order_lines import add_line
from aftersales.repair.photos import add_signature
from aftersales.settlement.choices import note_customer_parts
from aftersales.views import get_repair_order
from forecourt.pages.owner.repairs import read_decision, whole
from forecourt.pages.readers import Posted, WithFile, posted, posted_file
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.desk import at_desk
from forecourt.pages.workshop.desk_forms import changed_line, found_line, heard, said
from foundation.database import UnitOfWork
from foundation.pictures import MOST_BYTES

OFF = "off"


def router(site: Site) -> APIRouter:
    """Give the routes."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/board/{order}/lines")
    def add(order: str, form: Form) -> Response:
        actor = form.reader.actor

        def do(unit: UnitOfWork) -> Any:
            return add_line(unit, actor, site.vehicles, order, found_line(form, currency_of(unit, form, order)))

        return at_desk(form, order, Act.ADD_LINES, do, "line_added")

    @routes.post("/board/{order}/lines/{line}")
    def alter(order: str, line: str, form: Form) -> Response:
        actor = form.reader.actor

        def do(unit: UnitOfWork) -> Any:
            if form.text("do") == OFF:
                return withdraw(unit, actor, order, line)
            return change(unit, actor, order, line, changed_line(form, currency_of(unit, form, order)))

        return at_desk(form, order, Act.ADD_LINES, do, "line_off" if form.text("do") == OFF else "line_changed")

    @routes.post("/board/{order}/approvals")
    def take_down(order: str, signed: Annotated[WithFile, Depends(posted_file(site, "signature"))]) -> Response:
        form, picture = signed.form, signed.file.read(MOST_BYTES + 1)
        actor = form.reader.actor

        def do(unit: UnitOfWork) -> None:
            decision, lines, shown = read_decision(form.fields)
            signature = add_signature(unit, actor, order, picture, site.photos) if picture else None
            approve(unit, actor, order, lines, decision, heard(form, signature), shown)

        return at_desk(form, order, Act.APPROVE, do, "taken_down")

    @routes.post("/board/{order}/customer-parts")
    def brought(order: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> None:
            note_customer_parts(unit, form.reader.actor, order, _brought(said(form, "parts", 5000)))

        return at_desk(form, order, Act.NOTE_CUSTOMER_PARTS, do, "saved")

    return routes


def currency_of(unit: UnitOfWork, form: Posted, order: str) -> str:
    """Give the currency in which an order that the reader may see is priced."""
    return str(get_repair_order(unit, form.reader.actor, order)["totals"]["gross"]["currency"])


def _brought(written: str) -> list[tuple[str, int]]:
    """Read the customer's own parts: one a line, with `x 2` behind what is more than one."""
    parts = []
    for line in written.splitlines():
        name, _, pieces = line.strip().rpartition(" x ")
        if line.strip():
            wanted = "say how many as a whole number"
            parts.append((name.strip(), whole(pieces, wanted)) if name else (line.strip(), 1))
    return parts
