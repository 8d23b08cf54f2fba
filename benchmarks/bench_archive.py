"""One vehicle-day out of an archive of 100 million readings, against opening its row group; and bytes per reading.

Arguments: how many readings, and a folder. What is built there stays, and is measured again without being built.
"""

import contextlib
import json
import secrets
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

from benchmarks.material import TWENTY, best, hours
from forecourt.migrations import migrate
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from ingest.archive import Archive, manifest
from ingest.archive.compaction import Pace
from ingest.archive.segments import fresh
from ingest.archive.store import Store, open_store
from ingest.batch import to_us
from ingest.partitions import partition_of
from ingest.readings import FloatArray
from ingest.tables import segment_contents, segments

READINGS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
KEPT = Path(sys.argv[2]) if len(sys.argv) > 2 else None
CARS, HOURS = 100, 2
FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)


def fill(archive: Path, database: Database, values: FloatArray) -> None:
    """Write days of driving as fresh segments of one car each, and compact them."""
    store, days, readings = open_store(archive), 0, 0
    compacted, rows = Archive(archive), values.shape[1]
    pace = Pace(many=1, ratio=1000, rows=4_000_000)
    while readings < READINGS:
        start = to_us(FIRST + timedelta(days=days))
        with database.unit() as unit:
            for car in range(CARS):
                readings += day_of(unit, store, car, start, np.roll(values[:, :, car], 97 * days, axis=1), rows)
        while compacted.compact(database, pace):
            pass
        with database.unit() as unit:
            compacted.remove_files(unit)
        days += 1
        print(f"{readings:,} readings", file=sys.stderr)


def day_of(unit: UnitOfWork, store: Store, car: int, start: int, values: FloatArray, rows: int) -> int:
    """Write a car's day as messages of a minute, as `Archive.writing` would."""
    at = np.arange(rows)
    texts = {"vehicle": f"car-{car:03}", "device": f"dev-{car:03}", "boot": f"b{start}"}
    one = np.zeros(rows, dtype=np.int32)
    time = pa.array(start + at * 1_000_000 + (at * 7919 % 40) * 1000).cast(pa.timestamp("us", "UTC"))
    arrived = pa.array(start + (at // 60 + 1) * 60_000_000).cast(pa.timestamp("us", "UTC"))
    columns = {name: pa.DictionaryArray.from_arrays(one, [word]) for name, word in texts.items()}
    columns |= {"seq": at // 60 + 1, "position": (at % 60).astype(np.int32), "time": time, "arrived": arrived}
    columns |= {"quality": np.zeros(rows, dtype=np.uint8)} | dict(zip(TWENTY, values, strict=True))
    name = f"fresh/date=bench/w.{secrets.token_hex(12)}.parquet"
    size = store.write(name, fresh(pa.table(columns)))
    readings = int((~np.isnan(values)).sum())
    manifest.add(unit, name, "w", rows, size)
    span = (datetime.fromtimestamp(start / 1e6, UTC), datetime.fromtimestamp(start / 1e6 + rows, UTC))
    owner = (texts["device"], texts["boot"], texts["vehicle"], "org", partition_of(texts["vehicle"]))
    manifest.add_contents(unit, [(name, *owner, *span, readings, None)])
    return readings


def measure(archive: Path, database: Database) -> list[dict[str, object]]:
    reader, chance = Archive(archive), np.random.default_rng(1)
    with database.unit() as unit:
        days = unit.connection.execute(select(func.count(segments.c.day.distinct()))).scalar_one()
    took = []
    for car, day in zip(chance.integers(0, CARS, 15), chance.integers(0, days, 15), strict=True):
        vehicle, start = f"car-{car:03}", FIRST + timedelta(days=int(day))
        with database.unit() as unit:
            where = select(segment_contents.c.segment, segment_contents.c.row_group).where(
                segment_contents.c.vehicle == vehicle, segment_contents.c.boot == f"b{to_us(start)}"
            )
            name, group = unit.connection.execute(where).one()
        end = start + timedelta(hours=HOURS)

        def through_the_manifest(vehicle: str = vehicle, start: datetime = start, end: datetime = end) -> None:
            with database.unit() as unit:
                reader.readings(unit, vehicle, start, end, None)

        def directly(path: Path = archive / name, group: int = group) -> None:
            with pa.memory_map(str(path)) as source:
                pq.ParquetFile(source).read_row_group(group, use_threads=False)

        took.append((best(through_the_manifest, 7), best(directly, 7)))
    with database.unit() as unit:
        size = unit.connection.execute(select(func.sum(segments.c.bytes))).scalar_one()
        readings = unit.connection.execute(select(func.sum(segment_contents.c.readings))).scalar_one()
    amount = f"of {int(readings):,} readings"
    ours, direct = np.median(took, axis=0) * 1000
    print(f"medians: {ours:.2f} ms through the manifest, {direct:.2f} ms directly", file=sys.stderr)
    ratio = float(np.median([ours / direct for ours, direct in took]))
    return [
        {
            "name": f"archive, one vehicle-day {amount}", "value": ratio, "unit": "x",
            "against": "opening its row group directly", "wanted": "<= 3",
        },
        {
            "name": "archive, size of a quantised reading", "value": float(size / readings), "unit": "bytes",
            "against": None, "wanted": "<= 1.2",
        },
    ]  # fmt: skip


def built(postgres: Postgres, archive: Path) -> Database:
    """Give the database of a new archive, filled, or of the one that is there."""
    url = make_url(postgres.ensure())
    address = url.set(database="bench_archive").render_as_string(hide_password=False)
    database = Database(address, FixedClock(FIRST + timedelta(days=365)))
    if not archive.exists():
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE bench_archive"))
        migrate(address)
        values = np.concatenate([hours(CARS, seed=seed).values for seed in range(1, HOURS + 1)], axis=1)
        fill(archive, database, values)
    return database


def main() -> None:
    with contextlib.ExitStack() as stack:
        folder = KEPT or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = Postgres(DataPaths.prepare(folder / "data"))
        stack.callback(postgres.stop if KEPT else postgres.remove)
        database = built(postgres, folder / "archive")
        stack.callback(database.close)
        results = measure(folder / "archive", database)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
