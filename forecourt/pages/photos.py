"""The photos of a car in the workshop, for those who see its repair order."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from aftersales.repair.looking_http import photo_response
from aftersales.repair.photos import get_photo
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site


def router(site: Site) -> APIRouter:
    """Give the route."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/repair-orders/{order}/photos/{photo}")
    def show(order: str, photo: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        with reader.unit() as unit:
            return photo_response(site.photos, get_photo(unit, reader.actor, order, photo))

    return routes
