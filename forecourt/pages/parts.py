"""The parts page: search by number or words, with price, stock, and whether a part fits the chosen car."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from parts_catalog.search import MAXIMUM_TEXT, find


def router(site: Site) -> APIRouter:
    """Give the route of the parts page."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/parts")
    def search(
        reader: Annotated[Reader, Depends(signed_in(site))],
        q: Annotated[str, Query(max_length=MAXIMUM_TEXT)] = "",
        vehicle: str = "",
        cursor: str | None = None,
    ) -> Response:
        with reader.unit() as unit:
            cars = site.vehicles.list(unit, reader.actor)
            car = site.vehicles.get(unit, reader.actor, vehicle) if vehicle else None
            found = find(unit, q, car.config if car else None, cursor=cursor or None)
            return reader.page("parts.html", q=q, cars=cars, car=car, hits=found.items, next=found.next)

    return routes
