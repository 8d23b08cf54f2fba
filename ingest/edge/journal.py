"""The journal of open batches: each sample is on the disk before the next question, so that a kill loses none.

One file per group of the plan, appended to while its batch is open and emptied once that is spooled. Appending without
waiting outlives the death of the process; every `SYNC_S` the disk is waited for, so that a power cut takes no more than
that. The spool keeps which batch came last (`mark_of`), in the transaction that takes it: none is spooled twice.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgpack
import structlog

from ingest.edge.batches import Batch
from ingest.edge.times import Instant
from ingest.spool import Rank

SYNC_S = 2.0
log = structlog.get_logger()


def mark_of(rank: Rank) -> str:
    """Give the key under which the spool keeps the id of the last batch of a group."""
    return f"batch:{rank.name.lower()}"


@dataclass(frozen=True, slots=True)
class Left:
    """A batch that a process left open: its boot, and the session that its monotonic instants belong to."""

    rank: Rank
    batch: Batch
    boot: str
    session: str | None


class Journal:
    """The journals in one folder. A disk that takes no more is told of once a batch; the batch lives on in memory."""

    def __init__(self, folder: Path, boot: str, session: str | None, monotonic: Callable[[], float]) -> None:
        self._folder, self._boot, self._session, self._monotonic = folder, boot, session, monotonic
        self._files = {rank: self._path(rank).open("ab", buffering=0) for rank in (Rank.FAST, Rank.SLOW)}
        self._open: dict[Rank, str] = {}
        self._broken: set[Rank] = set()
        self._synced_at = monotonic()

    def note(self, rank: Rank, batch: Batch, at: float, values: Sequence[tuple[str, float]]) -> None:
        """Write down what was just added to the open batch of a group."""
        if self._open.get(rank) != batch.id:
            self._empty(rank)
            self._open[rank] = batch.id
            wall = batch.begun.wall
            begun = [batch.begun.at, None if wall is None else wall.isoformat()]
            self._append(rank, [batch.id, self._boot, self._session, *begun])
        self._append(rank, [at, [list(pair) for pair in values]])
        if self._monotonic() - self._synced_at >= SYNC_S:
            self._synced_at = self._monotonic()
            for one, file in self._files.items():
                try:
                    os.fdatasync(file.fileno())
                except OSError as error:
                    self._give_up(one, error.strerror)

    def end(self, rank: Rank) -> None:
        """Forget the batch of a group: it is in the spool."""
        self._open.pop(rank, None)
        self._empty(rank)

    def left(self) -> Iterator[Left]:
        """Give what the process before left open. A torn end, as of a write that was cut, is where a batch ends."""
        for rank in self._files:
            found = _read(self._path(rank))
            if found is not None:
                yield Left(rank, *found)

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _path(self, rank: Rank) -> Path:
        return self._folder / f"open-{rank.name.lower()}.journal"

    def _empty(self, rank: Rank) -> None:
        try:
            os.ftruncate(self._files[rank].fileno(), 0)
        except OSError as error:
            self._give_up(rank, error.strerror)
        else:
            self._broken.discard(rank)

    def _append(self, rank: Rank, record: list[Any]) -> None:
        if rank in self._broken:
            return
        packed: bytes = msgpack.packb(record)
        try:
            written = self._files[rank].write(packed)
        except OSError as error:
            self._give_up(rank, error.strerror)
            return
        if written != len(packed):  # what comes after a torn record could not be read
            self._give_up(rank, "the disk is full")

    def _give_up(self, rank: Rank, reason: str | None) -> None:
        log.warning("edge.journal_unwritable", reason=reason)
        self._broken.add(rank)


def _read(path: Path) -> tuple[Batch, str, str | None] | None:
    """Read a journal up to its end, or to where it is torn; None when it holds no sample."""
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(path.read_bytes())
    begun: tuple[Batch, str, str | None] | None = None
    try:
        for record in unpacker:
            if begun is None:
                id_, boot, session, at, wall = record
                begun = (
                    Batch(Instant(at, None if wall is None else datetime.fromisoformat(wall)), id=id_),
                    boot,
                    session,
                )
            else:
                at, values = record
                begun[0].add(at, [(signal, value) for signal, value in values])
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        log.warning("edge.journal_torn", reason=repr(error))
    return begun if begun is not None and begun[0].rows else None
