"""Asking something of a car from a page, and agreeing to it: the workshop on its order, the owner on his car."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.views import get_repair_order
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.job import tapped
from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from ingest import commands
from ingest.commands import CommandKind


def router(site: Site) -> APIRouter:
    """Give the routes of commands to a car."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/jobs/{order}/commands")
    def ask_from_order(order: str, form: Form) -> Response:
        return tapped(form, order, "car", lambda unit: ask(unit, form, _vehicle_of(unit, form.reader, order)), "asked")

    @routes.post("/jobs/{order}/commands/{command}")
    def answer_from_order(order: str, command: str, form: Form) -> Response:
        return tapped(form, order, "car", lambda unit: answer(unit, form, command), "answered")

    @routes.post("/cars/{vehicle}/commands")
    def ask_from_car(vehicle: str, form: Form) -> Response:
        act(form, lambda unit: ask(unit, form, vehicle))
        return to(f"/cars/{quote(vehicle)}?done=asked")

    @routes.post("/cars/{vehicle}/commands/{command}")
    def answer_from_car(vehicle: str, command: str, form: Form) -> Response:
        act(form, lambda unit: answer(unit, form, command))
        return to(f"/cars/{quote(vehicle)}?done=answered")

    return routes


def ask(unit: UnitOfWork, form: Posted, vehicle: str) -> None:
    """Ask what the form's button says: reading again, or clearing the codes. A poll plan is not for a page to write."""
    kinds = {kind.value: kind for kind in (CommandKind.SNAPSHOT, CommandKind.CLEAR_DTCS)}
    kind = kinds.get(form.text("kind"))
    if kind is None:
        raise Invalid("this is nothing that a page asks of a car", why="not_of_this_page")
    commands.ask(unit, form.reader.actor, form.reader.site.vehicles, vehicle, kind)


def answer(unit: UnitOfWork, form: Posted, command: str) -> None:
    answers = {"approve": commands.approve, "decline": commands.decline}
    chosen = answers.get(form.text("answer"))
    if chosen is None:
        raise Invalid("the answer is approve or decline", why="not_of_this_page")
    chosen(unit, form.reader.actor, form.reader.site.vehicles, command)


def _vehicle_of(unit: UnitOfWork, reader: Reader, order: str) -> str:
    return str(get_repair_order(unit, reader.actor, order)["vehicle"])
