"""The sender's spool: messages that were handed over and not yet answered with `committed`, in one SQLite file."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.topics import Kind

_SCHEMA = """
CREATE TABLE IF NOT EXISTS boots (boot TEXT PRIMARY KEY, last_seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL,
    age_ms INTEGER NOT NULL, wall REAL NOT NULL, monotonic REAL NOT NULL, session TEXT NOT NULL,
    UNIQUE (boot, seq)
);
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a message was handed over, by both clocks, and how old its content was then.

    The monotonic clock counts only within the `session` (one process) that read it.
    """

    age_ms: int
    wall: float
    monotonic: float
    session: str


@dataclass(frozen=True, slots=True)
class Held:
    """A message in the spool; `position` is its place in the order of sending."""

    position: int
    boot: str
    seq: int
    kind: Kind
    payload: bytes
    stamp: Stamp


class Spool:
    """Messages by (boot, seq), kept until they are answered. Without a path they live in memory only.

    `synchronous=FULL`: what `put` has taken must survive a power cut, not only the end of the process; one message
    in several seconds bears one fsync each. Safe for use from several threads.
    """

    def __init__(self, path: Path | None) -> None:
        self.dead_folder = path.with_name(f"{path.name}.dead") if path is not None else None
        self._lock = threading.RLock()
        self._file = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(_SCHEMA)
        self._buried_in_memory = 0
        self.newest: int = self._file.execute("SELECT coalesce(max(position), 0) FROM outbox").fetchone()[0]

    def put(
        self, kind: Kind, boot: str, payload_of: Callable[[int], bytes], stamp: Stamp, seq: int | None
    ) -> tuple[int, bool]:
        """Keep a message under its `seq`, or under the next one of its boot; gives the seq and whether it is new.

        The same (boot, seq) again changes nothing. `newest` is the position of the last message that was put.
        """
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            if seq is None:
                found = self._file.execute("SELECT last_seq FROM boots WHERE boot = ?", (boot,)).fetchone()
                seq = (found[0] if found else 0) + 1
            added = self._file.execute(
                "INSERT INTO outbox (boot, seq, kind, payload, age_ms, wall, monotonic, session)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING position",
                (boot, seq, kind.value, payload_of(seq), stamp.age_ms, stamp.wall, stamp.monotonic, stamp.session),
            ).fetchone()
            self._file.execute(
                "INSERT INTO boots VALUES (?, ?)"
                " ON CONFLICT (boot) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)",
                (boot, seq),
            )
            if added is not None:
                self.newest = added[0]
            return seq, added is not None

    def behind(self, position: int, limit: int) -> list[Held]:
        """Give the next messages in the order of sending."""
        return self._read("WHERE position > ? ORDER BY position LIMIT ?", (position, limit))

    def at(self, positions: Sequence[int]) -> list[Held]:
        """Give those of the messages that are still held."""
        marks = ",".join("?" * len(positions))
        return self._read(f"WHERE position IN ({marks}) ORDER BY position", tuple(positions))

    def floor(self, boot: str) -> int | None:
        """Give the oldest held seq of a boot."""
        with self._lock:
            found: int | None = self._file.execute("SELECT min(seq) FROM outbox WHERE boot = ?", (boot,)).fetchone()[0]
            return found

    def answered(self, boot: str, through: int, also: Sequence[tuple[int, int]]) -> list[int]:
        """Let go of what was committed; gives the positions."""
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            gone: list[int] = []
            for first, last in ((-1, through), *also):
                rows = self._file.execute(
                    "DELETE FROM outbox WHERE boot = ? AND seq BETWEEN ? AND ? RETURNING position", (boot, first, last)
                )
                gone.extend(row[0] for row in rows)
            return gone

    def bury(self, held: Held) -> None:
        """Move a message that nobody answers to the dead folder."""
        if self.dead_folder is None:
            self._buried_in_memory += 1
        else:
            self.dead_folder.mkdir(exist_ok=True)
            name = f"{held.boot}-{held.seq}.{held.kind.replace('/', '.')}"
            (self.dead_folder / name).write_bytes(held.payload)
        with self._lock, self._file:
            self._file.execute("DELETE FROM outbox WHERE position = ?", (held.position,))

    @property
    def dead(self) -> int:
        if self.dead_folder is None:
            return self._buried_in_memory
        return sum(1 for _ in self.dead_folder.iterdir()) if self.dead_folder.exists() else 0

    def __len__(self) -> int:
        with self._lock:
            count: int = self._file.execute("SELECT count(*) FROM outbox").fetchone()[0]
            return count

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _read(self, rest: str, values: tuple[int, ...]) -> list[Held]:
        with self._lock:
            rows = self._file.execute(
                "SELECT position, boot, seq, kind, payload, age_ms, wall, monotonic, session"  # noqa: S608 - `rest` is ours
                " FROM outbox " + rest,
                values,
            ).fetchall()
        return [Held(it[0], it[1], it[2], Kind(it[3]), it[4], Stamp(*it[5:])) for it in rows]
