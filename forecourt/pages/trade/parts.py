"""The search for parts: one box, what fits the reader's car in words, and answers about the car."""

from dataclasses import asdict, replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Response

from aftersales.answers import answer
from aftersales.cases import CaseState
from aftersales.views import list_cases
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, own_path, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from ingest.vehicles import Vehicle
from parts_catalog.fit_view import fit_view
from parts_catalog.fitment import answered, fit_of, question_about
from parts_catalog.http import Chosen, Cursor, Text
from parts_catalog.prices import Buyer, price_of
from parts_catalog.search import Filters, PartHit, count_facets, find
from parts_catalog.search_view import facets_view, understood_view

ANSWERS = "POST /cars/{vehicle}/answers"
Car = Annotated[str | None, Query(max_length=64)]


def router(site: Site) -> APIRouter:
    """Give the routes of the parts pages."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/parts")
    def search(reader: Somebody, chosen: Chosen, q: Text = "", vehicle: Car = None, cursor: Cursor = None) -> Response:
        with reader.unit() as unit:
            cars = site.vehicles.list(unit, reader.actor)
            car = car_of(unit, reader, cars, vehicle)
            config = car.config if car else None
            found = find(unit, q, config, cursor=cursor or None, filters=chosen)
            counted = None if cursor else facets_view(unit, count_facets(unit, q, config, chosen))
            return reader.page(
                "parts/search.html",
                q=q,
                cars=cars,
                car=car,
                rows=rows_of(reader, car, _at_own_prices(unit, reader, found.items)),
                next=found.next,
                understood=understood_view(unit, found.asked) if found.asked else None,
                facets=counted,
                chosen=chosen,
                chips=_chips(chosen),
                link=_links(q, car, chosen),
            )

    @routes.post("/cars/{vehicle}/answers")
    def told(vehicle: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        act(form, lambda unit: _tell(unit, form, vehicle))
        return to(own_path(form.text("back")))

    return routes


def car_of(unit: UnitOfWork, reader: Reader, cars: list[Vehicle], vehicle: str | None) -> Vehicle | None:
    """Give the car that is asked for; of a reader who has one only, that one, unless he chose none (an empty id)."""
    if vehicle:
        return reader.site.vehicles.get(unit, reader.actor, vehicle)
    own = [car for car in cars if car.organisation == reader.actor.organisation]
    return own[0] if vehicle is None and len(own) == 1 else None


def _at_own_prices(unit: UnitOfWork, reader: Reader, hits: list[PartHit]) -> list[PartHit]:
    """Give hits with the prices of the lists that are for the reader."""
    own = price_of(unit, [hit.part.id for hit in hits], buyer=Buyer.of(reader.actor)) if hits else {}
    return [replace(hit, price=own.get(hit.part.id, hit.price)) for hit in hits]


def rows_of(reader: Reader, car: Vehicle | None, hits: list[PartHit]) -> list[dict[str, Any]]:
    """Give what a row shows of each hit; a question stands as a form once, at the first that asks it."""
    answering = reader.site.access.by_route[ANSWERS].own
    may = car is not None and car.organisation == reader.actor.organisation and reader.actor.role in answering
    rows, asked = [], set()
    for hit in hits:
        question = question_about(hit.fit) if hit.fit and may else None
        if question is not None and question.attribute in asked:
            question = None
        asked |= {question.attribute} if question else set()
        rows.append({"hit": hit, "fit": fit_view(hit.fit) if hit.fit else None, "question": question})
    return rows


def _tell(unit: UnitOfWork, form: Posted, vehicle: str) -> None:
    """Keep what the owner says of his car, when the fit of the part that he looked at depends on it.

    A case that waits for the same answer takes it, and goes on.
    """
    site, actor = form.reader.site, form.reader.actor
    attribute, value = form.text("attribute"), form.text("value")
    car = site.vehicles.get(unit, actor, vehicle)
    open_cases = list_cases(unit, actor, vehicle=vehicle, state=CaseState.OPEN).items
    waiting = next((one for one in open_cases if _asks(one, attribute)), None)
    if waiting is not None:
        answer(unit, actor, site.vehicles, waiting["id"], attribute, value)
        return
    fit = fit_of(unit, form.text("part"), car.config)
    question = question_about(fit)
    if question is None or question.attribute != attribute:
        raise Invalid(f"whether the part fits does not depend on {attribute}", why="not_of_this_page")
    site.vehicles.configure(unit, actor, vehicle, answered(car.config, attribute, question.kind, value))


def _asks(case: dict[str, Any], attribute: str) -> bool:
    return any(question["attribute"] == attribute for question in case["questions"])


def _chips(chosen: Filters) -> dict[str, Any]:
    """Give the parameters of the filters that are set, as the address has them."""
    return {name: str(value).lower() if value is True else value for name, value in asdict(chosen).items() if value}


def _links(q: str, car: Vehicle | None, chosen: Filters) -> Any:
    """Give a function from changed filters to the address of the page with them; None takes one out."""

    def link(**changed: Any) -> str:
        filters = _chips(replace(chosen, **changed))
        return f"/parts?{urlencode({'q': q, 'vehicle': car.id if car else '', **filters}, quote_via=quote)}"

    return link
