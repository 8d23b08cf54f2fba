"""Following the event log from a stream: one listening connection per process wakes every follower.

A stream holds no database connection while it waits. Waking is a hint only: followers also look again every
`POLL_S` seconds, so a lost notification or a database restart delays them and loses nothing.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.engine import make_url

from foundation.database import Database, UnitOfWork
from foundation.events import CHANNEL, Cursor, Event, read, read_many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

POLL_S = 2.0


class Wakeups:
    """Listens on the log's channel in a thread of its own and wakes the followers of a subject."""

    def __init__(self, url: str) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="event-log-wakeups", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread.start()

    def release(self) -> None:
        """Let every stream end; safe to call from a signal handler, and the first thing to do when a server stops."""
        self._stopped.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def stop(self) -> None:
        """Let every stream end and stop listening."""
        self.release()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    @contextmanager
    def interest(self, subjects: "Sequence[str]") -> "Iterator[asyncio.Event]":
        """Give a flag that is set whenever one of the subjects gets a new event."""
        flag = asyncio.Event()
        for subject in subjects:
            self._waiting[subject].add(flag)
        try:
            yield flag
        finally:
            for subject in subjects:
                self._waiting[subject].discard(flag)
                if not self._waiting[subject]:
                    del self._waiting[subject]

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._stopped.is_set():
                        for notice in connection.notifies(timeout=0.5):
                            self._hand_over(notice.payload)
            except psycopg.OperationalError:
                # The database is away; followers poll meanwhile, and the supervisor brings it back.
                self._stopped.wait(0.5)

    def _hand_over(self, subject: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, subject)

    def _wake(self, subject: str) -> None:
        for flag in self._waiting.get(subject, ()):
            flag.set()

    def _wake_all(self) -> None:
        for flags in self._waiting.values():
            for flag in flags:
                flag.set()


async def follow(database: Database, wakeups: Wakeups, subject: str, after: int = 0) -> AsyncIterator[Event]:
    """Yield a subject's events with a number above `after`, each once and in order, then wait for more.

    Ends when the process shuts down. Every look at the log is a short unit of work of its own.
    """

    def more(unit: UnitOfWork) -> list[Event]:
        return read(unit, subject, after)

    async for event in _follow(database, wakeups, [subject], lambda: more):
        after = event.number
        yield event


async def follow_many(
    database: Database, wakeups: Wakeups, subjects: "Sequence[str]", after: Cursor
) -> AsyncIterator[Event]:
    """Yield the events of several subjects behind the cursor, in the log's order, then wait for more."""

    def more(unit: UnitOfWork) -> list[Event]:
        return read_many(unit, subjects, after)

    async for event in _follow(database, wakeups, subjects, lambda: more):
        after = event.cursor
        yield event


async def _follow(
    database: Database,
    wakeups: Wakeups,
    subjects: "Sequence[str]",
    reader: Callable[[], Callable[[UnitOfWork], list[Event]]],
) -> AsyncIterator[Event]:
    def look() -> list[Event]:
        with database.unit() as unit:
            return reader()(unit)

    with wakeups.interest(subjects) as flag:
        while not wakeups.stopped:
            flag.clear()
            found = await asyncio.to_thread(look)
            for event in found:
                yield event
            if not found:
                try:
                    await asyncio.wait_for(flag.wait(), POLL_S)
                except TimeoutError:
                    continue
