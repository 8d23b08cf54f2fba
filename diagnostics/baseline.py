"""The vehicle's own baseline: what it should show, from its earlier trips only, drawn to healthy cars while few."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.modes import FaultMode, Measured, Normal
from ingest.readings import FloatArray, TimeArray

MEMORY_S = 90 * 86_400.0  # older trips belong to another season
EARLIEST = 6  # the first trips of that time: a fault that grows slowly must not become the normal
LEVEL_TRIPS = 1.0  # healthy cars count as much as this many own trips, for the level
LASTING = 3  # trips
WANDER_TRIPS = 3.0  # and for the wander, which needs more trips to be known


@dataclass(frozen=True, slots=True)
class Compared:
    """Trips held against their baselines.

    `features[trip, feature]` are the mode's own; `seen[trip, column]` those and the lasting ones, in the order of
    `columns(mode)`: what the predictor sees.
    """

    normal: Normal
    features: FloatArray
    seen: FloatArray


def columns(mode: FaultMode) -> list[tuple[str, int]]:
    """Give name and direction of every column that the predictor sees of a mode."""
    own = [(feature.name, feature.direction) for feature in mode.features]
    return own + [(f"{feature.name}_lasting", feature.direction) for feature in mode.features if feature.lasting]


def compare(mode: FaultMode, measured: Measured, vehicle: NDArray[np.int64], start_s: TimeArray) -> Compared:
    """Hold every trip against the baseline of its vehicle. `vehicle[trip]` are row numbers, `start_s[trip]` instants.

    The baseline of a measure are the earliest six trips among those that began in the 90 days before this trip, were
    long enough and show it: their median is the level, their standard deviation the wander. Verdicts play no part in
    it, so that a verdict never depends on another.
    """
    low, high = np.array([measure.healthy for measure in mode.measures], dtype=np.float32).T
    fleet = np.array([measure.wander for measure in mode.measures], dtype=np.float32)
    nearest = np.clip(measured.values, low, high)
    median, deviation, own = _earlier(mode, measured, vehicle, start_s)
    weight = own / (own + LEVEL_TRIPS)
    expected = np.where(own > 0, weight * median + (1 - weight) * nearest, nearest)
    # A trip that does not show a measure is still told what this car normally shows.
    expected = np.where(np.isnan(expected) & (own > 0), median, expected).astype(np.float32)
    wander = np.sqrt((own * deviation**2 + WANDER_TRIPS * fleet**2) / (own + WANDER_TRIPS)).astype(np.float32)
    normal = Normal(expected, wander, own)
    features = mode.compare(measured.values, normal)
    chosen = np.array([feature.lasting for feature in mode.features])
    usable = np.where(measured.observed_s[:, None] >= mode.least_s, features[:, chosen], np.float32(np.nan))
    return Compared(normal, features, np.concatenate([features, _lasting(usable, vehicle, start_s)], axis=1))


def _lasting(features: FloatArray, vehicle: NDArray[np.int64], start_s: TimeArray) -> FloatArray:
    """Give the median over each trip and the two of its vehicle before it; of two values the smaller."""
    order = np.lexsort((start_s, vehicle))
    ordered = features[order]
    stack = np.full((LASTING, *ordered.shape), np.nan, dtype=np.float32)
    stack[0] = ordered
    for back in range(1, LASTING):
        near = (vehicle[order][back:] == vehicle[order][:-back]) & (
            start_s[order][back:] - start_s[order][:-back] <= MEMORY_S
        )
        stack[back, back:] = np.where(near[:, None], ordered[:-back], np.float32(np.nan))
    stack.sort(axis=0)
    middle = np.maximum(np.sum(~np.isnan(stack), axis=0) - 1, 0) // 2
    lasting = np.empty_like(ordered)
    lasting[order] = np.take_along_axis(stack, middle[None], axis=0)[0]
    # A trip that does not show the residual itself says nothing by what others showed.
    return np.where(np.isnan(features), np.float32(np.nan), lasting)


def _earlier(
    mode: FaultMode, measured: Measured, vehicle: NDArray[np.int64], start_s: TimeArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give median, standard deviation and number of the baseline trips, `[trip, measure]`; 0 where there are none.

    The loop goes over places in a history; trips and vehicles are taken at once.
    """
    trips, measures = measured.values.shape
    median, deviation, own = (np.zeros((trips, measures), dtype=np.float32) for _ in range(3))
    if not trips:
        return median, deviation, own
    order = np.lexsort((start_s, vehicle))
    _, first, row = np.unique(vehicle[order], return_index=True, return_inverse=True)
    place = np.arange(trips) - first[row]
    shape = (len(first), int(place.max()) + 1)
    padded = np.full((*shape, measures), np.nan, dtype=np.float32)
    usable = np.where(measured.observed_s[:, None] >= mode.least_s, measured.values, np.float32(np.nan))
    padded[row, place] = usable[order]
    begins = np.full(shape, np.inf)
    begins[row, place] = start_s[order]
    for now in range(1, shape[1]):
        at, here = order[place == now], row[place == now]
        begin = begins[here, now, None]
        recent = (begins[here, :now] >= begin - MEMORY_S) & (begins[here, :now] < begin)
        counted = ~np.isnan(padded[here, :now]) & recent[:, :, None]
        counted &= np.cumsum(counted, axis=1) <= EARLIEST
        values = np.where(counted, padded[here, :now], np.float32(np.nan))
        many = counted.sum(axis=1)
        last = np.maximum(many - 1, 0)
        middle = np.stack([last // 2, np.minimum(many // 2, last)], axis=1)
        median[at] = np.where(many > 0, np.take_along_axis(np.sort(values, axis=1), middle, axis=1).mean(axis=1), 0)
        mean = np.where(counted, values, 0).sum(axis=1) / np.maximum(many, 1)
        square = np.where(counted, (values - mean[:, None]) ** 2, 0).sum(axis=1) / np.maximum(many, 1)
        deviation[at], own[at] = np.sqrt(square), many
    return median, deviation, own
