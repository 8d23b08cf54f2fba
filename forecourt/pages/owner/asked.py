"""What a case asks of the owner's car, answered on his pages."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.answers import answer
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, posted, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site


def router(site: Site) -> APIRouter:
    """Give the route."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.post("/cases/{case}/answers")
    def answered(case: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        attribute, value = form.text("attribute"), form.text("value")
        act(form, lambda unit: answer(unit, form.reader.actor, site.vehicles, case, attribute, value))
        return to(f"/cases/{quote(case)}")

    return routes
