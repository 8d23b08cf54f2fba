"""What the technician found: condition, cause and correction, and whether the predictor's findings were so."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from aftersales.repair.corrections import PARTS, Fault, add_fault, change_fault
from aftersales.repair.verdicts import Judged, Verdict, give_verdict
from forecourt.pages.owner.repairs import whole
from forecourt.pages.readers import Posted, posted
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.job import tapped, words
from foundation.database import UnitOfWork
from foundation.refusals import Invalid


def router(site: Site) -> APIRouter:
    """Give the routes."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/jobs/{order}/findings")
    def add(order: str, form: Form) -> Response:
        return tapped(
            form, order, "found", lambda unit: add_fault(unit, form.reader.actor, order, _fault(form)), "saved"
        )

    @routes.post("/jobs/{order}/findings/{number}")
    def more(order: str, number: str, form: Form) -> Response:
        def say(unit: UnitOfWork) -> None:
            which = whole(number, "a finding is known by its number")
            change_fault(unit, form.reader.actor, order, which, _fault(form))

        return tapped(form, order, "found", say, "saved")

    @routes.post("/jobs/{order}/verdicts")
    def judge(order: str, form: Form) -> Response:
        def give(unit: UnitOfWork) -> None:
            verdict = form.text("verdict")
            if verdict not in set(Verdict):
                raise Invalid("a verdict is found, not_found or other_fault", why="not_of_this_page")
            other = form.text("other") if verdict == Verdict.OTHER_FAULT else ""
            judged = Judged(Verdict(verdict), other or None, words(form, "note"))
            give_verdict(unit, form.reader.actor, order, form.text("finding"), judged)

        return tapped(form, order, "found", give, "saved")

    return routes


def _fault(form: Posted) -> Fault:
    return Fault(**{name: words(form, name) for name in PARTS})
