"""The address `/`: to the place where one's role begins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from forecourt.pages.menu import places
from forecourt.pages.readers import Reader, anybody, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site


def router(site: Site) -> APIRouter:
    """Give the route of the entry."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/")
    def enter(reader: Annotated[Reader, Depends(anybody(site))]) -> Response:
        return to(places(reader.actor.role)[0][0] if reader.session else "/sign-in")

    return routes
