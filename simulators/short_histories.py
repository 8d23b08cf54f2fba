"""A dozen trips of a car, as somebody may have kept them, with a fault put into them by its causal equations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray, TripColumns, to_block
from simulators.episodes import Episode, FleetChunk
from simulators.injections import INJECTIONS
from simulators.recorded import NotInjectable, has

_TRIPS, _SOUND = (9, 20), (3, 7)  # trips of a history, and of them before the fault
_APART_S = 8 * 3600.0
_SUDDEN = 0.25  # share of the histories in which the fault comes at once


class ShortHistories(NamedTuple):
    """Whole histories, trip after trip, as `FleetChunk`: `car` is the history's number; none has a trouble code."""

    block: Block
    car: NDArray[np.int64]
    start_s: NDArray[np.float64]
    labels: Mapping[str, FloatArray]
    episodes: Sequence[Episode]


def short_histories(
    chunk: FleetChunk, faults: Sequence[str], each: int, seed: int, copy: int
) -> Iterator[ShortHistories]:
    """Give `each` histories per healthy car of the chunk, every one with one fault that can be put into its trips.

    The k-th history of car n is numbered n + (k + 1) * `copy`. Its severities grow from some trip on, or step up.
    """
    for car in np.unique(chunk.car):
        columns = [_trip(chunk.block, int(row)) for row in np.flatnonzero(chunk.car == car)]
        made: list[TripColumns] = []
        numbers: list[int] = []
        severities: list[tuple[str, FloatArray]] = []
        for place in range(each):
            fault = faults[(int(car) * each + place) % len(faults)]
            if _able(columns[0], fault):
                rng = np.random.default_rng([seed, int(car), place])
                trips, severity = _history(rng, columns, fault, seed=[seed, int(car), place, 1])
                made += trips
                numbers += [int(car) + (place + 1) * copy] * len(trips)
                severities.append((fault, severity))
        if made:
            yield _chunk(chunk.block.signals, made, numbers, severities)


def _trip(block: Block, row: int) -> TripColumns:
    length = int(block.lengths[row])
    values = block.values[:, :length, row]
    told = {name: values[at].copy() for at, name in enumerate(block.signals) if not np.isnan(values[at]).all()}
    return TripColumns("", "", None, np.arange(length, dtype=np.float64) * block.step_s, told)


def _history(
    rng: np.random.Generator, columns: Sequence[TripColumns], fault: str, seed: Sequence[int]
) -> tuple[list[TripColumns], FloatArray]:
    count = min(int(rng.integers(*_TRIPS)), len(columns))
    first = int(rng.integers(0, len(columns) - count + 1))
    rows = list(range(first, first + count))
    if rng.random() < 0.5:
        rows = sorted(rng.choice(len(columns), count, replace=False).tolist())
    age = np.clip(np.arange(count) - int(rng.integers(*_SOUND)) + 1, 0, None)
    grown = rng.uniform(0.9, 1.4) * (age / max(int(age.max()), 1)) ** rng.uniform(0.7, 2.0)
    if rng.random() < _SUDDEN:
        grown = np.where(age > 0, rng.uniform(0.6, 1.3), 0.0)
    severity = grown.astype(np.float32)
    # One stream begun anew for every trip: what the equations draw of the car stays with it.
    trips: list[TripColumns] = []
    kept: list[float] = []
    for row, s in zip(rows, severity, strict=True):
        put_in = _put_in(columns[row], fault, float(s), seed)
        if put_in is not None:
            trips.append(put_in)
            kept.append(float(s))
    return trips, np.array(kept, dtype=np.float32)


def _put_in(trip: TripColumns, fault: str, severity: float, seed: Sequence[int]) -> TripColumns | None:
    """Give the trip with the fault in it; None where the trip has nothing that it could show in."""
    if not _able(trip, fault):
        return None
    if severity == 0:
        return trip
    try:
        # One stream begun anew for every trip: what the equations draw of the car stays with it.
        return INJECTIONS[fault].inject(trip, severity, np.random.default_rng(seed))
    except NotInjectable:  # such as a boost leak on a trip without boost
        return None


def _able(trip: TripColumns, fault: str) -> bool:
    return all(any(has(trip, name) for name in group) for group in INJECTIONS[fault].NEEDS)


def _chunk(
    signals: Sequence[str], trips: Sequence[TripColumns], numbers: Sequence[int],
    severities: Sequence[tuple[str, FloatArray]],
) -> ShortHistories:  # fmt: skip
    labels: dict[str, FloatArray] = {}
    at = 0
    for fault, severity in severities:
        row = labels.setdefault(fault, np.zeros(len(trips), dtype=np.float32))
        row[at : at + len(severity)] = severity
        at += len(severity)
    car = np.array(numbers, dtype=np.int64)
    place = np.arange(len(car)) - np.searchsorted(car, car)
    longest = max(trip.duration_s for trip in trips)
    return ShortHistories(to_block(trips, signals), car, (place * (_APART_S + longest)).astype(np.float64), labels, ())
