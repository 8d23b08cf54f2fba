"""The stream of a page that shows many things at once: says that their stamp has changed, and the page asks again.

Who follow the same thing share one look at it, so that many of them ask the database no more often than one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from fastapi.sse import ServerSentEvent

from forecourt.pages.looks import LOOK_S
from forecourt.pages.readers import SESSION_COOKIE, Reader
from foundation.database import UnitOfWork
from foundation.follow import Wakeups
from foundation.identity import session_of
from foundation.refusals import NotFound, Unauthenticated

CHECK_S = 10.0  # so long a stream may outlive its session: it tells that something changed, and nothing of what
Stamp = Callable[[UnitOfWork], str]


async def stamps(reader: Reader, key: str, subject: str, stamp: Stamp, seen: str) -> AsyncIterator[ServerSentEvent]:
    """Yield each new stamp, until the session ends, the stamp is no longer the reader's to see, or the server stops.

    `key` names what the stamp is of: whoever has the same key sees the same stamp. An event of `subject` makes it look
    at once. No database connection is held while it waits.
    """
    site, since, checked_at = reader.site, float("-inf"), time.monotonic()

    def look() -> str:
        with reader.unit() as unit:
            return stamp(unit)

    with site.looks.at(key) as shared:
        try:
            while not site.wakeups.stopped:
                if (now := await shared.newer_than(since, look)) != seen:
                    seen = now
                    yield ServerSentEvent(event="changed", raw_data=subject, id=now)
                since = await _a_while(site.wakeups, subject)
                if time.monotonic() >= checked_at + CHECK_S:
                    await asyncio.to_thread(_check, reader, stamp)
                    checked_at = time.monotonic()
        except (Unauthenticated, NotFound):
            return  # the session has ended, or it is no longer his to see


async def _a_while(wakeups: Wakeups, subject: str) -> float:
    """Wait until it is time to look again, or the server stops; gives how new that look has to be."""
    with wakeups.interest([subject]) as flag:
        try:
            await asyncio.wait_for(flag.wait(), LOOK_S)
        except TimeoutError:
            return time.monotonic() - LOOK_S
        return time.monotonic()


def _check(reader: Reader, stamp: Stamp) -> None:
    with reader.unit() as unit:
        session_of(unit, reader.request.cookies[SESSION_COOKIE])
        stamp(unit)
