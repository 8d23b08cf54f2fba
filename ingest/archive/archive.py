"""The archive as the rest of the service knows it: written batch by batch, read by vehicle, span or day."""

import io
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from foundation.database import Database, UnitOfWork
from ingest.archive import compaction, manifest
from ingest.archive.compaction import Pace
from ingest.archive.reading import Rows, in_order, latest, read
from ingest.archive.segments import contents, fresh, joined, to_table
from ingest.archive.store import open_store
from ingest.archive.words import plain
from ingest.batch import Batch, to_us
from ingest.readings import TripColumns
from ingest.tables import segment_contents, segment_erasures, segment_removals, segments
from ingest.trip_log import TripSpan

_ERASER = "erasure"
_FRESH = "fresh"
_PACE = Pace()


class Archive:
    """The archive at one place: a path, a `file://` URL or `s3://bucket/prefix`."""

    def __init__(self, where: str | Path) -> None:
        self._store = open_store(where)

    def answers(self) -> bool:
        """Whether its store can be written to now; may raise `OSError` for no."""
        return self._store.answers()

    @contextmanager
    def writing(self, unit: UnitOfWork, batch: Batch, worker: str) -> Iterator[None]:
        """Write a batch as one segment beside what the block does; durable after it, and listed when the unit ends.

        Its worker is held (`hold`), so that nobody clears away what is not listed yet. The file exists before the unit
        commits; if the unit does not, `clean` removes it at the worker's next start. Whatever the block raises,
        nothing is being written any more when it has been left.
        """
        if not batch.rows:
            yield
            return
        name = _fresh_name(unit, worker)
        with ThreadPoolExecutor(1, thread_name_prefix="segment") as writer:
            size = writer.submit(lambda: self._store.write(name, fresh(to_table(batch))))
            yield
            written = size.result()
        manifest.add_later(unit, name, worker, batch.rows, written, list(contents(name, batch)))

    def clean(self, unit: UnitOfWork, worker: str) -> list[str]:
        """Delete the worker's own unlisted segments, which a killed run left; gives their names.

        Waits for transactions of this worker that are still under way, in whatever process they began.
        """
        manifest.wait_for(unit, worker)
        found = [name for name in self._store.names(_FRESH) if name.rpartition("/")[2].startswith(f"{worker}.")]
        listed = set(unit.connection.execute(select(segments.c.name).where(segments.c.name.in_(found))).scalars())
        # What is not listed and waits to be deleted may still be read by somebody.
        waiting = select(segment_removals.c.name).where(segment_removals.c.name.in_(found))
        listed |= set(unit.connection.execute(waiting).scalars())
        lost = sorted(set(found) - listed)
        self._store.remove(lost)
        return lost

    def compact(self, database: Database, pace: Pace = _PACE) -> int:
        """Do one step of compaction; gives how many files were merged, 0: nothing to do now."""
        return compaction.step(self._store, database, pace)

    def mark_for_erasure(self, unit: UnitOfWork, vehicles: Sequence[str]) -> None:
        """Take vehicles out of the manifest: nobody finds their readings any more; `erase_some` clears the files."""
        manifest.rewriting(unit)
        held = select(segment_contents.c.segment, segment_contents.c.vehicle).where(
            segment_contents.c.vehicle.in_(vehicles)
        )
        kept = insert(segment_erasures).from_select(["segment", "vehicle"], held.distinct())
        unit.connection.execute(kept.on_conflict_do_nothing())
        unit.connection.execute(segment_contents.delete().where(segment_contents.c.vehicle.in_(vehicles)))

    def erase_some(self, unit: UnitOfWork, limit: int = 50) -> int:
        """Write files anew without the vehicles that were marked; gives how many were dealt with.

        They become fresh segments, which are compacted later. The old files stay until `remove_files`, in a later
        unit. One eraser works at a time; what a killed one wrote and never listed is deleted first.
        """
        if unit.connection.execute(select(segment_erasures.c.segment).limit(1)).one_or_none() is None:
            return 0
        manifest.rewriting(unit)
        self.clean(unit, _ERASER)
        marked = select(
            segment_erasures.c.segment, func.array_agg(segment_erasures.c.vehicle).label("vehicles")
        ).group_by(segment_erasures.c.segment)
        due = unit.connection.execute(marked.order_by(segment_erasures.c.segment).limit(limit)).all()
        run = unit.connection.execute
        for name, vehicles in due:
            table = read(self._store, name)
            gone = pc.is_in(table["vehicle"].cast(pa.string()), pa.array(vehicles))
            left = table.filter(pc.invert(gone))
            if len(left):
                self._replace(unit, name, plain(left))
            for rows in (segment_contents, segment_erasures):
                run(rows.delete().where(rows.c.segment == name))
        manifest.drop(unit, [name for name, _ in due])
        return len(due)

    def remove_files(self, unit: UnitOfWork) -> int:
        """Delete the files that nothing lists any more, when nobody reads; gives how many."""
        waiting = select(segment_removals.c.name).with_for_update(skip_locked=True)
        names = list(unit.connection.execute(waiting).scalars())
        if names:
            manifest.unread(unit)
            self._store.remove(names)
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
        tables = self._tables(
            unit,
            {"vehicle": [vehicle]},
            None,
            segment_contents.c.vehicle == vehicle,
            segment_contents.c.first_at < end,
            segment_contents.c.last_at >= start,
        )
        rows = joined([plain(table) for table in tables])
        time = rows["time"]
        inside = pc.and_(pc.greater_equal(time, start), pc.less(time, end))
        file = io.BytesIO()
        pq.write_table(rows.filter(inside).sort_by("time"), file, compression="zstd")
        return file.getvalue()

    def read_span(self, unit: UnitOfWork, span: TripSpan) -> TripColumns:
        """Give every stored reading of the span's boot within it, in order of time; seconds count from its start."""
        tables = self._tables(
            unit,
            {"device": [span.device], "boot": [span.boot], "vehicle": [span.vehicle]},
            None,
            segment_contents.c.device == span.device,
            segment_contents.c.boot == span.boot,
            segment_contents.c.vehicle == span.vehicle,
            segment_contents.c.first_at <= span.end,
            segment_contents.c.last_at >= span.start,
        )
        rows = in_order(tables, to_us(span.start), to_us(span.end))
        start_us = to_us(span.start)
        return TripColumns(span.vehicle, span.boot, span.start, (rows.at_us - start_us) / 1e6, rows.signals)

    def readings(
        self, unit: UnitOfWork, vehicle: str, start: datetime, end: datetime, signals: Sequence[str] | None
    ) -> Rows:
        """Give a vehicle's readings of some signals (None: all) from start to end, both included, of any device."""
        tables = self._tables(
            unit,
            {"vehicle": [vehicle]},
            signals,
            segment_contents.c.vehicle == vehicle,
            segment_contents.c.first_at <= end,
            segment_contents.c.last_at >= start,
        )
        return in_order(tables, to_us(start), to_us(end))

    def read_vehicle(
        self, unit: UnitOfWork, vehicle: str, start: datetime, end: datetime, signals: Sequence[str]
    ) -> TripColumns:
        """Give `readings` as columns whose seconds count from `start`, whatever trips they belong to."""
        rows = self.readings(unit, vehicle, start, end, signals)
        return TripColumns(vehicle, "", start, (rows.at_us - to_us(start)) / 1e6, rows.signals)

    def recent(self, unit: UnitOfWork, vehicles: Iterable[str], seconds: float) -> Rows:
        """Give the last `seconds` of event time of each vehicle that has any, and some of what lies before them."""
        wanted = sorted(vehicles)
        newest = (
            select(segment_contents.c.vehicle, func.max(segment_contents.c.last_at).label("at"))
            .where(segment_contents.c.vehicle.in_(wanted))
            .group_by(segment_contents.c.vehicle)
            .subquery()
        )
        since = newest.c.at - timedelta(seconds=seconds)
        same = select(newest).where(newest.c.vehicle == segment_contents.c.vehicle, segment_contents.c.last_at >= since)
        return in_order([latest(it, seconds) for it in self._tables(unit, {"vehicle": wanted}, None, same.exists())])

    def _tables(
        self, unit: UnitOfWork, wanted: dict[str, Sequence[str]], signals: Sequence[str] | None, *conditions: Any
    ) -> list[pa.Table]:
        found = manifest.pieces(unit, *conditions)
        return [read(self._store, name, groups, wanted, signals) for name, groups in found.items()]

    def _replace(self, unit: UnitOfWork, old: str, left: pa.Table) -> None:
        name = _fresh_name(unit, _ERASER)
        size = self._store.write(name, fresh(left))
        manifest.add(unit, name, _ERASER, len(left), size)
        moved = segment_contents.update().where(segment_contents.c.segment == old)
        unit.connection.execute(moved.values(segment=name, row_group=None))


def _fresh_name(unit: UnitOfWork, worker: str) -> str:
    return f"{_FRESH}/date={unit.now().date().isoformat()}/{worker}.{secrets.token_hex(12)}.parquet"
