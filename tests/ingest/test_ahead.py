"""The batch that is read ahead: what joins it, when it is closed, and what its limits are."""

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from ingest.arrived import Arrived
from ingest.sources.ahead import Ahead
from ingest.sources.mqtt import MOST_BYTES
from tests.flow.house import eventually

TICK_S = 0.05


class Stream:
    """Deliveries as a source gives them: as many as are there, one tick at the longest.

    `patience`: how long a whole tick waits for its first delivery, so that a test that is held up misses none.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._there: queue.SimpleQueue[Arrived] = queue.SimpleQueue()

    def bring(self, *numbers: int, size: int = 0) -> None:
        for number in numbers:
            self._there.put(Arrived(f"nobody/{number}", bytes(size), datetime.now(UTC)))

    def collect(self, tick_s: float, most: int, most_bytes: int) -> list[Arrived]:
        batch: list[Arrived] = []
        deadline = time.monotonic() + (max(tick_s, self._patience) if tick_s >= TICK_S else tick_s)
        while len(batch) < most and sum(len(it.payload) for it in batch) < most_bytes:
            try:
                batch.append(self._there.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                break
            deadline = min(deadline, time.monotonic() + tick_s)
        return batch

    @property
    def left(self) -> int:
        return self._there.qsize()


@contextmanager
def reading(most: int = 100, patience: float = 30.0) -> Iterator[tuple[Stream, Ahead]]:
    stream = Stream(patience)
    ahead = Ahead(stream.collect, TICK_S, most)
    try:
        yield stream, ahead
    finally:
        stream.bring(0)  # nobody waits for one any more
        ahead.stop()


def numbers(read: tuple[list[Arrived], list[object]]) -> list[int]:
    arrived, found = read
    assert len(found) == len(arrived)
    return [int(it.topic.rpartition("/")[2]) for it in arrived]


def test_what_comes_while_a_commit_is_slow_joins_the_next_batch() -> None:
    with reading() as (stream, ahead):
        stream.bring(1)
        assert numbers(ahead.take()) == [1]
        stream.bring(2)
        eventually(lambda: ahead.waiting, 20, "a tick has passed")
        stream.bring(3, 4)
        eventually(lambda: not stream.left, 20, "it has been read")
        assert ahead.waiting
        assert numbers(ahead.take()) == [2, 3, 4]
        assert not ahead.waiting


def test_a_tick_that_brings_nothing_gives_nothing() -> None:
    with reading(patience=0) as (stream, ahead):
        assert ahead.take() == ([], [])
        assert not ahead.waiting
        stream.bring(1)
        assert [it for _ in range(3) for it in numbers(ahead.take())] == [1]


@pytest.mark.parametrize(("most", "size"), [(3, 0), (100, MOST_BYTES // 3 + 1)])
def test_no_more_is_held_than_a_batch_may_have(most: int, size: int) -> None:
    with reading(most) as (stream, ahead):
        stream.bring(9)
        assert numbers(ahead.take()) == [9]
        stream.bring(1, 2, size=size)
        eventually(lambda: ahead.waiting, 20, "a tick has passed")
        stream.bring(3, 4, 5, size=size)
        eventually(lambda: stream.left <= 2, 20, "it is full")
        time.sleep(4 * TICK_S)  # in which it would take more
        assert stream.left == 2
        assert [numbers(ahead.take()), numbers(ahead.take())] == [[1, 2, 3], [4, 5]]


def test_what_made_collecting_fail_is_raised() -> None:
    def fail(_tick_s: float, _most: int, _most_bytes: int) -> list[Arrived]:
        raise RuntimeError("not served any more")

    ahead = Ahead(fail, TICK_S, 100)
    try:
        with pytest.raises(RuntimeError, match="not served"):
            ahead.take()
    finally:
        ahead.stop()
