"""What the manifest says of a compacted file is what the file holds; text columns keep no word that no row has."""

from collections import defaultdict
from datetime import timedelta
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.archive.compaction import Pace
from ingest.archive.words import TEXTS, plain, ranked
from ingest.batch import to_us
from ingest.intake import Intake
from ingest.partitions import partition_of
from ingest.tables import segment_contents
from tests.ingest.wire import NOON, columns

WORDS = st.sampled_from(["a", "b", "c", "d"])
ROWS = st.lists(st.tuples(WORDS, WORDS, WORDS, st.booleans()), min_size=1, max_size=12)


def neighbours(wanted: int) -> list[str]:
    """Give cars that share one partition, so that one file has them all."""
    names = (f"car-{number}" for number in count() if partition_of(f"car-{number}") == partition_of("car-0"))
    return [next(names) for _ in range(wanted)]


def test_the_manifest_says_of_a_compacted_file_what_it_holds(database: Database, tmp_path: Path) -> None:
    cars, folder = neighbours(4), tmp_path / "archive"
    archive = Archive(folder)
    intake = Intake(database, archive, "w1")
    with database.unit() as unit:
        for car in cars:
            registry.add_vehicle(unit, "org", car)
            for device in ("x", "y"):
                registry.add_device(unit, car, f"{car}-{device}")
    # Two devices of each car and two boots of each take turns, some of them at the same moment; half is missing values.
    for seq in range(12):
        for place, car in enumerate(cars):
            start = NOON - timedelta(minutes=600 - 40 * seq + place)
            device, boot = f"{car}-{'xy'[seq % 2]}", f"b{seq // 2 % 2}"
            values = [float(seq), None, float(seq + 1)]
            intake.process(
                [columns(seq + 1, start, [0.0, 30.0, 60.0], device=device, boot=boot, engine_speed=values)],
            )
    while archive.compact(database, Pace(many=1, rest=timedelta())):
        pass
    with database.unit() as unit:
        told = {
            (row.segment, row.vehicle, row.device, row.boot): (
                to_us(row.first_at), to_us(row.last_at), row.readings, {row.row_group}
            )
            for row in unit.connection.execute(select(segment_contents))
        }  # fmt: skip
    held: dict[tuple[str, ...], tuple[list[int], list[float], set[int]]] = defaultdict(lambda: ([], [], set()))
    for name in sorted({key[0] for key in told}):
        file = pq.ParquetFile(folder / name)
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group).cast(
                pa.schema([pa.field(it.name, pa.string()) if it.name in TEXTS else it for it in file.schema_arrow])
            )
            for row in rows.to_pylist():
                moments, readings, groups = held[name, row["vehicle"], row["device"], row["boot"]]
                moments.append(to_us(row["time"]))
                readings += [row["engine_speed"]] if row["engine_speed"] is not None else []
                groups.add(group)
    assert len({key[1:] for key in held}) == 4 * 2 * 2
    assert told == {key: (min(at), max(at), len(values), groups) for key, (at, values, groups) in held.items()}


@given(ROWS)
def test_a_dictionary_has_the_words_that_rows_have_and_no_others(rows: list[tuple[str, str, str, bool]]) -> None:
    kept = np.array([it[-1] for it in rows])
    whole = pa.table({name: pa.array([it[at] for it in rows]).dictionary_encode() for at, name in enumerate(TEXTS)})
    left = plain(whole.filter(pa.array(kept)))
    for at, name in enumerate(TEXTS):
        expected = [row[at] for row in rows if row[-1]]
        assert left[name].cast(pa.string()).to_pylist() == expected
        words, rank = ranked(left[name])
        assert words.tolist() == sorted(set(expected))
        assert [words[it] for it in rank] == expected
