"""What the car end sends, stamped with both times and spooled before it is published."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from ingest.edge.batches import Batch
from ingest.edge.journal import Journal, mark_of
from ingest.edge.survey import CodeReport
from ingest.edge.times import Instant, Times
from ingest.envelope import CommandResult, Content, DtcReport, Outcome
from ingest.publisher import Publisher
from ingest.spool import Rank, Stamp
from ingest.topics import Kind

LONGEST_LINE, MOST_LINES = 400, 200
log = structlog.get_logger()


class Outbox:
    """The way to the publisher for one start of the process: its `boot` is new, so that a seq never occurs twice.

    `folder` holds the journal of the open batches; what a killed process left in it is spooled at once, as its own.
    """

    def __init__(self, publisher: Publisher, times: Times, folder: Path) -> None:
        self._publisher, self._times = publisher, times
        self.boot = secrets.token_hex(8)
        self._journal = Journal(folder, self.boot, times.session, times.monotonic)
        self._take_back()

    def note(self, rank: Rank, batch: Batch, at: float, values: Sequence[tuple[str, float]]) -> None:
        """Write a sample down before the next one is asked for."""
        self._journal.note(rank, batch, at, values)

    def readings(self, rank: Rank, batch: Batch) -> None:
        self._send(Kind.READINGS_BINARY, batch.readings(), batch.begun, rank, (mark_of(rank), batch.id))
        self._journal.end(rank)

    def snapshot(self, batch: Batch) -> None:
        """Send a batch that was never in the journal, whose open batches go on."""
        self._send(Kind.READINGS_BINARY, batch.readings(), batch.begun, Rank.FAST)

    def close(self) -> None:
        self._journal.close()

    def _take_back(self) -> None:
        for left in self._journal.left():
            mark, batch = mark_of(left.rank), left.batch
            if self._publisher.spool.kept(mark) != batch.id:
                wall = 0.0 if batch.begun.wall is None else batch.begun.wall.timestamp()
                stamp = Stamp(0, wall, batch.begun.at, left.session or "")
                self._publisher.send(
                    Kind.READINGS_BINARY, left.boot, batch.readings(), stamp=stamp, rank=left.rank,
                    mark=(mark, batch.id),
                )  # fmt: skip
                log.warning("edge.batch_taken_back", boot=left.boot, rows=len(batch.rows))
            self._journal.end(left.rank)

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

    def _send(
        self, kind: Kind, content: Content, begun: Instant, rank: Rank, mark: tuple[str, str] | None = None
    ) -> None:
        age_ms = max(round((self._times.monotonic() - begun.at) * 1000), 0)
        self._publisher.send(kind, self.boot, content, age_ms=age_ms, rank=rank, mark=mark)


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line[:LONGEST_LINE])
