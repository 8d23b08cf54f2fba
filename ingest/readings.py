"""The shapes in which readings travel: columns of one trip, and a block of many trips on one time grid.

A reading is one non-null value of one signal at one instant. Values are physical (`ingest/signals.py` has the units),
float32, NaN where nothing was read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
TimeArray = NDArray[np.float64]


class Quality(IntFlag):
    """What is doubtful about a stored row; 0 is a plain reading."""

    NONE = 0
    IMPLAUSIBLE = 1  # outside what a running car shows, or changing faster than it can
    FROZEN = 2  # repeated without any change for so long that it must be stuck
    LATE = 4  # arrived well behind newer readings of the same vehicle
    CLOCK_UNSET = 8  # event time was derived from arrival minus age


@dataclass(frozen=True, slots=True)
class TripColumns:
    """One trip of one vehicle as columns.

    `t_s` [rows], float64 seconds from `start` (aware UTC; None for an undated file), ascending; `signals` name ->
    [rows] float32, NaN = not read in that row. Rows need not be equidistant.
    """

    vehicle: str
    boot: str
    start: datetime | None
    t_s: TimeArray
    signals: Mapping[str, FloatArray]

    @property
    def duration_s(self) -> float:
        return float(self.t_s[-1] - self.t_s[0]) if len(self.t_s) else 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """Many trips (or many cars' windows) on one time grid: `values[signal, time, trip]`, float32, NaN = missing.

    `lengths[trip]` is each trip's length in grid steps; what lies behind it is NaN. Nothing is carried forward.
    """

    signals: tuple[str, ...]
    step_s: float
    values: FloatArray
    lengths: NDArray[np.int64]

    def signal(self, name: str) -> FloatArray:
        """Give `[time, trip]` of one signal; all NaN when no trip has it."""
        if name in self.signals:
            row: FloatArray = self.values[self.signals.index(name)]
            return row
        return np.full(self.values.shape[1:], np.nan, dtype=np.float32)


def to_block(trips: Sequence[TripColumns], signals: Sequence[str], step_s: float = 1.0) -> Block:
    """Put trips on one grid of `step_s` seconds: a slot holds the last value read in it, NaN when none was."""
    lengths = np.array([int(trip.duration_s // step_s) + 1 if len(trip.t_s) else 0 for trip in trips], dtype=np.int64)
    values = np.full((len(signals), int(lengths.max(initial=0)), len(trips)), np.nan, dtype=np.float32)
    for column, trip in enumerate(trips):
        if not len(trip.t_s):
            continue
        slot = ((trip.t_s - trip.t_s[0]) // step_s).astype(np.int64)
        for row, name in enumerate(signals):
            if name in trip.signals:
                present = ~np.isnan(trip.signals[name])
                # With repeated slots numpy keeps the last assignment, which is the latest reading.
                values[row, slot[present], column] = trip.signals[name][present]
    return Block(tuple(signals), step_s, values, lengths)
