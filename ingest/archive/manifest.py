"""The manifest: which file holds what, and the locks under which files come, are read and go."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from ingest.bulk import copy
from ingest.tables import segment_contents, segment_removals, segments
from ingest.topics import is_id

_WORKER_LOCKS = 0x1F0D
_EVERY_WORKER = 0x1F10
_READING = 0x1F0F
_REWRITING = 0x1F11
CONTENTS = (
    "segment", "device", "boot", "vehicle", "organisation", "partition", "first_at", "last_at", "readings", "row_group",
)  # fmt: skip


def hold(unit: UnitOfWork, worker: str) -> None:
    """Keep `clean` of the same worker, and `stop_workers`, waiting until this unit has ended."""
    if not is_id(worker):
        raise ValueError(f"{worker!r} cannot be a worker's name")
    unit.connection.execute(
        text("SELECT pg_advisory_xact_lock_shared(:every), pg_advisory_xact_lock_shared(:kind, :worker)"),
        {"every": _EVERY_WORKER, "kind": _WORKER_LOCKS, "worker": _number(worker)},
    )


def wait_for(unit: UnitOfWork, worker: str) -> None:
    """Wait for transactions of a worker that are still under way, in whatever process they began."""
    unit.connection.execute(
        text("SELECT pg_advisory_xact_lock(:kind, :worker)"), {"kind": _WORKER_LOCKS, "worker": _number(worker)}
    )


def stop_workers(unit: UnitOfWork) -> None:
    """Wait until no worker is inside a batch, and keep all of them out of one until this unit ends."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(_EVERY_WORKER)))


def reading(unit: UnitOfWork) -> None:
    """Keep `unread` waiting until this unit has ended: it may open the files that it finds listed now."""
    unit.connection.execute(select(func.pg_advisory_xact_lock_shared(_READING)))


def unread(unit: UnitOfWork) -> None:
    """Wait until nobody reads; what is not listed any more can then be deleted."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(_READING)))


def rewriting(unit: UnitOfWork) -> None:
    """Let one unit at a time take files out of the manifest."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(_REWRITING)))


def rewriting_at_once(unit: UnitOfWork) -> bool:
    """Do as `rewriting` does unless it would have to wait."""
    return bool(unit.connection.execute(select(func.pg_try_advisory_xact_lock(_REWRITING))).scalar_one())


def add(unit: UnitOfWork, name: str, worker: str, rows: int, size: int, place: tuple[date, int] | None = None) -> None:
    """List a file; `place`: the day and the partition of a compacted one."""
    day, partition = place or (None, None)
    unit.connection.execute(
        segments.insert().values(
            name=name, worker=worker, written_at=unit.now(), rows=rows, bytes=size, day=day, partition=partition
        )
    )


def add_later(
    unit: UnitOfWork, name: str, worker: str, rows: int, size: int, listed: Sequence[tuple[object, ...]]
) -> None:
    """List a fresh file and what it holds, in the order of `CONTENTS`, when the unit ends."""
    file = {"name": name, "worker": worker, "at": unit.now(), "rows": rows, "bytes": size}
    unit.later(_ADD, file)
    columns = zip(*listed, strict=True)
    unit.later(_ADD_CONTENTS, dict(zip(CONTENTS, map(list, columns), strict=True)))


_ADD = """
    INSERT INTO segments (name, worker, written_at, rows, bytes)
    VALUES (%(name)s, %(worker)s, %(at)s, %(rows)s, %(bytes)s)
"""
_ADD_CONTENTS = """
    INSERT INTO segment_contents
        (segment, device, boot, vehicle, organisation, partition, first_at, last_at, readings, row_group)
    SELECT * FROM unnest(
        CAST(%(segment)s AS text[]), CAST(%(device)s AS text[]), CAST(%(boot)s AS text[]), CAST(%(vehicle)s AS text[]),
        CAST(%(organisation)s AS text[]), CAST(%(partition)s AS smallint[]), CAST(%(first_at)s AS timestamptz[]),
        CAST(%(last_at)s AS timestamptz[]), CAST(%(readings)s AS bigint[]), CAST(%(row_group)s AS int[])
    )
"""


def add_contents(unit: UnitOfWork, rows: Sequence[tuple[object, ...]]) -> None:
    """List what files hold, in the order of `CONTENTS`."""
    copy(unit, segment_contents, CONTENTS, rows)


def drop(unit: UnitOfWork, names: Sequence[str]) -> None:
    """Take files out of the manifest, whose contents must be gone or moved; they are deleted when nobody reads."""
    if names:
        unit.connection.execute(segments.delete().where(segments.c.name.in_(names)))
        removal = insert(segment_removals).values([{"name": name} for name in names])
        unit.connection.execute(removal.on_conflict_do_nothing())


def pieces(unit: UnitOfWork, *conditions: Any) -> Mapping[str, list[int] | None]:
    """Give the files that hold what is wanted, by name, with the row groups that do; None: look through the file."""
    reading(unit)
    found: dict[str, list[int] | None] = {}
    query = select(segment_contents.c.segment, segment_contents.c.row_group).where(*conditions).distinct()
    for name, group in sorted(unit.connection.execute(query).all(), key=lambda row: (row[0], row[1] or 0)):
        groups = found.setdefault(name, None if group is None else [])
        if groups is not None:
            groups.append(group)
    return found


def _number(worker: str) -> int:
    return zlib.crc32(worker.encode()) - 2**31
