"""Reading ahead: the next batch is collected and decoded while one is being committed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ingest.arrived import Arrived
from ingest.dialects import Decoded, decode

_Read = tuple[list[Arrived], list[Decoded]]


class Ahead:
    """One batch ahead, and no more: it is taken in order, by one thread, and acknowledged by nobody before its commit.

    A commit waits for the disk and the database half of its time; decoding costs the other thread nothing then.
    """

    def __init__(self, collect: Callable[[], list[Arrived]]) -> None:
        self._collect = collect
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._next: Future[_Read] | None = None

    def take(self) -> _Read:
        """Give the next deliveries, none when `collect` gave none, and what they say; raises what collecting raised."""
        current = self._next or self._reader.submit(self._read)
        found = current.result()
        self._next = self._reader.submit(self._read)
        return found

    @property
    def waiting(self) -> bool:
        """Whether a batch is there already."""
        return self._next is not None and self._next.done() and bool(self._next.result()[0])

    def stop(self) -> None:
        """Wait for what is being read; what was read and never taken is the broker's, and comes again."""
        self._reader.shutdown()

    def _read(self) -> _Read:
        arrived = self._collect()
        return arrived, decode(arrived)
