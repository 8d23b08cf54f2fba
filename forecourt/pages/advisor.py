"""The advisor's board: the visits that are coming, the cars that are here, and what waits for its settlement."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from aftersales.cases import AppointmentState, RepairOrderState
from aftersales.views import list_appointments, list_repair_orders
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.identity import Role
from foundation.paging import MAXIMUM_LIMIT

WORKING = frozenset(RepairOrderState) - {
    RepairOrderState.EXPECTED,
    RepairOrderState.COMPLETED,
    RepairOrderState.SETTLED,
    RepairOrderState.RELEASED,
    RepairOrderState.CLOSED_DECLINED,
    RepairOrderState.CANCELLED,
}
# column: the states of its orders
COLUMNS = (
    ("expected", {RepairOrderState.EXPECTED}),
    ("working", WORKING),
    ("completed", {RepairOrderState.COMPLETED}),
    ("settled", {RepairOrderState.SETTLED, RepairOrderState.RELEASED}),
)
SHOWN = 30  # per column


def router(site: Site) -> APIRouter:
    """Give the route of the board."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/board")
    def board(reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        reader.actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
        with reader.unit() as unit:
            orders = list_repair_orders(unit, reader.actor, limit=MAXIMUM_LIMIT).items
            visits = list_appointments(unit, reader.actor, state=AppointmentState.HELD, limit=MAXIMUM_LIMIT).items
            cars = {car.id: car for car in site.vehicles.list(unit, reader.actor)}
        held = [one for one in visits if one["state"] == AppointmentState.HELD]
        return reader.page("workshop/board.html", held=held[:SHOWN], columns=_columns(orders), vehicles=cars)

    return routes


def _columns(orders: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    sorted_in: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for order in sorted(orders, key=lambda one: str(one["start"])):
        for name, states in COLUMNS:
            if order["state"] in states:
                sorted_in[name].append(order)
    return [(name, sorted_in[name][-SHOWN:]) for name, _ in COLUMNS]
