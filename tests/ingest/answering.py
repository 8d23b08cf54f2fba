"""A stand-in for the ingest process: takes messages in, remembers them, answers `committed`, acknowledges.

It answers nothing while `silent`, and never those whose seq is in `deaf_to`.
"""

import json
import threading
import time
from collections.abc import Collection
from types import TracebackType
from typing import Self

from foundation.clock import SystemClock
from ingest.arrived import Arrived
from ingest.dialects import Decoded, decode
from ingest.envelope import Message, Status
from ingest.partitions import sessions
from ingest.sources.mqtt import MqttSource
from ingest.topics import Kind, topic_of


class Answering:
    def __init__(
        self, url: str, client_id: str, *, silent: bool = False, deaf_to: Collection[int] = frozenset()
    ) -> None:
        self.source = MqttSource(url, sessions(client_id), SystemClock())
        self.silent, self.deaf_to = silent, deaf_to
        self.heard: list[Decoded] = []
        self.changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self.source.start()
        deadline = time.monotonic() + 10
        while not self.source.connected and time.monotonic() < deadline:
            time.sleep(0.01)  # what is published before its session exists is not kept for it
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.source.stop()

    def messages(self) -> list[Message]:
        return [it.content for it in self.heard if isinstance(it.content, Message)]

    def statuses(self) -> list[Status]:
        return [it.content for it in self.heard if isinstance(it.content, Status)]

    def seqs(self) -> list[int]:
        return [message.header.seq for message in self.messages()]

    def wait_for(self, what: "object", seconds: float = 20) -> None:
        with self.changed:
            assert self.changed.wait_for(what, seconds), self.heard  # type: ignore[arg-type]

    def _run(self) -> None:
        while not self._stopping.is_set():
            batch = self.source.collect(0.05)
            self._answer(batch)
            self.source.acknowledge(batch)

    def _answer(self, batch: list[Arrived]) -> None:
        found = decode(batch)
        with self.changed:
            self.heard += found
            self.changed.notify_all()
        for one in found:
            if isinstance(one.content, Message) and not self.silent and one.content.header.seq not in self.deaf_to:
                header = one.content.header
                reply = {"boot": header.boot, "through_seq": header.floor - 1, "also": [[header.seq, header.seq]]}
                self.source.publish(topic_of(one.device, Kind.COMMITTED), json.dumps(reply).encode())
