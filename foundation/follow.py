"""Following the event log from a stream: one listening connection per process, and one reader for all followers.

A follower asks the database nothing and has no thread: the reader looks for all subjects that were told of at once, in
one statement, and hands each event to everybody who follows its subject. No connection is held while it waits. Waking
is a hint only: the reader also looks for every followed subject each `POLL_S` seconds, so a lost notification or a
database restart delays followers and loses nothing.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from foundation.database import Database
from foundation.events import CHANNEL, Event, read_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foundation.follow_many import LogReader

POLL_S = 2.0
AWAY_S = 0.5  # a database that is away is asked again after this
ROOM = 500  # events that wait for a slow follower; what does not fit is read again when there is room


class Wakeups:
    """Listens on the log's channel in a thread of its own and wakes the followers of a subject."""

    def __init__(self, url: str) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._reader: _Reader | None = None
        self.hearing: list[Callable[[str | None], None]] = []  # called with a subject, or None: with all of them
        self.log_reader: LogReader | None = None  # of those who follow several subjects
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

    def reader(self, database: Database) -> "_Reader":
        """Give the one reader of this process; it reads for as long as somebody follows."""
        if self._reader is None:
            self._reader = _Reader(database, self)
        return self._reader

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
                    self._told_nothing_before()
                    while not self._stopped.is_set():
                        for notice in connection.notifies(timeout=0.5):
                            self._hand_over(notice.payload)
            except psycopg.OperationalError:
                # The database is away; followers poll meanwhile, and the supervisor brings it back.
                self._stopped.wait(0.5)

    def _told_nothing_before(self) -> None:
        """Let everybody look: what was told while nobody listened is on file."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def _hand_over(self, subject: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, subject)

    def _wake(self, subject: str) -> None:
        if self._reader is not None:
            self._reader.look_for(subject)
        for hear in self.hearing:
            hear(subject)
        for flag in self._waiting.get(subject, ()):
            flag.set()

    def _wake_all(self) -> None:
        if self._reader is not None:
            self._reader.look_for_all()
        for hear in self.hearing:
            hear(None)
        for flags in self._waiting.values():
            for flag in flags:
                flag.set()


class _Follower:
    """One stream: what waits for it, and the number of the last event that it was handed."""

    __slots__ = ("after", "behind", "failure", "flag", "pending", "subject")

    def __init__(self, subject: str, after: int) -> None:
        self.subject = subject
        self.after = after
        self.pending: deque[Event] = deque()
        self.behind = False  # something did not fit
        self.failure: BaseException | None = None
        self.flag = asyncio.Event()

    def take(self, events: "Sequence[Event]") -> None:
        """Take what comes behind the last that was taken, as far as there is room."""
        for event in events:
            if event.number <= self.after or self.behind:
                continue
            if len(self.pending) >= ROOM:
                self.behind = True
            else:
                self.pending.append(event)
                self.after = event.number
                self.flag.set()


class _Reader:
    """Reads the log for every follower of the process; all of it but the look itself runs in the loop's thread."""

    def __init__(self, database: Database, wakeups: Wakeups) -> None:
        self._database = database
        self._wakeups = wakeups
        self._followers: dict[str, set[_Follower]] = defaultdict(set)
        self._wanted: set[str] = set()
        self._flag = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @contextmanager
    def follower(self, subject: str, after: int) -> "Iterator[_Follower]":
        """Give a follower who has seen everything of the subject up to the number `after`."""
        mine = _Follower(subject, after)
        self._followers[subject].add(mine)
        self.look_for(subject)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="event-log-reader")
        try:
            yield mine
        finally:
            self._followers[subject].discard(mine)
            if not self._followers[subject]:
                del self._followers[subject]

    def look_for(self, subject: str) -> None:
        """Look for new events of a subject, if anybody follows it."""
        if subject in self._followers:
            self._wanted.add(subject)
            self._flag.set()

    def look_for_all(self) -> None:
        """Look for new events of every followed subject; who waits for nothing more, because we stop, ends."""
        self._wanted.update(self._followers)
        self._flag.set()
        if self._wakeups.stopped:
            for followers in self._followers.values():
                for follower in followers:
                    follower.flag.set()

    async def _read(self) -> None:
        try:
            await self._rounds()
        except Exception as failure:  # noqa: BLE001 - loud in every stream; the next follower begins anew
            for followers in self._followers.values():
                for follower in followers:
                    follower.failure = failure
                    follower.flag.set()

    async def _rounds(self) -> None:
        clock = asyncio.get_running_loop().time
        all_at = clock() + POLL_S
        while self._followers and not self._wakeups.stopped:
            if not self._wanted:
                self._flag.clear()
                try:
                    await asyncio.wait_for(self._flag.wait(), max(0.0, all_at - clock()))
                except TimeoutError:
                    self._wanted.update(self._followers)
                    all_at = clock() + POLL_S
            places = self._places()
            try:
                found = await asyncio.to_thread(self._look, places)
            except (OperationalError, InterfaceError):
                # The database is away; the supervisor brings it back, and nothing was handed out.
                self._wanted.update(places)
                await asyncio.sleep(AWAY_S)
            else:
                self._hand_out(places, found)

    def _places(self) -> dict[str, int]:
        """Give, of each subject to look for, the least number that one of its followers with room stands at."""
        wanted = [subject for subject in self._wanted if subject in self._followers]
        self._wanted.clear()
        stand = {subject: [it.after for it in self._followers[subject] if not it.behind] for subject in wanted}
        return {subject: min(numbers) for subject, numbers in stand.items() if numbers}

    def _look(self, places: Mapping[str, int]) -> dict[str, list[Event]]:
        if not places:
            return {}
        with self._database.unit() as unit:
            return read_each(unit, places, ROOM)

    def _hand_out(self, places: Mapping[str, int], found: Mapping[str, list[Event]]) -> None:
        for subject, events in found.items():
            for follower in self._followers.get(subject, ()):
                # Who came meanwhile and stands before the place would miss what lies between; he is looked for next.
                if follower.after >= places[subject]:
                    follower.take(events)
            if len(events) == ROOM:  # there may be more
                self.look_for(subject)


async def follow_together(
    database: Database, wakeups: Wakeups, subject: str, after: int = 0, pause_s: float | None = None
) -> AsyncGenerator[list[Event]]:
    """Yield what is new of a subject with a number above `after`, in order, all that there is at a time.

    An empty list is yielded whenever nothing came for `pause_s`. Ends when the process shuts down.
    """
    reader = wakeups.reader(database)
    with reader.follower(subject, after) as mine:
        while not wakeups.stopped:
            mine.flag.clear()
            if mine.pending:
                news = list(mine.pending)
                mine.pending.clear()
                yield news
            if mine.failure is not None:
                raise mine.failure
            if mine.behind:
                mine.behind = False
                reader.look_for(subject)
            try:
                await asyncio.wait_for(mine.flag.wait(), pause_s)
            except TimeoutError:
                yield []


async def follow(database: Database, wakeups: Wakeups, subject: str, after: int = 0) -> AsyncGenerator[Event]:
    """Yield a subject's events with a number above `after`, each once and in order, then wait for more.

    Ends when the process shuts down.
    """
    async with aclosing(follow_together(database, wakeups, subject, after)) as news:
        async for events in news:
            for event in events:
                yield event
