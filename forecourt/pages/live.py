"""The one stream of a car's or an order's page: says that something changed, and the page asks for what shows it.

Every event bears the log's cursor as its id; a browser that comes back with `Last-Event-ID` gets what it missed. A
stream holds no database connection while it waits, and it ends when its session ends.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from aftersales.views import list_cases
from forecourt.pages.readers import SESSION_COOKIE, Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.events import Cursor, Event, end_of_log, read_many
from foundation.follow import POLL_S
from foundation.identity import session_of
from foundation.refusals import NotFound, Unauthenticated
from parts_catalog.shop.orders import find_order


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows which vehicle, or which order of the shop, from where in the log."""

    reader: Reader
    vehicle: str
    order: str
    after: Cursor

    def check(self, unit: UnitOfWork) -> None:
        """Raise `NotFound` when it is not the reader's to see."""
        if self.order:
            find_order(unit, self.reader.actor, self.order)
        else:
            self.reader.site.vehicles.get(unit, self.reader.actor, self.vehicle)


def router(site: Site) -> APIRouter:
    """Give the route of the stream."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    def watch(
        reader: Annotated[Reader, Depends(signed_in(site))],
        vehicle: str = "",
        order: str = "",
        after: str | None = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Watch:
        with reader.unit() as unit:
            written = last_event_id or after
            watched = Watch(reader, vehicle, order, Cursor.parse(written) if written else end_of_log(unit))
            watched.check(unit)
            return watched

    @routes.get("/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[Watch, Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        async for cursor, kind in changes(watched):
            yield ServerSentEvent(event="changed", raw_data=kind, id=str(cursor))

    return routes


async def changes(watched: Watch) -> AsyncIterator[tuple[Cursor, str]]:
    """Yield (cursor, kind) of all that happens to the order; or to the vehicle, its cases and their repair orders."""
    wakeups, after = watched.reader.site.wakeups, watched.after
    subjects = await asyncio.to_thread(_subjects, watched)
    while not wakeups.stopped and await asyncio.to_thread(_may_watch, watched):
        with wakeups.interest(subjects) as flag:
            found = await asyncio.to_thread(_behind, watched, subjects, after)
            for event in found:
                after = event.cursor
                yield after, event.kind
            if not found:
                await _set_or_late(flag)
        if found:
            # A new case is told on the vehicle's feed and a new order on its case's: they are followed from now on.
            subjects = await asyncio.to_thread(_subjects, watched)


def _subjects(watched: Watch) -> list[str]:
    if watched.order:
        return [watched.order]
    with watched.reader.unit() as unit:
        cases = list_cases(unit, watched.reader.actor, vehicle=watched.vehicle).items
    orders = [case["repair_order"] for case in cases if case["repair_order"]]
    return [watched.vehicle, *(case["id"] for case in cases), *orders]


def _may_watch(watched: Watch) -> bool:
    """Whether the session still lives and the vehicle may still be seen by it."""
    reader = watched.reader
    with reader.unit() as unit:
        try:
            session_of(unit, reader.request.cookies[SESSION_COOKIE])
            watched.check(unit)
        except (Unauthenticated, NotFound):
            return False
    return True


def _behind(watched: Watch, subjects: list[str], after: Cursor) -> list[Event]:
    with watched.reader.unit() as unit:
        return read_many(unit, subjects, after)


async def _set_or_late(flag: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(flag.wait(), POLL_S)
    except TimeoutError:
        return
