"""Samples become messages: one per group of the poll plan every few seconds, and never one that spans a clock jump."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.edge.times import Instant
from ingest.envelope import Readings
from ingest.spool import Rank

MOST_ROWS = 600
LONGEST_S = 10.0


@dataclass(slots=True)
class Batch:
    """The samples of one message. A row is an instant, in ms since the batch began, with what was read then."""

    begun: Instant
    rows: dict[int, dict[str, float]] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def add(self, at: float, values: Iterable[tuple[str, float]]) -> None:
        offset = max(round((at - self.begun.at) * 1000), 0)
        for signal, value in values:
            row = offset
            while signal in self.rows.setdefault(row, {}):
                row += 1
            self.rows[row][signal] = value

    def readings(self) -> Readings:
        offsets = sorted(self.rows)
        signals = sorted({signal for row in self.rows.values() for signal in row})
        place = {signal: number for number, signal in enumerate(signals)}
        values = np.full((len(signals), len(offsets)), np.nan, np.float32)
        for number, offset in enumerate(offsets):
            for signal, value in self.rows[offset].items():
                values[place[signal], number] = value
        return Readings(self.begun.wall, np.array(offsets, np.int64), tuple(signals), values)


@dataclass(slots=True)
class Batches:
    """The open batch of each group; `note` hears of each sample that came to it, `send` gets those that end."""

    send: Callable[[Rank, Batch], None]
    note: Callable[[Rank, Batch, float, Sequence[tuple[str, float]]], None]
    _open: dict[Rank, Batch] = field(default_factory=dict)

    def take(self, rank: Rank, at: Instant, values: Sequence[tuple[str, float]]) -> None:
        batch = self._open.get(rank)
        if batch is not None and (len(batch.rows) >= MOST_ROWS or not batch.begun.agrees(at) or at.at < batch.begun.at):
            self._end(rank)
        batch = self._open.setdefault(rank, Batch(at))
        batch.add(at.at, values)
        self.note(rank, batch, at.at, values)

    def end_due(self, now: float) -> None:
        for rank in [rank for rank, batch in self._open.items() if now - batch.begun.at >= LONGEST_S]:
            self._end(rank)

    def end_all(self) -> None:
        for rank in list(self._open):
            self._end(rank)

    def _end(self, rank: Rank) -> None:
        self.send(rank, self._open.pop(rank))
