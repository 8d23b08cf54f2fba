"""The stream of a page that shows many things at once: says that their stamp has changed, and the page asks again."""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi.sse import ServerSentEvent

from forecourt.pages.readers import SESSION_COOKIE, Reader
from foundation.database import UnitOfWork
from foundation.follow import POLL_S, Wakeups
from foundation.identity import session_of
from foundation.refusals import NotFound, Unauthenticated

Stamp = Callable[[UnitOfWork], str]


async def stamps(reader: Reader, subject: str, stamp: Stamp, seen: str) -> AsyncIterator[ServerSentEvent]:
    """Yield each new stamp, until the session ends, the stamp is no longer the reader's to see, or the server stops.

    An event of `subject` makes it look at once. No database connection is held while it waits.
    """
    wakeups = reader.site.wakeups
    while not wakeups.stopped and (now := await asyncio.to_thread(_now, reader, stamp)) is not None:
        if now != seen:
            seen = now
            yield ServerSentEvent(event="changed", raw_data=subject, id=now)
        await _a_while(wakeups, subject)


async def _a_while(wakeups: Wakeups, subject: str) -> None:
    """Wait until it is time to look again, or the server stops."""
    with wakeups.interest([subject]) as flag:
        try:
            await asyncio.wait_for(flag.wait(), POLL_S / 2)
        except TimeoutError:
            return


def _now(reader: Reader, stamp: Stamp) -> str | None:
    with reader.unit() as unit:
        try:
            session_of(unit, reader.request.cookies[SESSION_COOKIE])
            return stamp(unit)
        except (Unauthenticated, NotFound):
            return None
