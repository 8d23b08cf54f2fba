"""The figures of a workshop over some of its days: bays, lead time, first-time fix, the predictor, and its reviews."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from aftersales.repair.reviews import list_reviews
from aftersales.visits.day_plan import own_workshop, own_workshops
from aftersales.workshop.figures import figures
from forecourt.http import STATUS
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.identity import Role
from foundation.refusals import Invalid, NotFound

REVIEWS = 20


def router(site: Site) -> APIRouter:
    """Give the route."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/figures")
    def show(
        reader: Annotated[Reader, Depends(signed_in(site))],
        workshop: str = "",
        first: Annotated[str, Query(alias="from", max_length=10)] = "",
        last: Annotated[str, Query(alias="to", max_length=10)] = "",
    ) -> Response:
        actor = reader.actor
        actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
        refusal = None
        with reader.unit() as unit:
            every = own_workshops(unit, actor)
            if not every:
                raise NotFound("this organisation has no workshop")
            here = own_workshop(unit, actor, workshop) if workshop else every[0]
            try:
                found = figures(unit, actor, here.id, _day(first), _day(last))
            except Invalid as wrong:
                refusal, found = wrong, figures(unit, actor, here.id)
            reviews = list_reviews(unit, actor, here.id, limit=REVIEWS).items
        status = int(STATUS.get(refusal.code, 422)) if refusal else 200
        shown: dict[str, Any] = {"workshops": every, "place": here, "figures": found, "reviews": reviews}
        return reader.page("workshop/figures.html", status, refusal=refusal, **shown)

    return routes


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise Invalid("this is no day", why="no_day") from error
