"""The technician's board: today's repair orders of his workshop, his own first, live; and who of its people he is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from aftersales.cases import RepairOrderState
from aftersales.views import list_repair_orders
from aftersales.visits.day_plan import own_workshops
from aftersales.workshop.crew import (
    be_technician,
    claimed_technicians,
    floor_stamp,
    leave_technician,
    own_technicians,
    running_clock,
    unnamed_technicians,
)
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.stamped import stamps
from forecourt.pages.workshop import floor_labels
from foundation.database import UnitOfWork
from foundation.identity import WORKSHOP_ROLES, Role
from foundation.paging import MAXIMUM_LIMIT

OVER = frozenset(
    {
        RepairOrderState.SETTLED,
        RepairOrderState.RELEASED,
        RepairOrderState.CLOSED_DECLINED,
        RepairOrderState.CANCELLED,
    }
)
SOON = timedelta(hours=24)  # what is expected later than this is not today's
LATELY = 20  # of those that are over, the newest


def router(site: Site) -> APIRouter:
    """Give the routes of the board."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    def watch(
        reader: Annotated[Reader, Depends(signed_in(site))],
        after: str = "",
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> tuple[Reader, str, str]:
        reader.actor.must_be(*WORKSHOP_ROLES)
        with reader.unit() as unit:
            here = own_workshops(unit, reader.actor)
        return reader, here[0].id if here else "", last_event_id or after

    @routes.get("/jobs/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[tuple[Reader, str, str], Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        reader, workshop, seen = watched
        stamp, key = lambda unit: floor_stamp(unit, reader.actor), f"floor {reader.actor.account}"
        async for changed in stamps(reader, key, workshop, stamp, seen):
            yield changed

    @routes.get("/jobs")
    def board(reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        reader.actor.must_be(*WORKSHOP_ROLES)
        with reader.unit() as unit:
            template = "workshop/floor_now.html" if reader.is_fragment else "workshop/floor.html"
            return reader.page(template, **_board(unit, reader))

    @routes.post("/jobs/crew")
    def name_himself(form: Annotated[Posted, Depends(posted(site))]) -> Response:
        act(form, lambda unit: be_technician(unit, form.reader.actor, form.text("technician")))
        return to("/jobs")

    @routes.post("/jobs/crew/leave")
    def undo(form: Annotated[Posted, Depends(posted(site))]) -> Response:
        form.reader.actor.must_be(*WORKSHOP_ROLES)
        act(form, lambda unit: leave_technician(unit, form.reader.actor, form.text("technician")))
        return to("/jobs")

    return routes


def _board(unit: UnitOfWork, reader: Reader) -> dict[str, Any]:
    stamp = floor_stamp(unit, reader.actor)
    rows = list_repair_orders(unit, reader.actor, limit=MAXIMUM_LIMIT).items
    mine, clock = own_technicians(unit, reader.actor), running_clock(unit, reader.actor)
    until = (unit.now() + SOON).isoformat()

    def place(row: dict[str, Any]) -> tuple[bool, bool, str]:
        running = clock is not None and clock["order"] == row["id"]
        return not running, row["technician"]["id"] not in mine, str(row["end"])

    open_ones = sorted((row for row in rows if row["state"] not in OVER), key=place)
    today = [row for row in open_ones if row["state"] != RepairOrderState.EXPECTED or row["start"] <= until]
    shown = {row["id"]: row for row in rows}
    return {
        "floor": floor_labels,
        "stamp": stamp,
        "mine": [row for row in today if row["technician"]["id"] in mine],
        "others": [row for row in today if row["technician"]["id"] not in mine],
        "later": [row for row in open_ones if row not in today],
        "over": [row for row in rows if row["state"] in OVER][:LATELY],
        "clock": clock,
        "clocked": shown.get(clock["order"]) if clock else None,
        "crew": claimed_technicians(unit, reader.actor),
        "who": unnamed_technicians(unit, reader.actor) if reader.actor.role is Role.TECHNICIAN else [],
        "vehicles": reader.site.vehicles.of_ids(unit, reader.actor, (row["vehicle"] for row in rows)),
    }
