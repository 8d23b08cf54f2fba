"""Following several subjects at once: one reader of the process reads what is new in the log, once for everybody.

A follower looks for himself when he comes, with the cursor at which he stands, and again when what he follows may be
other subjects now. From then on the reader hands him what it finds: it reads the whole log behind its own place, in
(xid, id) order, for as long as somebody follows, and no connection is held while it waits.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError

from foundation.database import Database, UnitOfWork
from foundation.events import Cursor, Event, end_of_log, read_many
from foundation.follow import AWAY_S, POLL_S, ROOM, Wakeups

AT_ONCE = 500
# What was told of but is not settled yet, for an older transaction still runs, is looked for again after so long.
SOON_S = 0.05

Subjects = Callable[[UnitOfWork], Sequence[str]]


class _Follower:
    """One stream: the subjects that it follows, and what waits for it."""

    __slots__ = ("behind", "failure", "flag", "pending", "subjects")

    def __init__(self) -> None:
        self.subjects: frozenset[str] = frozenset()
        self.pending: deque[Event] = deque()
        self.behind = False  # something did not fit: he looks for himself, and is handed nothing until he has
        self.failure: BaseException | None = None
        self.flag = asyncio.Event()

    def take(self, event: Event) -> None:
        if self.behind or len(self.pending) >= ROOM:
            self.behind = True
        else:
            self.pending.append(event)
        self.flag.set()


class LogReader:
    """Reads the log for every follower of several subjects; all but the look itself runs in the loop's thread."""

    def __init__(self, database: Database, wakeups: Wakeups) -> None:
        self._database = database
        self._wakeups = wakeups
        self._by_subject: dict[str, set[_Follower]] = defaultdict(set)
        self._of_all: set[_Follower] = set()
        self._followers: set[_Follower] = set()
        self._told_of: set[str] = set()
        self._flag = asyncio.Event()
        self._placed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        wakeups.hearing.append(self._hear)

    @contextmanager
    def follower(self) -> Iterator[_Follower]:
        mine = _Follower()
        self._followers.add(mine)
        if self._reading is None or self._reading.done():
            self._placed.clear()
            self._reading = asyncio.create_task(self._read(), name="event-log-reader-of-many")
        try:
            yield mine
        finally:
            self.follow(mine, ())
            self._followers.discard(mine)

    def follow(self, mine: _Follower, subjects: Sequence[str] | None) -> None:
        """Let a follower follow these subjects (None: all) from now on."""
        (self._of_all.add if subjects is None else self._of_all.discard)(mine)
        wanted = frozenset(subjects or ())
        for subject in mine.subjects - wanted:
            self._by_subject[subject].discard(mine)
            if not self._by_subject[subject]:
                del self._by_subject[subject]
        for subject in wanted - mine.subjects:
            self._by_subject[subject].add(mine)
        mine.subjects = wanted

    async def placed(self) -> None:
        """Wait until the reader has its place: who looks for himself before that could miss what lies between."""
        await self._placed.wait()

    def _hear(self, subject: str | None) -> None:
        """Hear that a subject has something new (None: anything may have)."""
        if subject is None:
            self._flag.set()
            if self._wakeups.stopped:
                for follower in self._followers:
                    follower.flag.set()
        elif self._of_all or subject in self._by_subject:
            self._told_of.add(subject)
            self._flag.set()

    async def _read(self) -> None:
        try:
            await self._rounds()
        except Exception as failure:  # noqa: BLE001 - loud in every stream; the next follower begins anew
            for follower in self._followers:
                follower.failure = failure
                follower.flag.set()
        finally:
            self._placed.set()

    async def _rounds(self) -> None:
        place: Cursor | None = None
        soon = SOON_S
        while self._followers and not self._wakeups.stopped:
            self._flag.clear()
            awaited = frozenset(self._told_of)
            self._told_of.clear()
            try:
                place, found = await asyncio.to_thread(self._look, place)
                self._placed.set()
            except (OperationalError, InterfaceError):
                # The database is away; the supervisor brings it back, and nothing was handed out.
                await asyncio.sleep(AWAY_S)
                continue
            for event in found:
                for follower in (*self._of_all, *self._by_subject.get(event.subject, ())):
                    follower.take(event)
            if len(found) == AT_ONCE:  # there may be more
                continue
            unsettled = awaited - {event.subject for event in found}
            if unsettled and soon < POLL_S:
                self._told_of |= unsettled
                await self._wait(soon)
                soon *= 2
            else:
                soon = SOON_S
                await self._wait(POLL_S)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._flag.wait(), seconds)
        except TimeoutError:
            return

    def _look(self, place: Cursor | None) -> tuple[Cursor, list[Event]]:
        with self._database.unit() as unit:
            if place is None:
                # Who came before that has still to look for himself, and sees what lies before it.
                return end_of_log(unit), []
            found = read_many(unit, None, place, AT_ONCE)
            return (found[-1].cursor if found else place), found


def reader_of(database: Database, wakeups: Wakeups) -> LogReader:
    """Give the one reader of this process."""
    if wakeups.log_reader is None:
        wakeups.log_reader = LogReader(database, wakeups)
    return wakeups.log_reader


async def follow_many(
    database: Database,
    wakeups: Wakeups,
    subjects: Subjects | None,
    after: Cursor,
    *,
    pause_s: float = 3600.0,
    changes: Callable[[Event], bool] = lambda _: False,
) -> AsyncGenerator[Event | None]:
    """Yield the events of several subjects behind the cursor, each once and in the log's order, then wait for more.

    None is yielded whenever nothing came for `pause_s`. `subjects` gives what is followed (None: everything); it is
    asked again after an event that `changes` it, and what those have told meanwhile is not missed. Ends when the
    process shuts down.
    """
    reader = reader_of(database, wakeups)
    with reader.follower() as mine:
        look = True
        while not wakeups.stopped:
            if look or mine.behind:
                await _look(database, reader, mine, subjects, after)
                look = False
            mine.flag.clear()
            while mine.pending and not look:
                event = mine.pending.popleft()
                if event.cursor > after:
                    after = event.cursor
                    look = changes(event)
                    yield event
            if mine.failure is not None:
                raise mine.failure
            if look or mine.behind:
                continue
            try:
                await asyncio.wait_for(mine.flag.wait(), pause_s)
            except TimeoutError:
                yield None


async def _look(
    database: Database, reader: LogReader, mine: _Follower, subjects: Subjects | None, after: Cursor
) -> None:
    """Find out what is followed, be handed what is new of it from now on, and read what lies before that."""

    def named() -> list[str] | None:
        if subjects is None:
            return None
        with database.unit() as unit:
            return list(subjects(unit))

    def behind(names: Sequence[str] | None) -> list[Event]:
        with database.unit() as unit:
            return read_many(unit, names, after, AT_ONCE)

    names = await asyncio.to_thread(named)
    mine.pending.clear()
    mine.behind = False
    reader.follow(mine, names)
    await reader.placed()
    found = await asyncio.to_thread(behind, names)
    if len(found) == AT_ONCE:  # there may be more, and what was handed over meanwhile may lie behind that
        mine.pending.clear()
        mine.behind = True
    mine.pending.extendleft(reversed(found))
