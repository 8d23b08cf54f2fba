"""Reading files into rows: only the row groups that are wanted, in order, each identity once."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ingest.archive.segments import KEYS, is_signal, joined
from ingest.archive.store import Store
from ingest.archive.words import TEXTS, ranked
from ingest.batch import IntArray
from ingest.readings import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Stored rows in order of (vehicle, time, device, boot, seq, position); `signals`: name -> [row], NaN = missing."""

    vehicle: Sequence[str]
    at_us: IntArray
    signals: dict[str, FloatArray]


def read(
    store: Store,
    name: str,
    groups: Sequence[int] | None = None,
    wanted: Mapping[str, Sequence[str]] | None = None,
    signals: Sequence[str] | None = None,
) -> pa.Table:
    """Give rows of a file: of some row groups, those whose texts are `wanted`, with these signals only."""
    known = _FOOTERS.get(store, name)
    with store.open(name) as source, pq.ParquetFile(source, metadata=known) as file:
        if known is None:
            _FOOTERS.put(store, name, file.metadata)
        columns = None
        if signals is not None:
            there = set(file.schema_arrow.names)
            columns = [*KEYS, *(signal for signal in dict.fromkeys(signals) if signal in there)]
        numbers = range(file.num_row_groups) if groups is None else groups
        table: pa.Table = file.read_row_groups(numbers, columns=columns, use_threads=False)
    for text, values in (wanted or {}).items():
        words, codes = ranked(table[text])
        kept = np.isin(words, values)
        # A row group's dictionary may have words of the whole file: what counts are those that its rows use.
        if not kept.all() and not (rows := kept[codes]).all():
            table = table.filter(pa.array(rows))
    return table


class _Footers:
    """The footers of the files read last: a file never changes, and no name is given twice."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[tuple[Store, str], pq.FileMetaData] = {}

    def get(self, store: Store, name: str) -> pq.FileMetaData | None:
        with self._lock:
            found = self._kept.pop((store, name), None)
            if found is not None:
                self._kept[store, name] = found
            return found

    def put(self, store: Store, name: str, footer: pq.FileMetaData) -> None:
        with self._lock:
            self._kept[store, name] = footer
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]


_FOOTERS = _Footers(32)  # one of a day of hundred cars is some hundred kilobytes


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The order of a table's rows: `rows` are the places of those to keep, `vehicle` and `at_us` [table row]."""

    words: NDArray[Any]
    vehicle: IntArray
    at_us: IntArray
    rows: IntArray


def order_of(table: pa.Table) -> Order:
    """Find the order of rows by (vehicle, time, device, boot, seq, position), each identity once."""
    words, vehicle = ranked(table["vehicle"])
    at_us = table["time"].to_numpy().view(np.int64)
    keys = [vehicle, at_us]
    for whole in (False, True):
        if whole:  # only where rows of one vehicle are of one moment: two keys are sorted three times as quickly
            keys += [ranked(table[name])[1] for name in TEXTS[1:]]
            keys += [table[name].to_numpy() for name in ("seq", "position")]
        if _later(keys).all():
            return Order(words, vehicle, at_us, np.arange(len(at_us)))
        order = np.lexsort(keys[::-1])
        new = np.append(np.ones(1, dtype=bool), _later([key[order] for key in keys]))
        if new.all():
            break
    return Order(words, vehicle, at_us, order[new])


def in_order(tables: Sequence[pa.Table], start_us: int | None = None, end_us: int | None = None) -> Rows:
    """Join tables into rows in order, from start to end, both included."""
    table = joined(tables) if len(tables) > 1 else tables[0] if tables else None
    if table is None or not len(table):
        return Rows([], np.zeros(0, dtype=np.int64), {})
    order = order_of(table)
    rows, at_us = order.rows, order.at_us
    inside = np.ones(len(rows), dtype=bool)
    if start_us is not None:
        inside &= at_us[rows] >= start_us
    if end_us is not None:
        inside &= at_us[rows] <= end_us
    rows = rows[inside]
    # Rows of one compacted file are in order already: a slice of them costs nothing.
    whole = len(rows) > 0 and bool((np.diff(rows) == 1).all())
    chosen: Any = slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows
    signals = {}
    for name in filter(is_signal, table.column_names):
        values = table[name].to_numpy()[chosen].astype(np.float32, copy=False)
        if not np.isnan(values).all():
            signals[name] = values
    return Rows(order.words[order.vehicle[rows]].tolist(), at_us[rows], signals)


def latest(table: pa.Table, seconds: float) -> pa.Table:
    """Leave out what lies more than `seconds` behind the newest row that its vehicle has in this table."""
    _, vehicle = ranked(table["vehicle"])
    at_us = table["time"].to_numpy().view(np.int64)
    newest = np.full(int(vehicle.max(initial=-1)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(newest, vehicle, at_us)
    return table.filter(pa.array(at_us >= newest[vehicle] - int(seconds * 1e6)))


def _later(keys: Sequence[IntArray]) -> NDArray[np.bool_]:
    """Tell of each row but the first whether it comes behind the one before it; the most significant key first."""
    later = np.zeros(max(len(keys[0]) - 1, 0), dtype=bool)
    equal = ~later
    for key in keys:
        later |= equal & (key[1:] > key[:-1])
        equal &= key[1:] == key[:-1]
        if not equal.any():
            break
    return later
