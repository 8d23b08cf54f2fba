"""The plot beside a finding: its strongest measure from trip to trip, and what this car should show."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from diagnostics.excerpts import excerpt
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site


def router(site: Site) -> APIRouter:
    """Give the route of the plot's data."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/cars/{vehicle}/findings/{finding}/trend")
    def trend(vehicle: str, finding: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> JSONResponse:
        with reader.unit() as unit:
            site.vehicles.get(unit, reader.actor, vehicle)
            shown = excerpt(unit, reader.actor, finding)
        if shown is None:
            return JSONResponse({"at": [], "value": [], "expected": [], "unit": ""})
        at = [round(instant.timestamp()) for instant in shown.at]
        unit_shown = "" if shown.unit == "1" else shown.unit
        return JSONResponse({"at": at, "value": shown.value, "expected": shown.expected, "unit": unit_shown})

    return routes
