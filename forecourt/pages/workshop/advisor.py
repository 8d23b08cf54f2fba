"""The advisor's board: the orders of the day by what each waits for, live, and the visits that are proposed."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from aftersales.cases import AppointmentState
from aftersales.repair.board import board, board_stamp
from aftersales.settlement.bills import PAYABLE
from aftersales.views import list_appointments
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.stamped import stamps
from foundation.database import UnitOfWork
from foundation.identity import Role
from foundation.paging import MAXIMUM_LIMIT
from parts_catalog.payments import refused

SHOWN = 30  # per column


def router(site: Site) -> APIRouter:
    """Give the routes of the board."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    def watch(
        reader: Annotated[Reader, Depends(signed_in(site))],
        after: str = "",
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> tuple[Reader, str]:
        reader.actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
        return reader, last_event_id or after

    @routes.get("/board/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[tuple[Reader, str], Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        reader, seen = watched
        key = f"board {reader.actor.organisation}"  # all of a house's desks see the same
        async for changed in stamps(reader, key, "board", lambda unit: board_stamp(unit, reader.actor), seen):
            yield changed

    @routes.get("/board")
    def show(reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        reader.actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
        with reader.unit() as unit:
            template = "workshop/board_now.html" if reader.is_fragment else "workshop/board.html"
            return reader.page(template, **_board(unit, reader))

    return routes


def _board(unit: UnitOfWork, reader: Reader) -> dict[str, Any]:
    # Taken before the board is read: what changes meanwhile comes again by the stream.
    stamp = board_stamp(unit, reader.actor)
    visits = list_appointments(unit, reader.actor, state=AppointmentState.HELD, limit=MAXIMUM_LIMIT).items
    held = [one for one in visits if one["state"] == AppointmentState.HELD][:SHOWN]
    columns = [
        {**one, "orders": one["orders"][:SHOWN], "count": len(one["orders"])} for one in board(unit, reader.actor)
    ]
    shown = [*held, *(order for column in columns for order in column["orders"])]
    return {
        "stamp": stamp,
        "held": held,
        "refused": refused(unit, reader.actor, reader.site.payables, PAYABLE),
        "columns": columns,
        "vehicles": reader.site.vehicles.of_ids(unit, reader.actor, (one["vehicle"] for one in shown)),
    }
