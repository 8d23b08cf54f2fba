"""More work and parts that the technician asks the owner for, and handed-out parts that go back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from aftersales.operations import OPERATIONS
from aftersales.repair.line_changes import GoingBack, give_back
from aftersales.repair.order_lines import Labour, Material, add_line
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, posted
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.job import tapped, words
from foundation.database import UnitOfWork
from foundation.refusals import Invalid

MOST_LINE = 200  # characters of a line's text
MOST_HOURS = 100


def router(site: Site) -> APIRouter:
    """Give the routes."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/jobs/{order}/lines")
    def ask(order: str, form: Form) -> Response:
        vehicles = form.reader.site.vehicles

        def add(unit: UnitOfWork) -> None:
            add_line(unit, form.reader.actor, vehicles, order, _asked(form))

        return tapped(form, order, "lines", add, "asked_owner")

    @routes.post("/jobs/{order}/parts-returns")
    def back(order: str, form: Form) -> Response:
        def give(unit: UnitOfWork) -> None:
            pieces = whole(form.text("pieces") or "1", "the pieces are a whole number")
            gone = GoingBack(form.text("line"), pieces, form.text("where") == "shelf", words(form, "note"))
            give_back(unit, form.reader.actor, order, gone)

        return tapped(form, order, "lines", give, "saved")

    return routes


def _asked(form: Posted) -> Labour | Material:
    """Read what is asked for: a part, an operation of the table, or work in the technician's own words."""
    if form.text("part"):
        return Material(form.text("part"))
    hours = _hundredths(form.text("hours"))
    operation = OPERATIONS.get(form.text("operation"))
    if operation is not None:
        return Labour(operation.en, operation.zh, hours or operation.hours_hundredths, operation.group)
    own = words(form, "work", MOST_LINE)
    if own is None or hours is None:
        raise Invalid(
            "choose an operation, or say in your own words what is to be done, and how many hours it takes",
            why="operation_or_words",
        )
    return Labour(own, own, hours)


def _hundredths(written: str) -> int | None:
    if not written:
        return None
    try:
        hours = float(written)
    except ValueError as error:
        raise Invalid("the hours are a number", why="two_decimals") from error
    if not 0 < hours <= MOST_HOURS:
        raise Invalid(
            f"the hours are more than 0 and at most {MOST_HOURS}", why="hours_out_of_range", told={"most": MOST_HOURS}
        )
    return max(1, round(hours * 100))
