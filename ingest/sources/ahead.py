"""Reading ahead: the next batch is collected and decoded while one is being committed."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ingest.arrived import Arrived
from ingest.dialects import Decoded, decode
from ingest.sources.mqtt import MOST_BYTES

_A_LITTLE = 0.1  # of a tick

_Read = tuple[list[Arrived], list[Decoded]]


class Ahead:
    """One batch ahead, and no more: it is taken in order, by one thread, and acknowledged by nobody before its commit.

    A commit waits for the disk and the database half of its time; decoding costs the other thread nothing then. What
    arrives while a commit takes longer than a tick still joins the batch that is next, until that is taken or full.
    """

    def __init__(self, collect: Callable[[float, int, int], list[Arrived]], tick_s: float, most: int) -> None:
        """Read what `collect(seconds, messages, bytes)` gives: a tick's and more, `most` messages at most."""
        self._collect = collect
        self._tick_s, self._most = tick_s, most
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._wanted = threading.Event()
        self._next: Future[_Read] | None = None
        self.waiting = False  # whether a batch is there already

    def take(self) -> _Read:
        """Give the next deliveries, none when a tick brought none, and what they say; raises what collecting raised."""
        self._wanted.set()
        found = (self._next or self._reader.submit(self._read)).result()
        self._wanted.clear()
        self.waiting = False
        self._next = self._reader.submit(self._read)
        return found

    def stop(self) -> None:
        """Wait for what is being read; what was read and never taken is the broker's, and comes again."""
        self._wanted.set()
        self._reader.shutdown()

    def _read(self) -> _Read:
        arrived = self._collect(self._tick_s, self._most, MOST_BYTES)
        found = decode(arrived)
        room = MOST_BYTES - _size(arrived)
        while arrived and not self._wanted.is_set() and len(arrived) < self._most and room > 0:
            self.waiting = True
            more = self._collect(_A_LITTLE * self._tick_s, self._most - len(arrived), room)
            arrived += more
            found += decode(more)
            room -= _size(more)
        self.waiting = bool(arrived)
        return arrived, found


def _size(arrived: list[Arrived]) -> int:
    return sum(len(one.payload) for one in arrived)
