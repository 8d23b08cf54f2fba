"""What the car end sends, stamped with both times and spooled before it is published."""

import secrets
from collections.abc import Mapping
from typing import Any

from ingest.edge.batches import Batch
from ingest.edge.survey import CodeReport
from ingest.edge.times import Instant, Times
from ingest.envelope import CommandResult, Content, DtcReport, Outcome
from ingest.publisher import Publisher
from ingest.spool import Rank
from ingest.topics import Kind

LONGEST_LINE, MOST_LINES = 400, 200


class Outbox:
    """The way to the publisher for one start of the process: its `boot` is new, so that a seq never occurs twice."""

    def __init__(self, publisher: Publisher, times: Times) -> None:
        self._publisher, self._times = publisher, times
        self.boot = secrets.token_hex(8)

    def readings(self, rank: Rank, batch: Batch) -> None:
        self._send(Kind.READINGS_BINARY, batch.readings(), batch.begun, rank)

    def codes(
        self,
        at: Instant,
        found: CodeReport,
        vin: str | None,
        freeze: Mapping[str, Any] | None = None,
        monitors: Mapping[str, Any] | None = None,
    ) -> None:
        """Send codes with readiness; `freeze` and `monitors` only if they were asked. Nobody heard: nothing is sent."""
        if not found.ecus:
            return
        state = {ecu: it.document() for ecu, it in found.lamp.items()}
        report = DtcReport(at.wall, found.ecus, found.mil, freeze, state or None, monitors, vin)
        self._send(Kind.DTCS, report, at, Rank.KEEP)

    def result(
        self,
        id_: str,
        kind: str,
        outcome: Outcome,
        detail: str,
        ecus: Mapping[str, str] | None = None,
        replies: tuple[str, ...] = (),
    ) -> None:
        now = self._times.now()
        lines = tuple(_printable(line) for line in replies[:MOST_LINES])
        self._send(Kind.RESULT, CommandResult(now.wall, id_, kind, outcome, detail, ecus or {}, lines), now, Rank.KEEP)

    def _send(self, kind: Kind, content: Content, begun: Instant, rank: Rank) -> None:
        age_ms = max(round((self._times.monotonic() - begun.at) * 1000), 0)
        self._publisher.send(kind, self.boot, content, age_ms=age_ms, rank=rank)


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line[:LONGEST_LINE])
