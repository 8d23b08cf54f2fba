"""A subject's events as a stream of server-sent events.

Each event was written once, whoever reads it: what follows for one reader more is a wake and a write. (FastAPI's own
streams take three tasks and a validation per event and reader, which is most of the work when a thousand follow.)
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.responses import StreamingResponse

from foundation.database import Database, UnitOfWork
from foundation.events import newest_number
from foundation.follow import Wakeups, follow_together
from foundation.refusals import Forbidden, NotFound, Unauthenticated

# So often who reads is asked whether he still may, behind what he was told, so that nothing waits for it; a stream
# that says nothing for much longer is cut by proxies on the way, too.
CHECK_S = 10.0
KEEPALIVE = b": \n\n"


@dataclass(frozen=True, slots=True)
class Watched:
    """A subject that somebody follows; `may` raises when it is no longer his to see, or his credential has ended.

    `newest` is the number of its newest event as he comes: who says that he has seen more has it from another subject.
    """

    subject: str
    may: Callable[[UnitOfWork], object]
    newest: int

    @classmethod
    def begin(cls, unit: UnitOfWork, subject: str, may: Callable[[UnitOfWork], object]) -> Self:
        """Ask before the stream opens, so that a refusal is an answer and not a broken stream."""
        may(unit)
        return cls(subject, may, newest_number(unit, subject))


class EventStream(StreamingResponse):
    """An answer that goes on for as long as its reader stays."""

    media_type = "text/event-stream"

    def __init__(self, content: Any = (), status_code: int = 200) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


def stream_of(database: Database, wakeups: Wakeups, watched: Watched, after: int) -> EventStream:
    """Answer with a subject's events with a number above `after`, and all that come; the id of each is its number.

    It ends soon after he may no longer see them.
    """
    return EventStream(_messages(database, wakeups, watched, min(after, watched.newest)))


async def _messages(database: Database, wakeups: Wakeups, watched: Watched, after: int) -> AsyncGenerator[bytes]:
    # A thousand who came together are not all asked in one moment.
    checked_at = time.monotonic() - random.uniform(0, CHECK_S)  # noqa: S311 - it keeps no secret
    async with aclosing(follow_together(database, wakeups, watched.subject, after, CHECK_S)) as news:
        async for events in news:
            yield b"".join(event.message for event in events) or KEEPALIVE
            if not events or time.monotonic() >= checked_at + CHECK_S:
                if not await asyncio.to_thread(_may_still, database, watched):
                    return
                checked_at = time.monotonic()


def _may_still(database: Database, watched: Watched) -> bool:
    try:
        with database.unit() as unit:
            watched.may(unit)
    except (Unauthenticated, Forbidden, NotFound):
        return False
    except (OperationalError, InterfaceError):
        pass  # the database is away, and nothing is read from it meanwhile either
    return True
