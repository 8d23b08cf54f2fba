"""Where a residual is heading: a robust Kalman level and a one-sided CUSUM over a vehicle's last trips (faults.md E).

Both look back over the last forty trips that show the residual, at most sixty days: so they are functions of a bounded
set of trips, whatever order it arrived in, and old trips need not be read again.
"""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from ingest.readings import FloatArray, TimeArray

DAY_S = 86_400.0
TREND_S = 60 * DAY_S
TREND_TRIPS = 40
_LEVEL_NOISE, _SLOPE_NOISE = 0.01, 1e-4  # variances per day, in squared spreads of the car's trips
_LEVEL_FIRST, _SLOPE_FIRST = 0.25, 0.0025  # before the first trip: a car is taken to be sound
_LONGEST_STEP_D = 3.0  # a car that stood for a month has not worn for a month
_HUBER = 3.0  # standard deviations: what is further off moves the level no more than this
_FAR, _FARTHEST, _SHIFT = 2.0, 5.0, 9.5  # standard deviations: beyond 2 in a row, 5 of each at most, sum of a jump
_LOOSE = 1.0  # variance that a jump adds
_REPAIR, _REPAIR_TRIPS = 6.0, 3  # standard deviations towards health, trips in a row: it was repaired
_SLACK = 0.5
_CAP = 30.0


def trend(residual: FloatArray, edges: NDArray[np.int64], start_s: TimeArray) -> tuple[FloatArray, FloatArray]:
    """Give level and CUSUM `[trip, residual]` of `residual[trip, residual]`, told in spreads, positive is worse.

    Trips are in walking order: vehicle k has those from `edges[k]` to `edges[k + 1]`, by `start_s`. Trip n's values
    stand on trips up to n only. A trip that does not show a residual keeps what was; before the first one both are 0.
    """
    level, cusum = np.zeros(residual.shape, dtype=np.float32), np.zeros(residual.shape, dtype=np.float32)
    _walk(np.ascontiguousarray(residual, dtype=np.float32), edges, start_s, level, cusum)
    return level, cusum


@compiled
def _walk(
    residual: FloatArray, edges: NDArray[np.int64], start_s: TimeArray, level: FloatArray, cusum: FloatArray
) -> None:
    for car in range(len(edges) - 1):
        low, high = edges[car], edges[car + 1]
        shown, at_s = np.empty(high - low, dtype=np.float32), np.empty(high - low, dtype=np.float64)
        for column in range(residual.shape[1]):
            count, first = 0, 0
            for trip in range(low, high):
                if not np.isnan(residual[trip, column]):
                    shown[count], at_s[count] = residual[trip, column], start_s[trip]
                    count += 1
                while first < count and (at_s[first] < start_s[trip] - TREND_S or count - first > TREND_TRIPS):
                    first += 1
                level[trip, column], cusum[trip, column] = _run(shown, at_s, first, count)


@compiled
def _run(shown: FloatArray, at_s: TimeArray, first: int, count: int) -> tuple[float, float]:
    """Run the filter over trips `first` to `count`, from rest.

    State: level and slope per day, with variances a, b, c. Innovations in a row that are far off to one side are no
    outliers: the level jumps there, or, when it falls towards health by more, everything begins anew.
    """
    level, slope, total = 0.0, 0.0, 0.0
    a, b, c = _LEVEL_FIRST, 0.0, _SLOPE_FIRST
    above, below = 0.0, 0
    for row in range(first, count):
        step = min((at_s[row] - at_s[row - 1]) / DAY_S, _LONGEST_STEP_D) if row > first else 0.0
        level += step * slope
        a += step * (2 * b + step * c) + step * _LEVEL_NOISE
        b += step * c
        c += step * _SLOPE_NOISE
        spread = np.sqrt(a + 1)
        off = (shown[row] - level) / spread
        above = above + min(off, _FARTHEST) if off > _FAR else 0.0
        below = below + 1 if off < -_REPAIR else 0
        total = min(max(total + shown[row] - _SLACK, 0.0), _CAP)
        if below >= _REPAIR_TRIPS:
            level, slope, total, below = 0.0, 0.0, 0.0, 0
            a, b, c = _LEVEL_FIRST, 0.0, _SLOPE_FIRST
            continue
        if above >= _SHIFT:
            above = 0.0
            a += _LOOSE
            spread = np.sqrt(a + 1)
            off = (shown[row] - level) / spread
        off = min(max(off, -_HUBER), _HUBER) * spread
        gain, gain_slope = a / (a + 1), b / (a + 1)
        level += gain * off
        slope += gain_slope * off
        c -= gain_slope * b
        b -= gain * b
        a -= gain * a
    return level, total
