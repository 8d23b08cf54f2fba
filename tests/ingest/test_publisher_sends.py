"""Which sends count against a message, and what is sent again while nobody answers; over connections of the test."""

import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ingest.envelope import Readings
from ingest.publisher import MAXIMUM_SENDS, Publisher
from ingest.topics import Kind, topic_of

DEVICE = "dev-1"


class Broker:
    """What the publisher connects to: it remembers the seqs of each connection, and answers those that it `answers`."""

    def __init__(self) -> None:
        self.connections: list[list[int]] = []
        self.answers: Callable[[int], bool] = lambda _seq: True
        self.ends: Callable[[int], bool] = lambda _seq: False  # whether this seq is the last that a connection bears

    def connect(self, _address: object, _profile: object, hear: Any, on_end: Callable[[], None]) -> "Wire":
        self.connections.append([])
        return Wire(self, self.connections[-1], hear, on_end)

    @property
    def seqs(self) -> list[int]:
        return [seq for one in self.connections for seq in one]


class Wire:
    """One connection, in the place of `Connection`."""

    def __init__(self, broker: Broker, seqs: list[int], hear: Any, on_end: Callable[[], None]) -> None:
        self.broker, self.seqs, self._hear, self._on_end = broker, seqs, hear, on_end
        self.ended = threading.Event()

    def open(self, _topics: list[str]) -> None:
        pass

    def close(self) -> None:
        self.ended.set()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> SimpleNamespace | None:
        if self.ended.is_set():
            return None
        if topic == topic_of(DEVICE, Kind.READINGS_JSON):
            seq = int(json.loads(payload)["seq"])
            self.seqs.append(seq)
            if self.broker.answers(seq):
                reply = json.dumps({"boot": "b1", "through_seq": 0, "also": [[seq, seq]]}).encode()
                self._hear(self, SimpleNamespace(topic=topic_of(DEVICE, Kind.COMMITTED), payload=reply))
            if self.broker.ends(seq):
                self.ended.set()
                self._on_end()
        return SimpleNamespace(wait_for_publish=lambda _seconds: None)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr("ingest.publisher.Connection", broker.connect)
    monkeypatch.setattr("ingest.publisher.LONGEST_RESEND_S", 0.01)
    return broker


def say(publisher: Publisher, times: int = 1) -> None:
    for _ in range(times):
        readings = Readings(None, np.zeros(1, np.int64), ("engine_speed",), np.full((1, 1), 800, np.float32))
        publisher.send(Kind.READINGS_JSON, "b1", readings)


def until(true: Callable[[], object], act: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        act()
        time.sleep(0.002)


def test_while_nobody_answers_the_oldest_alone_is_sent_again_and_nothing_is_given_up(broker: Broker) -> None:
    broker.answers = lambda _seq: False
    with Publisher(f"mqtt://{DEVICE}:x@h", resend_s=0.001) as publisher:
        say(publisher, 5)
        until(lambda: len(broker.seqs) > 5 + MAXIMUM_SENDS)
        assert [seq for seq in broker.seqs if seq != 1] == [2, 3, 4, 5]
        assert (publisher.dead, publisher.waiting) == (0, 5)
        broker.answers = lambda _seq: True
        until(lambda: publisher.waiting == 0)
        assert publisher.dead == 0


def test_what_stays_unanswered_while_later_ones_are_answered_is_given_up_after_ten_sends(broker: Broker) -> None:
    broker.answers = lambda seq: seq != 2
    with Publisher(f"mqtt://{DEVICE}:x@h", resend_s=0.001) as publisher:
        say(publisher, 2)
        until(lambda: publisher.dead, lambda: say(publisher))
        until(lambda: publisher.waiting == 0)
        assert publisher.dead == 1
        assert broker.seqs.count(2) >= MAXIMUM_SENDS


def test_a_send_whose_connection_ended_before_its_time_does_not_count(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten quick restarts of the broker once emptied the spool into the dead folder."""
    broker.answers = lambda seq: seq != 1
    broker.ends = lambda seq: seq > 1
    monkeypatch.setattr("ingest.publisher.LONGEST_RESEND_S", 5.0)
    restarts = MAXIMUM_SENDS + 2
    with Publisher(f"mqtt://{DEVICE}:x@h", resend_s=5.0) as publisher:
        say(publisher)
        for number in range(1, restarts):
            until(lambda number=number: broker.connections[-1:] == [[1]] and len(broker.connections) == number)  # type: ignore[misc]
            say(publisher)
        broker.answers = lambda _seq: True
        until(lambda: publisher.waiting == 0)
        assert publisher.dead == 0
    assert broker.seqs.count(1) == restarts
