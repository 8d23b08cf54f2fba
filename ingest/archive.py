"""The readings archive: Parquet segments on disk, each listed in the manifest by the transaction that it belongs to.

    <archive>/date=2026-11-22/<worker>.<random>.parquet

A segment is written under a temporary name, made durable, renamed, and listed; what is not listed does not exist. A
reader finds segments through the manifest alone. A row is (vehicle, device, boot, seq, position, time, arrived,
quality) and one float32 column per signal; `<signal>.quality` stands beside a signal that has doubtful values.
"""

import io
import os
import secrets
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from ingest.batch import Batch, IntArray, from_us, to_us
from ingest.bulk import copy
from ingest.readings import FloatArray, TripColumns
from ingest.tables import segment_contents, segment_erasures, segment_removals, segments
from ingest.topics import is_id
from ingest.trip_log import TripSpan

_WORKER_LOCKS = 0x1F0D
_EVERY_WORKER = 0x1F10
_READING = 0x1F0F
_ERASER = "erasure"
_TEMPORARY = ".tmp"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Stored rows in order of (vehicle, time, boot, seq, position); `signals`: name -> [row], NaN = missing."""

    vehicle: Sequence[str]
    at_us: IntArray
    signals: dict[str, FloatArray]


class Archive:
    """The archive under one directory, a path or a `file://` URL; made when it is first written to."""

    def __init__(self, where: str | Path) -> None:
        self._root = _directory(where)

    def write_segment(self, unit: UnitOfWork, batch: Batch, worker: str) -> str | None:
        """Write a batch as one durable segment and list it in the manifest; gives its name, None for no rows.

        The file exists before the unit commits; if the unit does not, `clean` removes it at the worker's next start.
        """
        hold(unit, worker)
        if not batch.rows:
            return None
        day = f"date={unit.now().date().isoformat()}"
        name = f"{day}/{worker}.{secrets.token_hex(12)}.parquet"
        size = self._write(name, _to_table(batch))
        unit.connection.execute(
            segments.insert().values(name=name, worker=worker, written_at=unit.now(), rows=batch.rows, bytes=size)
        )
        columns = (
            "segment",
            "device",
            "boot",
            "vehicle",
            "organisation",
            "partition",
            "first_at",
            "last_at",
            "readings",
        )
        copy(unit, segment_contents, columns, _contents(name, batch))
        return name

    def clean(self, unit: UnitOfWork, worker: str) -> list[str]:
        """Delete the worker's own unlisted segments, which a killed run left; gives their names.

        Waits for transactions of this worker that are still under way, in whatever process they began.
        """
        unit.connection.execute(
            text("SELECT pg_advisory_xact_lock(:kind, :worker)"), {"kind": _WORKER_LOCKS, "worker": _number(worker)}
        )
        last: datetime | None = unit.connection.execute(
            select(func.max(segments.c.written_at)).where(segments.c.worker == worker)
        ).scalar_one()
        # Every start cleans, so what is unlisted was written behind the last segment that was.
        since = f"date={(last - timedelta(days=1)).date().isoformat()}" if last else ""
        found = [
            f"{folder.name}/{path.name}"
            for folder in (sorted(self._root.glob("date=*")) if self._root.is_dir() else ())
            if folder.name >= since
            for path in folder.glob(f"{worker}.*")
        ]
        listed = set(unit.connection.execute(select(segments.c.name).where(segments.c.name.in_(found))).scalars())
        lost = sorted(set(found) - listed)
        for name in lost:
            (self._root / name).unlink()
        return lost

    def mark_for_erasure(self, unit: UnitOfWork, vehicles: Sequence[str]) -> None:
        """Take vehicles out of the manifest: nobody finds their readings any more; `erase_some` clears the files."""
        held = select(segment_contents.c.segment, segment_contents.c.vehicle).where(
            segment_contents.c.vehicle.in_(vehicles)
        )
        kept = insert(segment_erasures).from_select(["segment", "vehicle"], held.distinct())
        unit.connection.execute(kept.on_conflict_do_nothing())
        unit.connection.execute(segment_contents.delete().where(segment_contents.c.vehicle.in_(vehicles)))

    def erase_some(self, unit: UnitOfWork, limit: int = 50) -> int:
        """Write segments anew without the vehicles that were marked; gives how many were dealt with.

        The old files stay until `remove_files`, in a later unit. One eraser works at a time; what a killed one wrote
        and never listed is deleted first.
        """
        if unit.connection.execute(select(segment_erasures.c.segment).limit(1)).one_or_none() is None:
            return 0
        self.clean(unit, _ERASER)
        marked = select(
            segment_erasures.c.segment, func.array_agg(segment_erasures.c.vehicle).label("vehicles")
        ).group_by(segment_erasures.c.segment)
        due = unit.connection.execute(marked.order_by(segment_erasures.c.segment).limit(limit)).all()
        for name, vehicles in due:
            left = self._read(name, [("vehicle", "not in", vehicles)])
            if len(left):
                self._replace(unit, name, _plain(left))
            run = unit.connection.execute
            for table in (segment_contents, segment_erasures):
                run(table.delete().where(table.c.segment == name))
            run(segments.delete().where(segments.c.name == name))
            run(segment_removals.insert().values(name=name))
        return len(due)

    def remove_files(self, unit: UnitOfWork) -> int:
        """Delete the files that nothing lists any more, when nobody reads; gives how many."""
        names = list(unit.connection.execute(select(segment_removals.c.name)).scalars())
        if names:
            unit.connection.execute(select(func.pg_advisory_xact_lock(_READING)))
        for name in names:
            (self._root / name).unlink(missing_ok=True)
        for folder in {(self._root / name).parent for name in names}:
            _sync_directory(folder)
        unit.connection.execute(segment_removals.delete().where(segment_removals.c.name.in_(names)))
        return len(names)

    def days(self, unit: UnitOfWork, vehicle: str) -> list[date]:
        """Give the days (UTC) on which a vehicle has readings."""
        spans = select(segment_contents.c.first_at, segment_contents.c.last_at).where(
            segment_contents.c.vehicle == vehicle
        )
        found = set()
        for first, last in unit.connection.execute(spans):
            day, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
            while day <= end:
                found.add(day)
                day += timedelta(days=1)
        return sorted(found)

    def export_day(self, unit: UnitOfWork, vehicle: str, day: date) -> bytes:
        """Give all that is stored of a vehicle's day (UTC), qualities included, as one Parquet file."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = start + timedelta(days=1)
        names = self._names(
            unit,
            segment_contents.c.vehicle == vehicle,
            segment_contents.c.first_at < end,
            segment_contents.c.last_at >= start,
        )
        wanted = [("vehicle", "==", vehicle), ("time", ">=", start), ("time", "<", end)]
        tables = [_plain(self._read(name, wanted)) for name in names]
        file = io.BytesIO()
        pq.write_table(pa.concat_tables(tables, promote_options="permissive").sort_by("time"), file, compression="zstd")
        return file.getvalue()

    def read_span(self, unit: UnitOfWork, span: TripSpan) -> TripColumns:
        """Give every stored reading of the span's boot within it, in order of time; seconds count from its start."""
        names = self._names(
            unit,
            segment_contents.c.device == span.device,
            segment_contents.c.boot == span.boot,
            segment_contents.c.vehicle == span.vehicle,
            segment_contents.c.first_at <= span.end,
            segment_contents.c.last_at >= span.start,
        )
        wanted = [("device", "==", span.device), ("boot", "==", span.boot), ("vehicle", "==", span.vehicle)]
        rows = _in_order([self._read(name, wanted) for name in names], to_us(span.start), to_us(span.end))
        start_us = to_us(span.start)
        return TripColumns(span.vehicle, span.boot, span.start, (rows.at_us - start_us) / 1e6, rows.signals)

    def readings(self, unit: UnitOfWork, vehicle: str, start: datetime, end: datetime, signals: Sequence[str]) -> Rows:
        """Give a vehicle's readings of some signals from start to end, both included, whatever device sent them."""
        names = self._names(
            unit,
            segment_contents.c.vehicle == vehicle,
            segment_contents.c.first_at <= end,
            segment_contents.c.last_at >= start,
        )
        tables = [self._read(name, [("vehicle", "==", vehicle)], signals) for name in names]
        return _in_order(tables, to_us(start), to_us(end))

    def read_vehicle(
        self, unit: UnitOfWork, vehicle: str, start: datetime, end: datetime, signals: Sequence[str]
    ) -> TripColumns:
        """Give `readings` as columns whose seconds count from `start`, whatever trips they belong to."""
        rows = self.readings(unit, vehicle, start, end, signals)
        return TripColumns(vehicle, "", start, (rows.at_us - to_us(start)) / 1e6, rows.signals)

    def recent(self, unit: UnitOfWork, vehicles: Iterable[str], seconds: float) -> Rows:
        """Give the last `seconds` of event time of each vehicle that has any."""
        _reading(unit)
        wanted = sorted(vehicles)
        newest = (
            select(segment_contents.c.vehicle, func.max(segment_contents.c.last_at).label("at"))
            .where(segment_contents.c.vehicle.in_(wanted))
            .group_by(segment_contents.c.vehicle)
            .subquery()
        )
        since = newest.c.at - timedelta(seconds=seconds)
        query = (
            select(segment_contents.c.segment)
            .join(newest, newest.c.vehicle == segment_contents.c.vehicle)
            .where(segment_contents.c.last_at >= since)
            .distinct()
        )
        names = sorted(unit.connection.execute(query).scalars())
        return _in_order([self._read(name, [("vehicle", "in", wanted)]) for name in names])

    def _replace(self, unit: UnitOfWork, old: str, left: pa.Table) -> None:
        name = f"date={unit.now().date().isoformat()}/{_ERASER}.{secrets.token_hex(12)}.parquet"
        size = self._write(name, left)
        unit.connection.execute(
            segments.insert().values(name=name, worker=_ERASER, written_at=unit.now(), rows=len(left), bytes=size)
        )
        unit.connection.execute(segment_contents.update().where(segment_contents.c.segment == old).values(segment=name))

    def _names(self, unit: UnitOfWork, *conditions: Any) -> list[str]:
        _reading(unit)
        return sorted(
            unit.connection.execute(select(segment_contents.c.segment).where(*conditions).distinct()).scalars()
        )

    def _read(self, name: str, wanted: Any, signals: Sequence[str] | None = None) -> pa.Table:
        path = self._root / name
        columns = None
        if signals is not None:
            there = set(pq.read_schema(path).names)
            columns = [*_KEYS, *(signal for signal in signals if signal in there)]
        table: pa.Table = pq.read_table(path, columns=columns, filters=wanted, partitioning=None)
        return table

    def _write(self, name: str, table: pa.Table) -> int:
        path = self._root / name
        temporary = path.with_name(path.name + _TEMPORARY)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_directory(self._root)
        texts: Any = _TEXTS
        with temporary.open("wb") as file:
            pq.write_table(table, file, compression="none", use_dictionary=texts, write_statistics=False)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        temporary.rename(path)
        _sync_directory(path.parent)
        return size


_TEXTS = ["vehicle", "device", "boot"]
_KEYS = [*_TEXTS, "seq", "position", "time"]


def hold(unit: UnitOfWork, worker: str) -> None:
    """Keep `clean` of the same worker, and `stop_workers`, waiting until this unit has ended."""
    if not is_id(worker):
        raise ValueError(f"{worker!r} cannot be a worker's name")
    unit.connection.execute(
        text("SELECT pg_advisory_xact_lock_shared(:every), pg_advisory_xact_lock_shared(:kind, :worker)"),
        {"every": _EVERY_WORKER, "kind": _WORKER_LOCKS, "worker": _number(worker)},
    )


def stop_workers(unit: UnitOfWork) -> None:
    """Wait until no worker is inside a batch, and keep all of them out of one until this unit ends."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(_EVERY_WORKER)))


def _reading(unit: UnitOfWork) -> None:
    """Keep `remove_files` waiting until this unit has ended: it may open the files that it finds listed now."""
    unit.connection.execute(select(func.pg_advisory_xact_lock_shared(_READING)))


def _number(worker: str) -> int:
    return zlib.crc32(worker.encode()) - 2**31


def _directory(where: str | Path) -> Path:
    if isinstance(where, Path):
        return where
    split = urlsplit(where)
    if split.scheme == "file":
        return Path(unquote(split.path))
    if split.scheme:
        raise Invalid(f"the archive is a directory or a file:// URL; {split.scheme}:// is not supported yet")
    return Path(where)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _to_table(batch: Batch) -> pa.Table:
    owner = batch.ranks("vehicle", "device", "boot")[batch.origin]
    seq = np.array([it.seq for it in batch.origins], dtype=np.int64)
    arrived = np.array([it.arrived_us for it in batch.origins], dtype=np.int64)
    order = np.lexsort((batch.position, seq[batch.origin], batch.at_us, owner))
    origin = batch.origin[order]
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(
            batch.ranks(name)[origin].astype(np.int32), sorted({getattr(it, name) for it in batch.origins})
        )
        for name in _TEXTS
    }
    columns |= {
        "seq": seq[origin],
        "position": batch.position[order].astype(np.int32),
        "time": pa.array(batch.at_us[order]).cast(pa.timestamp("us", "UTC")),
        "arrived": pa.array(arrived[origin]).cast(pa.timestamp("us", "UTC")),
        "quality": batch.quality[order],
    }
    for name in sorted(batch.signals):
        columns[name] = batch.signals[name][order]  # NaN, not null: a third of the time
        if name in batch.doubts:
            columns[f"{name}.quality"] = batch.doubts[name][order]
    return pa.table(columns)


def _plain(table: pa.Table) -> pa.Table:
    """Give a table whose dictionaries hold what its rows hold, and nothing of rows that were left out."""
    for name in _TEXTS:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pa.string()).combine_chunks().dictionary_encode())
    return table


def _contents(name: str, batch: Batch) -> Iterable[tuple[object, ...]]:
    """Give what a segment holds, one row per device and boot."""
    rank = batch.ranks("vehicle", "device", "boot")
    count = int(rank.max()) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, rank[batch.origin], batch.at_us)
    np.maximum.at(last, rank[batch.origin], batch.at_us)
    readings = np.bincount(rank, weights=batch.readings_per_origin(), minlength=count).astype(np.int64)
    whose = dict(zip(rank.tolist(), batch.origins, strict=True))
    for number, it in sorted(whose.items()):
        if readings[number]:
            span = from_us(int(first[number])), from_us(int(last[number]))
            yield (name, it.device, it.boot, it.vehicle, it.organisation, it.partition, *span, int(readings[number]))


def _in_order(tables: Sequence[pa.Table], start_us: int | None = None, end_us: int | None = None) -> Rows:
    """Join tables into rows in order of time, each (device, boot, seq, position) once."""
    columns: Any = pa.concat_tables(tables, promote_options="permissive").combine_chunks() if tables else None
    if columns is None or not len(columns):
        return Rows([], np.zeros(0, dtype=np.int64), {})
    at_us = columns["time"].cast(pa.int64()).to_numpy()
    keys = [columns[name].cast(pa.string()).to_numpy(zero_copy_only=False).astype(str) for name in _TEXTS]
    ranks = [np.unique(key, return_inverse=True)[1] for key in keys]
    seq, position = columns["seq"].to_numpy(), columns["position"].to_numpy()
    order = np.lexsort((position, seq, ranks[2], ranks[1], at_us, ranks[0]))
    identity = np.stack([it[order] for it in (*ranks, seq, position, at_us)])
    new = np.append(np.ones(1, dtype=bool), (np.diff(identity, axis=1) != 0).any(axis=0))
    inside = (at_us[order] >= (start_us if start_us is not None else -(2**62))) & (
        at_us[order] <= (end_us if end_us is not None else 2**62)
    )
    order = order[new & inside]
    signals = {}
    for name in columns.column_names:
        if name not in _KEYS and name not in {"arrived", "quality"} and not name.endswith(".quality"):
            values = columns[name].to_numpy(zero_copy_only=False)[order].astype(np.float32)
            if not np.isnan(values).all():
                signals[name] = values
    return Rows(keys[0][order].tolist(), at_us[order], signals)
