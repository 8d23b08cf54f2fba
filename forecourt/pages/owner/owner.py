"""The owner's pages: his cars, and one car with its live values, what it reports, its findings and its visits."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from aftersales.cases import CaseState
from aftersales.views import get_repair_order, list_cases
from diagnostics.faults import FAULTS
from diagnostics.findings import URGENCY_TEXT
from diagnostics.told import list_findings
from forecourt.pages.car_report import car_report
from forecourt.pages.owner.car_state import shown_state
from forecourt.pages.owner.fleet import costs_table, overview
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.voltage import PLOTTED
from foundation.database import UnitOfWork
from foundation.events import end_of_log
from ingest.vehicles import Vehicle


def router(site: Site) -> APIRouter:
    """Give the routes of the owner's pages."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/cars")
    def cars(
        reader: Somebody, show: str = "", q: Annotated[str, Query(max_length=100)] = "", page: int = 1
    ) -> Response:
        with reader.unit() as unit:
            template = "owner/cars_now.html" if reader.is_fragment else "owner/cars.html"
            return reader.page(template, **overview(unit, reader, show, q.strip(), page))

    @routes.get("/cars/repairs.csv")  # no car's id has a dot
    def repairs(reader: Somebody) -> Response:
        named = {"Content-Disposition": 'attachment; filename="repairs.csv"'}
        return StreamingResponse(costs_table(reader), media_type="text/csv; charset=utf-8", headers=named)

    @routes.get("/cars/{vehicle}")
    def car(vehicle: str, reader: Somebody, done: str = "") -> Response:
        with reader.unit() as unit:
            # Taken before the page's content is read: what happens meanwhile comes again by the stream.
            cursor = end_of_log(unit)
            found = site.vehicles.get(unit, reader.actor, vehicle)
            return reader.page(
                "owner/car.html",
                cursor=cursor,
                done=done,
                car=car_report(unit, reader, vehicle),
                **(_visits(unit, reader, found) | _findings(unit, reader, found) | _state(unit, reader, found)),
            )

    @routes.get("/cars/{vehicle}/visits")
    def visits(vehicle: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            found = site.vehicles.get(unit, reader.actor, vehicle)
            return reader.page("owner/visits.html", **_visits(unit, reader, found))

    @routes.get("/cars/{vehicle}/findings")
    def findings(vehicle: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            found = site.vehicles.get(unit, reader.actor, vehicle)
            return reader.page("owner/findings.html", **_findings(unit, reader, found))

    @routes.get("/cars/{vehicle}/codes")
    def codes(vehicle: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            found = site.vehicles.get(unit, reader.actor, vehicle)
            return reader.page("owner/codes.html", vehicle=found, car=car_report(unit, reader, vehicle))

    @routes.get("/cars/{vehicle}/state")
    def state(vehicle: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            found = site.vehicles.get(unit, reader.actor, vehicle)
            return reader.page("owner/state.html", **_state(unit, reader, found))

    return routes


def _visits(unit: UnitOfWork, reader: Reader, vehicle: Vehicle) -> dict[str, Any]:
    """Give the cases of a car: what is going on in full, what is over in short, and the orders of both."""
    cases = list_cases(unit, reader.actor, vehicle=vehicle.id).items
    orders = {
        case["id"]: get_repair_order(unit, reader.actor, case["repair_order"])
        for case in cases
        if case["repair_order"] is not None
    }
    return {"vehicle": vehicle, "cases": cases, "orders": orders}


def _findings(unit: UnitOfWork, reader: Reader, vehicle: Vehicle) -> dict[str, Any]:
    settled = list_cases(unit, reader.actor, vehicle=vehicle.id, state=CaseState.SETTLED).items
    return {
        "vehicle": vehicle,
        "findings": list_findings(unit, reader.actor, vehicle.id),
        "faults": FAULTS,
        "urgencies": URGENCY_TEXT,
        "plotted": PLOTTED,
        "repaired": {finding["id"] for case in settled for finding in case["findings"]},
    }


def _state(unit: UnitOfWork, reader: Reader, vehicle: Vehicle) -> dict[str, Any]:
    return {"vehicle": vehicle, "state": shown_state(unit, reader, vehicle.id)}
