"""Series for people: fewer points than readings, with every minimum and maximum kept."""

import numpy as np

from ingest.readings import FloatArray, TimeArray


def downsample(t_s: TimeArray, values: FloatArray, points: int) -> tuple[TimeArray, FloatArray]:
    """Give at most `points` (>= 4) of the readings, in order of time.

    `t_s` [rows] ascending seconds, `values` [rows] (NaN = missing, left out). Each of points // 2 equal buckets keeps
    its lowest and its highest reading, so no spike disappears; the first and last readings are always kept.
    """
    present = ~np.isnan(values)
    t_s, values = t_s[present], values[present]
    if len(values) <= points:
        return t_s, values
    buckets = points // 2 - 1
    edges = np.linspace(0, len(values), buckets + 1).astype(np.int64)
    bucket = np.repeat(np.arange(buckets), np.diff(edges))
    by_value = np.lexsort((values, bucket))
    kept = np.unique(np.concatenate([by_value[edges[:-1]], by_value[edges[1:] - 1], [0, len(values) - 1]]))
    return t_s[kept], values[kept]
