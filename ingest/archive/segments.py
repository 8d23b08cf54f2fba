"""The two forms of a file: fresh, quick to write, and compacted, small and quick to find things in."""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.archive.words import TEXTS
from ingest.batch import Batch, from_us

KEYS = [*TEXTS, "seq", "position", "time"]
ROW = [*KEYS, "arrived", "quality"]
_COUNTERS = ("seq", "position", "time", "arrived")
_ENCODINGS = ("PLAIN", "BYTE_STREAM_SPLIT", "dictionary")
_TRIAL_SHARE, _LEAST_TRIED, _MOST_TRIED = 8, 1_000, 20_000
_LEVEL = 9
_PAGE_BYTES, _PAGE_ROWS = 8_000_000, 100_000  # of a fresh segment: a column is read whole
_GROUP_ROWS = 2048  # vehicles with fewer rows share a row group with their neighbours


def is_signal(column: str) -> bool:
    return column not in ROW and not column.endswith(".quality")


def to_table(batch: Batch) -> pa.Table:
    seq = np.array([it.seq for it in batch.origins], dtype=np.int64)
    arrived = np.array([it.arrived_us for it in batch.origins], dtype=np.int64)
    order = batch.order("vehicle", "device", "boot")
    origin = batch.origin[order]
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(
            batch.ranks(name)[origin].astype(np.int32), sorted({getattr(it, name) for it in batch.origins})
        )
        for name in TEXTS
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
    table = pa.table(columns)
    # Without missing values, which are NaN, there is nothing to be told of each cell but the cell.
    return pa.Table.from_arrays(table.columns, schema=pa.schema([it.with_nullable(False) for it in table.schema]))


def contents(name: str, batch: Batch) -> Iterable[tuple[object, ...]]:
    """Give what a fresh segment holds, one row per device and boot, in the order of the manifest."""
    rank = batch.ranks("vehicle", "device", "boot")
    count = int(rank.max()) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
    order = batch.order("vehicle", "device", "boot")
    whom, at_us = rank[batch.origin[order]], batch.at_us[order]
    begins = np.flatnonzero(np.append(np.ones(min(len(order), 1), dtype=bool), np.diff(whom) != 0))
    first[whom[begins]] = at_us[begins]
    last[whom[begins]] = at_us[np.append(begins[1:], len(order)) - 1]
    readings = np.bincount(rank, weights=batch.readings_per_origin(), minlength=count).astype(np.int64)
    whose = dict(zip(rank.tolist(), batch.origins, strict=True))
    for number, it in sorted(whose.items()):
        if readings[number]:
            span = from_us(int(first[number])), from_us(int(last[number]))
            yield (
                name, it.device, it.boot, it.vehicle, it.organisation, it.partition, *span, int(readings[number]), None,
            )  # fmt: skip


def fresh(table: pa.Table) -> Callable[[Any], None]:
    """Give what writes a table quickly: packed a little, for what is written and made durable costs more than that."""
    texts: Any = TEXTS
    encoded: Any = dict.fromkeys(_COUNTERS, "DELTA_BINARY_PACKED")
    encoded |= dict.fromkeys(filter(is_signal, table.column_names), "BYTE_STREAM_SPLIT")

    def fill(file: Any) -> None:
        pq.write_table(
            table, file, compression="lz4", use_dictionary=texts, column_encoding=encoded, write_statistics=False,
            data_page_size=_PAGE_BYTES, write_batch_size=_PAGE_ROWS,
        )  # fmt: skip

    return fill


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Join tables whatever signals they have; a doubt that one of them does not tell is none."""
    table: pa.Table = pa.concat_tables(tables, promote_options="permissive")
    for place, name in enumerate(table.column_names):
        if name.endswith(".quality") and table[name].null_count:
            table = table.set_column(place, name, table[name].fill_null(0))
    return table


def compacted(table: pa.Table, starts: Sequence[int]) -> Callable[[Any], None]:
    """Give what writes sorted rows small, in row groups that begin at the rows `starts`."""
    names: Sequence[str] = table.column_names
    chosen = dict.fromkeys(_COUNTERS, "DELTA_BINARY_PACKED")
    chosen |= _smallest(table.select([name for name in names if is_signal(name)]))
    encoded: Any = {name: it for name, it in chosen.items() if it != "dictionary"}
    listed: Any = [name for name in names if name not in encoded]

    def fill(file: Any) -> None:
        with pq.ParquetWriter(
            file, table.schema, compression="zstd", compression_level=_LEVEL, use_dictionary=listed,
            column_encoding=encoded, write_statistics=False,
        ) as writer:  # fmt: skip
            for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
                writer.write_table(table.slice(start, end - start), row_group_size=max(end - start, 1))

    return fill


def group_starts(vehicle_starts: Sequence[int], rows: int) -> list[int]:
    """Give where row groups begin, from where vehicles do: never within a vehicle, and each has enough rows."""
    starts = [0]
    for start, end in zip(vehicle_starts, [*vehicle_starts[1:], rows], strict=True):
        if start and (start - starts[-1] >= _GROUP_ROWS or end - start >= _GROUP_ROWS):
            starts.append(start)
    return starts


def _smallest(table: pa.Table) -> dict[str, str]:
    """Give the encoding in which each column's first rows are smallest: it depends on how they are quantised."""
    rows = table.slice(0, min(max(len(table) // _TRIAL_SHARE, _LEAST_TRIED), _MOST_TRIED))
    sizes = {encoding: _sizes(rows, encoding) for encoding in _ENCODINGS}
    return {name: min(_ENCODINGS, key=lambda it: sizes[it][name]) for name in rows.column_names}


def _sizes(table: pa.Table, encoding: str) -> dict[str, int]:
    how: Any = {"use_dictionary": True} if encoding == "dictionary" else {"column_encoding": encoding}
    file = io.BytesIO()
    pq.write_table(
        table, file, compression="zstd", compression_level=3, write_statistics=False, store_schema=False,
        row_group_size=_MOST_TRIED, **({"use_dictionary": False} | how),
    )  # fmt: skip
    group = pq.read_metadata(file).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    return {it.path_in_schema: it.total_compressed_size for it in columns}
