"""A subject's events as a stream of server-sent events.

Each event was written once, whoever reads it: what follows for one reader more is a wake and a write. (FastAPI's own
streams take three tasks and a validation per event and reader, which is most of the work when a thousand follow.)
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse

from foundation.database import Database
from foundation.follow import Wakeups, follow_together

KEEPALIVE_S = 15.0  # a stream that says nothing for longer is cut by proxies on the way
KEEPALIVE = b": \n\n"


class EventStream(StreamingResponse):
    """An answer that goes on for as long as its reader stays."""

    media_type = "text/event-stream"

    def __init__(self, content: Any = (), status_code: int = 200) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


def stream_of(database: Database, wakeups: Wakeups, subject: str, after: int) -> EventStream:
    """Answer with a subject's events with a number above `after`, and all that come; the id of each is its number."""
    return EventStream(_messages(database, wakeups, subject, after))


async def _messages(database: Database, wakeups: Wakeups, subject: str, after: int) -> AsyncGenerator[bytes]:
    async with aclosing(follow_together(database, wakeups, subject, after, KEEPALIVE_S)) as news:
        async for events in news:
            yield b"".join(event.message for event in events) or KEEPALIVE
