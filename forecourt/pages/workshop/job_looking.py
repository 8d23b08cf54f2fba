"""At the car: the technician's clock, the lights of an inspection, and photos from the tablet's camera."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from aftersales.repair import clock, inspections
from aftersales.repair.inspections import Light, Stage
from aftersales.repair.photos import Place, add_photo
from forecourt.pages.readers import Posted, WithFile, posted, posted_file
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.workshop.job import tapped, words
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.pictures import MOST_BYTES
from foundation.refusals import Invalid


def router(site: Site) -> APIRouter:
    """Give the routes."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/jobs/{order}/clock")
    def run(order: str, form: Form) -> Response:
        turned = lambda unit: _turn(form)(unit, form.reader.actor, order)  # noqa: E731
        return tapped(form, order, form.text("tab") or "work", turned, form.text("turn"))

    @routes.post("/jobs/{order}/inspections")
    def look(order: str, form: Form) -> Response:
        seen = lambda unit: inspections.look(unit, form.reader.actor, order, *_seen(form))  # noqa: E731
        return tapped(form, order, "looking", seen, "")

    @routes.post("/jobs/{order}/inspections/complete")
    def complete(order: str, form: Form) -> Response:
        close = lambda unit: inspections.complete(unit, form.reader.actor, order, _stage(form))  # noqa: E731
        return tapped(form, order, "looking", close, "step")

    @routes.post("/jobs/{order}/photos")
    def photograph(order: str, sent: Annotated[WithFile, Depends(posted_file(site, "photo"))]) -> Response:
        keep = lambda unit: _keep(unit, sent, order)  # noqa: E731
        return tapped(sent.form, order, "looking", keep, "photographed")

    return routes


def _turn(form: Posted) -> Callable[[UnitOfWork, Actor, str], object]:
    turns = {"start": clock.start, "stop": clock.stop}
    if form.text("turn") not in turns:
        raise Invalid("a clock is started or stopped", why="not_of_this_page")
    return turns[form.text("turn")]


def _seen(form: Posted) -> tuple[Stage, str, Light, str | None]:
    light = form.text("light")
    if light not in set(Light):
        raise Invalid("a light is green, amber or red", why="not_of_this_page")
    return _stage(form), form.text("point"), Light(light), _note(form)


def _keep(unit: UnitOfWork, sent: WithFile, order: str) -> None:
    form, content = sent.form, sent.file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Invalid(
            f"a photo has at most {MOST_BYTES >> 20} MB", why="picture_too_large", told={"megabytes": MOST_BYTES >> 20}
        )
    place = Place(_stage(form), form.text("point")) if form.text("point") else Place()
    add_photo(unit, form.reader.actor, order, content, place, form.reader.site.photos)


def _stage(form: Posted) -> Stage:
    if form.text("stage") not in set(Stage):
        raise Invalid("an inspection's stage is check_in, pre_work or final", why="not_of_this_page")
    return Stage(form.text("stage"))


def _note(form: Posted) -> str | None:
    """Join what was tapped and what was typed."""
    said = [words(form, "phrase", 80), words(form, "note")]
    return ": ".join(one for one in said if one) or None
