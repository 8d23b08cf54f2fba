"""Recorded trips: reading and writing trip files, placing undated ones in time, splitting at ignition off."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from foundation.refusals import Invalid
from ingest.readings import FloatArray, TimeArray, TripColumns
from ingest.signals import SIGNALS

SILENCE_S = 300.0  # that long without a reading, or without the engine in use, ends a trip
PARKED_S = 8 * 3600.0  # between the end of a trip and the start of the next undated one
_RESTART_S = 5.0  # engine run time that falls by more than this was started again
_SAME_START_S = 60.0  # signs of a new start closer together than this tell of one start
_FRAME = ("t_s", "time", "signal", "value")
_TRAILING = "trailing comma"


@dataclass(frozen=True, slots=True)
class TripFile:
    """What a trip file held. `columns.start` is None for an undated file; its rows are in ascending time."""

    columns: TripColumns
    unknown_columns: list[str]


def read_trip(path: Path, mapping: Mapping[str, str] | None = None) -> TripFile:
    """Read a wide or long trip file; `mapping` gives their column or signal names in ours (contracts.md, "Trip files").

    Every value of a known signal is kept, as float32; a column of nothing but zeros is data like any other. A file
    that is no trip is `Invalid`.
    """
    mapping = dict(mapping or {})
    if strangers := sorted(set(mapping.values()) - set(SIGNALS) - set(_FRAME)):
        raise Invalid(f"there is no signal called {', '.join(strangers)}")
    table = _open(path, mapping)
    start, t_s = _times(path, table)
    if "signal" in table.column_names and "value" in table.column_names:
        t_s, signals, unknown = _widen(path, table, t_s, mapping)
    else:
        known = [name for name in table.column_names if name in SIGNALS]
        signals = {name: _single(_numbers(path, name, table[name])) for name in known}
        unknown = [name for name in table.column_names if name not in SIGNALS and name not in _FRAME]
    order = np.argsort(t_s, kind="stable")
    columns = TripColumns("", path.stem, start, t_s[order], {name: it[order] for name, it in signals.items()})
    if not any(np.isfinite(values).any() for values in columns.signals.values()):
        raise Invalid(f"{path.name} holds no reading of a signal we know")
    return TripFile(columns, unknown)


def write_trip(trip: TripColumns, path: Path, *, long: bool = False) -> None:
    """Write a trip as Parquet: with `time` if it has a start, else with `t_s`; wide, or one row per reading."""
    name, instants = "t_s", cast("NDArray[Any]", trip.t_s)
    if trip.start is not None:
        begin = np.datetime64(trip.start.astimezone(UTC).replace(tzinfo=None), "us")
        name, instants = "time", begin + np.round(trip.t_s * 1e6).astype("timedelta64[us]")
    if long:
        told = [(key, values, ~np.isnan(values)) for key, values in trip.signals.items()]
        table = pa.table(
            {
                name: np.concatenate([instants[there] for _, _, there in told]),
                "signal": np.repeat([key for key, _, _ in told], [int(there.sum()) for _, _, there in told]),
                "value": np.concatenate([values[there].astype(np.float64) for _, values, there in told]),
            }
        ).sort_by(name)
    else:
        columns = {key: pa.array(values, from_pandas=True) for key, values in trip.signals.items()}
        table = pa.table({name: instants, **columns})
    pq.write_table(table, path, compression="zstd")


def lay_out(
    trips: Sequence[TripColumns],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    after: Sequence[TripColumns] = (),
) -> list[TripColumns]:
    """Give every trip a start, in the order given.

    Two neighbours that both have times of their own keep their distance; else the later one starts `PARKED_S` after
    the earlier one ends. The whole is moved so that its first sample is at `start`, or its last at `end`, or it
    follows the trips that `after` has laid out; with none of these, the first trip keeps its own start (1970 if it
    has none). Starts are whole milliseconds, as on the wire.
    """
    chain = [*after, *trips]
    if not trips:
        return []
    offsets = [0.0]
    for before, trip in pairwise(chain):
        if before.start is not None and trip.start is not None:
            offsets.append(offsets[-1] + (trip.start - before.start).total_seconds())
        else:
            offsets.append(offsets[-1] + _last(before) + PARKED_S - _first(trip))
    base = chain[0].start or datetime(1970, 1, 1, tzinfo=UTC)
    if start is not None:
        base = start - timedelta(seconds=min(at + _first(trip) for at, trip in zip(offsets, chain, strict=True)))
    elif end is not None:
        base = end - timedelta(seconds=max(at + _last(trip) for at, trip in zip(offsets, chain, strict=True)))
    placed = [
        replace(trip, start=_whole_ms(base + timedelta(seconds=at))) for at, trip in zip(offsets, chain, strict=True)
    ]
    return placed[len(after) :]


def split_trips(trip: TripColumns) -> list[TripColumns]:
    """Split where the ignition was off: a pure function of the columns, used by `score` and online alike.

    A new trip begins after `SILENCE_S` without a row; where the engine is in use (it or the wheels turn) after
    `SILENCE_S` of not being so; and where engine run time has started again. Dated pieces get their own `start`.
    """
    rows = len(trip.t_s)
    turning = np.zeros(rows, dtype=bool)
    for name in ("engine_speed", "vehicle_speed"):
        if name in trip.signals:
            turning |= trip.signals[name] > 0
    hard = [0, *_after_silence(trip.t_s, np.arange(rows)).tolist(), rows]
    soft = set(_after_silence(trip.t_s, np.flatnonzero(turning)).tolist())
    if "engine_run_time" in trip.signals:
        run_time = trip.signals["engine_run_time"]
        told = np.flatnonzero(~np.isnan(run_time))
        soft |= set(told[1:][np.diff(run_time[told]) < -_RESTART_S].tolist())
    edges = [0]
    for cut in sorted(soft.union(hard)):
        begun = edges[-1]
        starts_again = trip.t_s[cut] - trip.t_s[begun] >= _SAME_START_S if cut < rows else True
        # Rows with the engine off before a start belong to the trip that starts there.
        if cut in hard or (starts_again and (turning[begun:cut].any() or not turning.any())):
            edges.append(cut)
    return [_piece(trip, first, last) for first, last in pairwise(edges) if last > first]


def _after_silence(t_s: TimeArray, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give those of `rows` that come `SILENCE_S` or more after the one before them."""
    later: NDArray[np.int64] = rows[1:][np.diff(t_s[rows]) >= SILENCE_S]
    return later


def _piece(trip: TripColumns, first: int, last: int) -> TripColumns:
    t_s, start = trip.t_s[first:last], trip.start
    if first and start is not None:
        start, t_s = start + timedelta(seconds=float(t_s[0])), t_s - t_s[0]
    return replace(trip, start=start, t_s=t_s, signals={name: it[first:last] for name, it in trip.signals.items()})


def _first(trip: TripColumns) -> float:
    return float(trip.t_s[0]) if len(trip.t_s) else 0.0


def _last(trip: TripColumns) -> float:
    return float(trip.t_s[-1]) if len(trip.t_s) else 0.0


def _whole_ms(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _open(path: Path, mapping: Mapping[str, str]) -> pa.Table:
    try:
        match path.suffix.lower():
            case ".parquet":
                table: pa.Table = pq.read_table(path)
            case ".csv":
                table = _read_csv(path)
            case _:
                raise Invalid(f"{path.name}: a trip file is .parquet or .csv")
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise Invalid(f"{path.name} cannot be read: {error}") from error
    names = [mapping.get(name.strip(), name.strip()) for name in table.column_names]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Invalid(f"{path.name}: more than one column is called {', '.join(repeated)}")
    return table.rename_columns(names)


def _read_csv(path: Path) -> pa.Table:
    """Read text columns.

    Where every row ends in a comma, a naive reader takes the first column for an index and moves all others one
    place to the left; here the empty last field is dropped, whether the header has that comma or not.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        header, first = next(rows, []), next(rows, [])
    names = header[:-1] if header and not header[-1].strip() else header
    if not names:
        raise Invalid(f"{path.name} has no header")
    trailing = len(first) == len(names) + 1 and not first[-1].strip()
    columns = [*names, _TRAILING] if trailing else names
    table = pa_csv.read_csv(
        path,
        read_options=pa_csv.ReadOptions(column_names=columns, skip_rows=1),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True
        ),
    )
    if trailing:
        if table[_TRAILING].null_count != table.num_rows:
            raise Invalid(f"{path.name}: some rows have a value more than the header has names")
        table = table.drop_columns([_TRAILING])
    return table


def _times(path: Path, table: pa.Table) -> tuple[datetime | None, TimeArray]:
    if "time" in table.column_names:
        micros = _instants(path, table["time"])
        first = int(micros.min(initial=2**62))
        start = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=first) if len(micros) else None
        return start, (micros - first) / 1e6
    if "t_s" not in table.column_names:
        raise Invalid(f"{path.name} has neither a column t_s (seconds) nor a column time (UTC)")
    t_s = _numbers(path, "t_s", table["t_s"])
    if not np.isfinite(t_s).all():
        raise Invalid(f"{path.name}: t_s is missing or not finite in some rows")
    return None, t_s


def _instants(path: Path, column: Any) -> NDArray[np.int64]:
    """Give microseconds since 1970; times without a zone are UTC, as the file format says."""
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            parsed = [datetime.fromisoformat(text) for text in column.to_pylist()]
            aware = [it if it.tzinfo else it.replace(tzinfo=UTC) for it in parsed]
            column = pa.array(aware, pa.timestamp("us", "UTC"))
        zone = column.type.tz
        micros: Any = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    except (AttributeError, TypeError, ValueError, OverflowError, pa.ArrowException) as error:
        raise Invalid(f"{path.name}: time holds something that is no instant: {error}") from error
    if micros.null_count:
        raise Invalid(f"{path.name}: time is missing in some rows")
    found: NDArray[np.int64] = micros.to_numpy()
    return found


def _numbers(path: Path, name: str, column: Any) -> TimeArray:
    compute: Any = pc
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            trimmed = compute.utf8_trim_whitespace(column)
            column = compute.if_else(compute.equal(trimmed, ""), None, trimmed)
        numbers: TimeArray = column.cast(pa.float64()).to_numpy()
    except (ValueError, pa.ArrowException) as error:
        raise Invalid(f"{path.name}: {name} holds something that is no number: {error}") from error
    return numbers


def _single(numbers: TimeArray) -> FloatArray:
    with np.errstate(over="ignore"):  # beyond float32 it becomes infinite, and the gate says so
        return numbers.astype(np.float32)


def _widen(
    path: Path, table: pa.Table, t_s: TimeArray, mapping: Mapping[str, str]
) -> tuple[TimeArray, dict[str, FloatArray], list[str]]:
    """Make one row per distinct time; a signal that has several values at one time gets as many rows there."""
    dictionary: Any = table["signal"].combine_chunks().dictionary_encode()
    if dictionary.null_count:
        raise Invalid(f"{path.name}: signal is missing in some rows")
    names: list[str] = [mapping.get(str(name), str(name)) for name in dictionary.dictionary.to_pylist()]
    if len(set(names)) < len(names):
        raise Invalid(f"{path.name}: the mapping makes one signal of several")
    which = dictionary.indices.to_numpy()
    values = _single(_numbers(path, "value", table["value"]))
    keys, row = np.unique(np.stack((t_s, _occurrence(t_s, which))), axis=1, return_inverse=True)
    row = row.reshape(-1)
    signals: dict[str, FloatArray] = {}
    for index, name in enumerate(names):
        if name in SIGNALS:
            signals[name] = np.full(keys.shape[1], np.nan, dtype=np.float32)
            signals[name][row[which == index]] = values[which == index]
    extra = [name for name in table.column_names if name not in _FRAME]
    return keys[0], signals, [*extra, *(name for name in names if name not in SIGNALS)]


def _occurrence(t_s: TimeArray, which: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give for each row how many rows before it have the same time and signal."""
    order = np.lexsort((which, t_s))
    same = (np.diff(t_s[order]) == 0) & (np.diff(which[order]) == 0)
    runs = np.arange(len(order))
    begins = np.maximum.accumulate(np.where(np.concatenate((np.zeros(1, dtype=bool), same))[: len(order)], 0, runs))
    occurrence = np.empty(len(order), dtype=np.int64)
    occurrence[order] = runs - begins
    return occurrence
