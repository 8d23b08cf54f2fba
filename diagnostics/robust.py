"""Robust summaries of gated samples, one number per trip, over `[time, trip]` arrays without a loop over trips."""

import numpy as np

from diagnostics.gating import BoolArray
from ingest.readings import FloatArray

_FRAY = 0.83  # lower quartile of that distance, for 24 normal values of standard deviation 1


def sorted_samples(values: FloatArray, gate: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Give the gated values of each trip in ascending order (the rest NaN, at the end), and how many there are."""
    ordered = np.sort(np.where(gate, values, np.float32(np.nan)), axis=0)
    return ordered, np.sum(~np.isnan(ordered), axis=0).astype(np.float32)


def quantile_of(ordered: FloatArray, count: FloatArray, level: float, least: int) -> FloatArray:
    """Give each trip's quantile from `sorted_samples`, interpolated; NaN below `least` samples."""
    if not ordered.shape[0]:
        return np.full(ordered.shape[1], np.nan, dtype=np.float32)
    place = level * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0).astype(np.int64))
    below = np.take_along_axis(ordered, low[None, :], axis=0)[0]
    above = np.take_along_axis(ordered, high[None, :], axis=0)[0]
    value = below + (above - below) * (place - low)
    return np.where(count >= least, value, np.nan).astype(np.float32)


def median(values: FloatArray, gate: BoolArray, least: int) -> FloatArray:
    """Give each trip's median of the gated values; NaN below `least` samples."""
    ordered, count = sorted_samples(values, gate)
    return quantile_of(ordered, count, 0.5, least)


def share(state: BoolArray, gate: BoolArray, least: int) -> FloatArray:
    """Give the share of the gated samples in which `state` is true; NaN below `least` samples."""
    count = np.sum(gate, axis=0)
    hits = np.sum(state & gate, axis=0)
    return np.where(count >= least, hits / np.maximum(count, 1), np.nan).astype(np.float32)


def bin_means(values: FloatArray, gate: BoolArray, width: int) -> FloatArray:
    """Give `[bin, trip]`: the mean of the gated values in each run of `width` steps; NaN where under half is gated."""
    bins = values.shape[0] // width
    shape = (bins, width, values.shape[1])
    usable = (gate & ~np.isnan(values))[: bins * width].reshape(shape)
    total = np.where(usable, values[: bins * width].reshape(shape), 0.0).sum(axis=1, dtype=np.float64)
    count = usable.sum(axis=1)
    return np.where(count * 2 >= width, total / np.maximum(count, 1), np.nan).astype(np.float32)


def slope(across: FloatArray, along: FloatArray, least: int) -> FloatArray:
    """Give each trip's least-squares slope through the mean of `across` over `along`; NaN below `least` pairs."""
    both = ~np.isnan(across) & ~np.isnan(along)
    count = np.maximum(both.sum(axis=0), 1)
    x = np.where(both, along, 0.0).astype(np.float64)
    y = np.where(both, across, 0.0).astype(np.float64)
    x = np.where(both, x - x.sum(axis=0) / count, 0.0)
    y = np.where(both, y - y.sum(axis=0) / count, 0.0)
    spread = (x * x).sum(axis=0)
    value = (x * y).sum(axis=0) / np.maximum(spread, 1e-12)
    return np.where((both.sum(axis=0) >= least) & (spread > 1e-12), value, np.nan).astype(np.float32)


def ripple(values: FloatArray, gate: BoolArray, width: int, least: int) -> FloatArray:
    """Give the standard deviation of sample noise per trip; NaN below `least` runs of `width` gated steps.

    In each run it is the distance from the outermost value to the outer quarter, on the quieter of both sides; of the
    runs the quiet ones count (their lower quartile). Noise frays both edges, always. A load that beats or switches
    (hazard lights, a compressor) moves the voltage between two levels whose edges stay sharp, and not all the time.
    A poll that repeats values hides a part of the noise.
    """
    bins = values.shape[0] // width
    shape = (bins, width, values.shape[1])
    whole: BoolArray = gate[: bins * width].reshape(shape).min(axis=1)
    ordered = np.sort(values[: bins * width].reshape(shape), axis=1)
    quarter = width // 4
    fray = np.minimum(ordered[:, -1] - ordered[:, -1 - quarter], ordered[:, quarter] - ordered[:, 0])
    noise: FloatArray = quantile_of(*sorted_samples(fray, whole), 0.25, least) / np.float32(_FRAY)
    return noise
