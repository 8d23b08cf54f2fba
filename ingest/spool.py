"""The sender's spool: messages that were handed over and not yet answered with `committed`, in one SQLite file."""

import contextlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import structlog

from ingest.topics import Kind

_SCHEMA = """
CREATE TABLE IF NOT EXISTS boots (boot TEXT PRIMARY KEY, last_seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL,
    age_ms INTEGER NOT NULL, wall REAL NOT NULL, monotonic REAL NOT NULL, session TEXT NOT NULL,
    rank INTEGER NOT NULL DEFAULT 1,
    UNIQUE (boot, seq)
);
CREATE INDEX IF NOT EXISTS outbox_by_rank ON outbox (rank, position);
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
_DROPPED = "dropped"
_RESERVE_BYTES = 262_144
log = structlog.get_logger()


class Rank(IntEnum):
    """What goes first when room is short: the lowest rank, and of that the oldest."""

    SLOW = 0
    FAST = 1
    KEEP = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes the spool may hold, and the free bytes of the disk below which it may not grow.

    Below `keep_free` it lives on the room it has, or on `least_bytes` if that is more: what others filled the disk
    with is no reason to throw away what is already held, nor to stop a car that is online.
    """

    most_bytes: int = 256_000_000
    keep_free: int = 64_000_000
    least_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a message was handed over, by both clocks, and how old its content was then.

    The monotonic clock counts only within the `session` (one process, or one start of the machine) that read it.
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


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a message: `is_new` when it is held now and was not before; `gone` are positions let go for it."""

    seq: int
    is_new: bool
    gone: tuple[int, ...] = ()


class _NoRoom(Exception):  # noqa: N818 - a fact, folded into `Put`
    pass


class Spool:
    """Messages by (boot, seq), kept until they are answered. Without a path they live in memory only.

    `synchronous=FULL`: what `put` has taken must survive a power cut, not only the end of the process; one message
    in several seconds bears one fsync each. When room is short, `put` lets the oldest messages of the lowest rank go,
    never one of a higher rank than the new one; `dropped` counts them for ever. Safe for use from several threads.
    """

    def __init__(self, path: Path | None, limits: Limits | None = None) -> None:
        self.dead_folder = path.with_name(f"{path.name}.dead") if path is not None else None
        self._path, self._limits = path, limits if path is not None else None
        self._reserve = path.with_name(f"{path.name}.reserve") if path is not None and limits is not None else None
        self._lock = threading.RLock()
        self._file = self._open()
        self._buried_in_memory = 0
        self._passed: dict[str, int] = {}  # the last seq of a boot, where that message found no room
        self._unwritten = 0  # drops that are not in the file yet
        self.low = False
        self.newest: int = self._file.execute("SELECT coalesce(max(position), 0) FROM outbox").fetchone()[0]

    def put(
        self,
        kind: Kind,
        boot: str,
        payload_of: Callable[[int], bytes],
        stamp: Stamp,
        seq: int | None,
        rank: Rank = Rank.FAST,
        mark: tuple[str, str] | None = None,
    ) -> Put:
        """Keep a message under its `seq`, or under the next one of its boot; `mark` is a text kept with it.

        The same (boot, seq) again changes nothing. A message for which there is no room has its seq nevertheless, so
        that the server sees the gap. `newest` is the position of the last message that was put.
        """
        with self._lock:
            number = self._next_seq(boot) if seq is None else seq
            payload = payload_of(number)
            gone: list[int] = []
            self._keep_reserve()
            self.low = False
            try:
                while (need := self._shortage(len(payload))) > 0:
                    self.low = True
                    gone += self._drop(rank, need)
                while True:
                    try:
                        position = self._insert(kind, boot, number, payload, stamp, rank, mark)
                        break
                    except sqlite3.OperationalError as error:
                        self._check_full(error)
                        gone += self._drop(rank, len(payload))
            except _NoRoom:
                self._unwritten += 1
                self._passed[boot] = max(number, self._passed.get(boot, 0))
                return Put(number, False, tuple(gone))
            if position is not None:
                self.newest = position
            return Put(number, position is not None, tuple(gone))

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
        """Let go of what was committed; gives the positions.

        On a disk that takes no writes the messages stay: they are sent again, and the answer comes again.
        """
        gone: list[int] = []
        try:
            with self._lock, self._file:
                self._file.execute("BEGIN IMMEDIATE")
                for first, last in ((-1, through), *also):
                    rows = self._file.execute(
                        "DELETE FROM outbox WHERE boot = ? AND seq BETWEEN ? AND ? RETURNING position",
                        (boot, first, last),
                    )
                    gone.extend(row[0] for row in rows)
        except sqlite3.OperationalError as error:
            self._check_full(error)
            self._release_reserve()
            return []
        return gone

    def bury(self, held: Held) -> bool:
        """Move a message that nobody answers to the dead folder; False when the disk does not take it."""
        try:
            if self.dead_folder is not None:
                self.dead_folder.mkdir(exist_ok=True)
                name = f"{held.boot}-{held.seq}.{held.kind.replace('/', '.')}"
                (self.dead_folder / name).write_bytes(held.payload)
            with self._lock, self._file:
                self._file.execute("DELETE FROM outbox WHERE position = ?", (held.position,))
        except (OSError, sqlite3.OperationalError) as error:
            log.warning("spool.not_buried", boot=held.boot, seq=held.seq, reason=str(error))
            return False
        self._buried_in_memory += 1
        return True

    @property
    def dead(self) -> int:
        if self.dead_folder is None:
            return self._buried_in_memory
        return sum(1 for _ in self.dead_folder.iterdir()) if self.dead_folder.exists() else 0

    @property
    def dropped(self) -> int | None:
        """How many messages were let go unanswered; None for a spool that has no limits."""
        if self._limits is None:
            return None
        return int(self.kept(_DROPPED) or 0) + self._unwritten

    def keep(self, key: str, value: str) -> bool:
        """Write down a text beside the messages, as durable as they are; False when the disk does not take it."""
        with self._lock:
            try:
                self._write_down(key, value)
            except sqlite3.OperationalError as error:
                self._check_full(error)
                try:
                    self._drop(Rank.FAST, len(value))
                    self._write_down(key, value)
                except (_NoRoom, sqlite3.OperationalError):
                    return False
            return True

    def kept(self, key: str) -> str | None:
        with self._lock:
            found = self._file.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
            return None if found is None else str(found[0])

    def all_kept(self, prefix: str) -> dict[str, str]:
        """Give the texts whose key begins with `prefix`, oldest first."""
        with self._lock:
            rows = self._file.execute("SELECT key, value FROM kept WHERE substr(key, 1, ?) = ? ORDER BY rowid",
                                      (len(prefix), prefix)).fetchall()  # fmt: skip
        return dict(rows)

    def forget(self, key: str) -> None:
        with self._lock:
            self._file.execute("DELETE FROM kept WHERE key = ?", (key,))

    def __len__(self) -> int:
        with self._lock:
            count: int = self._file.execute("SELECT count(*) FROM outbox").fetchone()[0]
            return count

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _open(self) -> sqlite3.Connection:
        """Open the file; one that a dying card has garbled is put aside, for a car must not stop sending for it."""
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            broken = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
            if self._path is None or not broken:
                raise
            aside = self._path.with_name(f"{self._path.name}.broken")
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._path}{ending}").replace(f"{aside}{ending}")
            log.warning("spool.broken", reason=str(error), kept_as=aside.name)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        file = sqlite3.connect(str(self._path or ":memory:"), check_same_thread=False, isolation_level=None)
        try:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = FULL")
            columns = [row[1] for row in file.execute("PRAGMA table_info(outbox)")]
            if columns and "rank" not in columns:
                file.execute("ALTER TABLE outbox ADD COLUMN rank INTEGER NOT NULL DEFAULT 1")
            file.executescript(_SCHEMA)
        except sqlite3.Error:
            file.close()
            raise
        return file

    def _next_seq(self, boot: str) -> int:
        found = self._file.execute("SELECT last_seq FROM boots WHERE boot = ?", (boot,)).fetchone()
        return max(found[0] if found else 0, self._passed.get(boot, 0)) + 1

    def _insert(
        self,
        kind: Kind,
        boot: str,
        seq: int,
        payload: bytes,
        stamp: Stamp,
        rank: Rank,
        mark: tuple[str, str] | None,
    ) -> int | None:
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            if mark is not None:
                self._write_down(*mark)
            added = self._file.execute(
                "INSERT INTO outbox (boot, seq, kind, payload, age_ms, wall, monotonic, session, rank)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING position",
                (boot, seq, kind.value, payload, stamp.age_ms, stamp.wall, stamp.monotonic, stamp.session, rank),
            ).fetchone()
            self._file.execute(
                "INSERT INTO boots VALUES (?, ?)"
                " ON CONFLICT (boot) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)",
                (boot, seq),
            )
            return None if added is None else int(added[0])

    def _shortage(self, size: int) -> int:
        """Give how many bytes must go before `size` more may come."""
        if self._limits is None or self._path is None:
            return 0
        page, pages, reusable = (
            int(self._file.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count")
        )
        used = page * (pages - reusable) + size
        short_of_disk = shutil.disk_usage(self._path.parent).free < self._limits.keep_free
        if short_of_disk and used > self._limits.least_bytes and size > page * reusable:
            return max(size - page * reusable, used - self._limits.most_bytes)
        return used - self._limits.most_bytes

    def _write_down(self, key: str, value: str) -> None:
        self._file.execute("INSERT INTO kept VALUES (?, ?) ON CONFLICT DO UPDATE SET value = ?", (key, value, value))

    def _drop(self, rank: Rank, need: int) -> list[int]:
        """Let go of at least `need` bytes of messages of this rank or a lower one; `_NoRoom` when there are none."""
        self.low = True
        try:
            return self._delete_oldest(rank, need)
        except sqlite3.OperationalError as error:
            self._check_full(error)
        if self._release_reserve():
            with contextlib.suppress(sqlite3.OperationalError):  # then it is as if there were nothing to drop
                return self._delete_oldest(rank, need)
        raise _NoRoom

    def _delete_oldest(self, rank: Rank, need: int) -> list[int]:
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            oldest = self._file.execute(
                "SELECT position, length(payload) FROM outbox WHERE rank <= ? ORDER BY rank, position LIMIT 1000",
                (rank,),
            ).fetchall()
            gone: list[int] = []
            for position, size in oldest:
                if need <= 0:
                    break
                self._file.execute("DELETE FROM outbox WHERE position = ?", (position,))
                gone.append(position)
                need -= size
            if not gone:
                raise _NoRoom
            self._write_down(_DROPPED, str(int(self.kept(_DROPPED) or 0) + self._unwritten + len(gone)))
        self._unwritten = 0
        return gone

    def _check_full(self, error: sqlite3.OperationalError) -> None:
        """Raise anything but a disk that takes no more."""
        if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
            raise error
        if not self.low:
            log.warning("spool.unwritable", reason=str(error))
        self.low = True

    def _keep_reserve(self) -> None:
        """Hold some of the disk back: on a full one, even deleting needs room in the journal."""
        if self._reserve is None or self._reserve.exists():
            return
        try:
            with self._reserve.open("wb") as file:
                file.write(os.urandom(_RESERVE_BYTES))  # some file systems store zeros as nothing
        except OSError:
            self._reserve.unlink(missing_ok=True)

    def _release_reserve(self) -> bool:
        if self._reserve is None or not self._reserve.exists():
            return False
        self._reserve.unlink(missing_ok=True)
        return True

    def _read(self, rest: str, values: tuple[int, ...]) -> list[Held]:
        with self._lock:
            rows = self._file.execute(
                "SELECT position, boot, seq, kind, payload, age_ms, wall, monotonic, session"  # noqa: S608 - `rest` is ours
                " FROM outbox " + rest,
                values,
            ).fetchall()
        return [Held(it[0], it[1], it[2], Kind(it[3]), it[4], Stamp(*it[5:])) for it in rows]
