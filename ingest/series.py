"""Series for people: fewer points than readings, with every minimum and maximum kept."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray

Instants = TypeVar("Instants", NDArray[np.int64], NDArray[np.float64])


def downsample(at: Instants, values: FloatArray, points: int) -> tuple[Instants, FloatArray]:
    """Give at most `points` (>= 4) of the readings, in order of time.

    `at` [rows] ascending instants in any unit, `values` [rows], NaN = missing (left out). Each of points // 2 equal
    buckets keeps its lowest and its highest reading, so no spike disappears; first and last are always kept.
    """
    present = ~np.isnan(values)
    at, values = at[present], values[present]
    if len(values) <= points:
        return at, values
    buckets = points // 2 - 1
    edges = np.linspace(0, len(values), buckets + 1).astype(np.int64)
    bucket = np.repeat(np.arange(buckets), np.diff(edges))
    by_value = np.lexsort((values, bucket))
    kept = np.unique(np.concatenate([by_value[edges[:-1]], by_value[edges[1:] - 1], [0, len(values) - 1]]))
    return at[kept], values[kept]
