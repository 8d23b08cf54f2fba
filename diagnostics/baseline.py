"""The vehicle's own baseline: what it should show, from its earlier trips only, drawn to healthy cars while few."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.modes import FaultMode, Feature, Measured, Normal
from diagnostics.trend import TREND_S, trend
from ingest.readings import FloatArray, TimeArray

DAY_S = 86_400.0
MEMORY_S = 120 * DAY_S  # older trips belong to another season
RECENT_S = 14 * DAY_S  # younger trips than this are what is judged, not what it is held against
FEWEST, MOST = 6, 40  # baseline trips: with fewer behind `RECENT_S` the first six of all must do
REACH_S = MEMORY_S + TREND_S  # a trip's columns stand on no trip further back
LEVEL_TRIPS = 1.0  # healthy cars count as much as this many own trips, for the level
LASTING = 3  # trips
WANDER_TRIPS = 10.0  # and for the wander, which needs more trips to be known (faults.md E)
_SPREAD = 1.2533  # standard deviation of a normal distribution per mean absolute deviation
_DOUBT = 14.0  # how much less a level is trusted that few trips tell: about the variance of their median, in trips


@dataclass(frozen=True, slots=True)
class Walk:
    """Trips sorted by vehicle and time: `order` are rows, vehicle k has those from `edges[k]` to `edges[k + 1]`."""

    order: NDArray[np.int64]
    edges: NDArray[np.int64]
    start_s: TimeArray  # in that order

    @classmethod
    def along(cls, vehicle: NDArray[np.int64], start_s: TimeArray) -> "Walk":
        order = np.lexsort((start_s, vehicle)).astype(np.int64)
        edges = np.flatnonzero(np.diff(vehicle[order], prepend=-1, append=-1)) if len(order) else np.zeros(1)
        return cls(order, edges.astype(np.int64), start_s[order].astype(np.float64))

    def back(self, ordered: FloatArray) -> FloatArray:
        """Give rows, which are in walking order, in the order in which the trips came."""
        rows = np.empty_like(ordered)
        rows[self.order] = ordered
        return rows


@dataclass(frozen=True, slots=True)
class Compared:
    """Trips held against their baselines.

    `features[trip, feature]` are the mode's own; `seen[trip, column]` those, the lasting ones and their trends, in the
    order of `columns(mode)`: what the predictor sees of the mode. `health[trip]` is the strongest trend, in spreads.
    """

    normal: Normal
    features: FloatArray
    seen: FloatArray
    health: FloatArray


def tracked(mode: FaultMode) -> list[Feature]:
    """Give the lasting features that are told in spreads of the car's own trips: those have a trend."""
    return [feature for feature in mode.features if feature.lasting and feature.name.endswith("_scaled")]


def columns(mode: FaultMode) -> list[tuple[str, int]]:
    """Give name and direction of every column that the predictor sees of a mode."""
    own = [(feature.name, feature.direction) for feature in mode.features]
    lasting = [(f"{feature.name}_lasting", feature.direction) for feature in mode.features if feature.lasting]
    levels = [(f"{feature.name}_level", feature.direction) for feature in tracked(mode)]
    return own + lasting + levels + [(f"{feature.name}_cusum", 1) for feature in tracked(mode)]


def compare(
    mode: FaultMode, measured: Measured, vehicle: NDArray[np.int64], start_s: TimeArray, walk: Walk | None = None
) -> Compared:
    """Hold every trip against the baseline of its vehicle. `vehicle[trip]` are row numbers, `start_s[trip]` instants.

    The baseline of a measure are up to forty trips that show it, the earliest of those that began between 120 and 14
    days before this one and were long enough; while there are fewer than six, the earliest six of the 120 days before
    it. Their median is the level, their mean absolute deviation tells the wander. Verdicts play no part in it, so that
    a verdict never depends on another.
    """
    walk = walk or Walk.along(vehicle, start_s)
    normal = _normal(mode, measured, walk)
    features = mode.compare(measured.values, normal)
    long = measured.observed_s >= mode.least_s
    usable = np.where(long[:, None], features, np.float32(np.nan))
    lasting = _lasting(usable[:, [feature.lasting for feature in mode.features]], walk)
    names = [feature.name for feature in mode.features]
    chosen = tracked(mode)
    sign = np.array([feature.direction or 1 for feature in chosen], dtype=np.float32)
    residual = usable[:, [names.index(feature.name) for feature in chosen]] * sign * _trust(mode, normal)
    level, cusum = trend(residual[walk.order], walk.edges, walk.start_s)
    level, cusum = walk.back(level), walk.back(cusum)
    health = level.max(axis=1, initial=0.0)
    return Compared(normal, features, np.concatenate([features, lasting, level * sign, cusum], axis=1), health)


def _normal(mode: FaultMode, measured: Measured, walk: Walk) -> Normal:
    low, high = np.array([measure.healthy for measure in mode.measures], dtype=np.float32).T
    fleet = np.array([measure.wander for measure in mode.measures], dtype=np.float32)
    usable = np.where(measured.observed_s[:, None] >= mode.least_s, measured.values, np.float32(np.nan))
    ordered = np.ascontiguousarray(usable[walk.order], dtype=np.float32)
    median, deviation, own = (np.zeros(ordered.shape, dtype=np.float32) for _ in range(3))
    _earlier(ordered, walk.edges, walk.start_s, median, deviation, own)
    median, deviation, own = walk.back(median), walk.back(deviation), walk.back(own)
    nearest = np.clip(measured.values, low, high)
    weight = own / (own + LEVEL_TRIPS)
    expected = np.where(own > 0, weight * median + (1 - weight) * nearest, nearest)
    # A trip that does not show a measure is still told what this car normally shows.
    expected = np.where(np.isnan(expected) & (own > 0), median, expected).astype(np.float32)
    wander = np.sqrt((own * deviation**2 + WANDER_TRIPS * fleet**2) / (own + WANDER_TRIPS)).astype(np.float32)
    return Normal(expected, wander, own)


def _trust(mode: FaultMode, normal: Normal) -> FloatArray:
    """Give 0..1 per trip and tracked feature: a trend adds up the error of a level that few trips tell."""
    places = {f"{measure.name}_scaled": column for column, measure in enumerate(mode.measures)}
    most = normal.own.max(axis=1, initial=0.0)
    own = [
        normal.own[:, places[feature.name]] if feature.name in places else most for feature in tracked(mode)
    ] or [np.zeros((0, len(most)), dtype=np.float32)]  # fmt: skip
    behind = np.stack(own, axis=1) if tracked(mode) else np.zeros((len(most), 0), dtype=np.float32)
    doubt = _DOUBT * (1 / (np.minimum(behind, MOST) + 2) - 1 / (MOST + 2))
    return (1 / np.sqrt(1 + doubt)).astype(np.float32)


def _lasting(features: FloatArray, walk: Walk) -> FloatArray:
    """Give the median over each trip and the two of its vehicle before it; of two values the smaller."""
    ordered = features[walk.order]
    car = np.repeat(np.arange(len(walk.edges) - 1), np.diff(walk.edges))
    stack = np.full((LASTING, *ordered.shape), np.nan, dtype=np.float32)
    stack[0] = ordered
    for back in range(1, LASTING):
        near = (car[back:] == car[:-back]) & (walk.start_s[back:] - walk.start_s[:-back] <= TREND_S)
        stack[back, back:] = np.where(near[:, None], ordered[:-back], np.float32(np.nan))
    stack.sort(axis=0)
    middle = np.maximum(np.sum(~np.isnan(stack), axis=0) - 1, 0) // 2
    lasting = walk.back(np.take_along_axis(stack, middle[None], axis=0)[0])
    # A trip that does not show the residual itself says nothing by what others showed.
    return np.where(np.isnan(features), np.float32(np.nan), lasting)


@compiled
def _earlier(
    values: FloatArray, edges: NDArray[np.int64], start_s: TimeArray, median: FloatArray, deviation: FloatArray,
    own: FloatArray,
) -> None:  # fmt: skip
    """Fill median, mean absolute deviation (as a standard deviation) and number of the baseline trips.

    All are `[trip, measure]`, in walking order; 0 where there are none. One loop, since what is chosen for a trip is
    mostly what was chosen for the one before: it is worked out again when its first, last or number changed.
    """
    held = np.empty(MOST, dtype=np.float32)
    for car in range(len(edges) - 1):
        for measure in range(values.shape[1]):
            oldest = ripe = now = edges[car]  # bounds of the last 120 days, of the trips before 14 days, before this
            first, last, count = -1, -1, 0
            for trip in range(edges[car], edges[car + 1]):
                while start_s[oldest] < start_s[trip] - MEMORY_S:
                    oldest += 1
                while start_s[ripe] < start_s[trip] - RECENT_S:
                    ripe += 1
                while start_s[now] < start_s[trip]:
                    now += 1
                a, b, n = _choose(values[:, measure], oldest, ripe, MOST, held)
                if n < FEWEST:
                    a, b, n = _choose(values[:, measure], oldest, now, FEWEST, held)
                if n == 0:
                    first = -1
                    continue
                if a == first and b == last and n == count:
                    median[trip, measure] = median[trip - 1, measure]
                    deviation[trip, measure] = deviation[trip - 1, measure]
                else:
                    ordered = np.sort(held[:n])
                    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
                    median[trip, measure] = middle
                    deviation[trip, measure] = _SPREAD * np.abs(ordered - middle).sum() / n
                own[trip, measure] = n
                first, last, count = a, b, n


@compiled
def _choose(values: FloatArray, low: int, high: int, most: int, held: FloatArray) -> tuple[int, int, int]:
    """Put the earliest `most` values there are from `low` up to `high` into `held`; give first, last and number."""
    first, last, count = -1, -1, 0
    for trip in range(low, high):
        if not np.isnan(values[trip]):
            if count == 0:
                first = trip
            last = trip
            held[count] = values[trip]
            count += 1
            if count == most:
                break
    return first, last, count
