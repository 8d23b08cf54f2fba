"""The one stream of a page: says that something changed, and the page asks for what shows it.

Every event bears the log's cursor as its id; a browser that comes back with `Last-Event-ID` gets what it missed. A
stream holds no database connection while it waits, and it ends when what opened it does: a session, or a link. Its last
word then lets the page ask once more, and show that it has ended.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from aftersales.scope import find_order as find_repair
from aftersales.views import list_cases
from forecourt.pages.readers import SESSION_COOKIE, Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.events import Cursor, Event, end_of_log
from foundation.follow_many import follow_many
from foundation.identity import session_of
from foundation.refusals import NotFound, Unauthenticated
from parts_catalog.shop.orders import find_order

ENDED = "ended"  # the kind of the last word
CHECK_S = 10.0  # so long a stream may outlive its session: it tells that something changed, and nothing of what
LastEvent = Annotated[str | None, Header(alias="last-event-id")]


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows what, from where in the log.

    `check` raises `Unauthenticated` or `NotFound` when it is no longer his to see; `subjects` gives what is followed as
    it is now. Both are asked again as the stream goes on.
    """

    site: Site
    check: Callable[[UnitOfWork], object]
    subjects: Callable[[UnitOfWork], list[str]]
    after: Cursor
    changes: Callable[[Event], bool] = lambda _: False  # whether `subjects` may be others after an event


def router(site: Site) -> APIRouter:
    """Give the route of the stream of a car, of an order of the shop, or of a repair order."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    def watch(
        reader: Annotated[Reader, Depends(signed_in(site))],
        vehicle: str = "",
        order: str = "",
        repair: str = "",
        after: str | None = None,
        last_event_id: LastEvent = None,
    ) -> Watch:
        if order:
            return begin(reader, lambda unit: _of_order(unit, reader, order), last_event_id or after)
        if repair:
            return begin(reader, lambda unit: _of_repair(unit, reader, repair), last_event_id or after)
        watched = begin(
            reader,
            lambda unit: _of_vehicle(unit, reader, vehicle),
            last_event_id or after,
            lambda unit: site.vehicles.get(unit, reader.actor, vehicle),
        )
        return replace(watched, changes=opens_more)

    @routes.get("/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[Watch, Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        async for event in told(watched):
            yield event

    return routes


def begin(
    reader: Reader,
    subjects: Callable[[UnitOfWork], list[str]],
    written: str | None,
    may: Callable[[UnitOfWork], object] | None = None,
) -> Watch:
    """Begin to follow as a signed-in person, from a cursor or from now on.

    `may` raises when it is not his to see; without it `subjects` does.
    """

    def check(unit: UnitOfWork) -> None:
        session_of(unit, reader.request.cookies[SESSION_COOKIE])
        (may or subjects)(unit)

    with reader.unit() as unit:
        after = Cursor.parse(written) if written else end_of_log(unit)
        check(unit)
    return Watch(reader.site, check, subjects, after)


async def told(watched: Watch) -> AsyncIterator[ServerSentEvent]:
    """Yield what a page is told: that something of this kind happened, and at last that it may see no more."""
    async for cursor, kind in changes(watched):
        yield ServerSentEvent(event="changed", raw_data=kind, id=str(cursor))


async def changes(watched: Watch) -> AsyncIterator[tuple[Cursor, str]]:
    """Yield (cursor, kind) of all that happens to what is watched; whether he still may is asked now and then."""
    site, checked_at = watched.site, time.monotonic()
    news = follow_many(
        site.database, site.wakeups, watched.subjects, watched.after, pause_s=CHECK_S, changes=watched.changes
    )
    try:
        async with aclosing(news):
            async for event in news:
                if event is None or time.monotonic() >= checked_at + CHECK_S:
                    await asyncio.to_thread(_check, watched)
                    checked_at = time.monotonic()
                if event is not None:
                    yield event.cursor, event.kind
    except (Unauthenticated, NotFound):
        # What opened it has ended, or what it follows is no longer his to see.
        yield watched.after, ENDED


def opens_more(event: Event) -> bool:
    """Whether there may be a case or a repair order behind it that was not followed before; work on one is none."""
    return event.kind != "progress"


def _of_order(unit: UnitOfWork, reader: Reader, order: str) -> list[str]:
    find_order(unit, reader.actor, order)
    return [order]


def _of_repair(unit: UnitOfWork, reader: Reader, order: str) -> list[str]:
    return [order, find_repair(unit, reader.actor, order).case]


def _of_vehicle(unit: UnitOfWork, reader: Reader, vehicle: str) -> list[str]:
    cases = list_cases(unit, reader.actor, vehicle=vehicle).items
    orders = [case["repair_order"] for case in cases if case["repair_order"]]
    return [vehicle, *(case["id"] for case in cases), *orders]


def _check(watched: Watch) -> None:
    with watched.site.database.unit() as unit:
        watched.check(unit)
