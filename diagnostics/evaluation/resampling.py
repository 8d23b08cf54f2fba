"""The vehicle bootstrap: every figure again with cars drawn anew, a thousand times, as products of matrices."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnostics.evaluation.histories import BoolArray, IntArray

Numbers = NDArray[np.float64]
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, its 95 % interval over resampled vehicles, and how many things it was counted over."""

    value: float | None
    low: float | None = None
    high: float | None = None
    over: int = 0

    def to_json(self) -> dict[str, Any]:
        bounds = {"low": _round(self.low), "high": _round(self.high)}
        return {"value": _round(self.value), **bounds, "over": self.over}


def _round(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 5)


def draws(strata: IntArray, seed: int, resamples: int = RESAMPLES) -> NDArray[np.float32]:
    """Give `[resample, car]`, how often each car is drawn; every stratum keeps its size. Row 0 is the sample itself."""
    counts = np.ones((resamples + 1, len(strata)), dtype=np.float32)
    rng = np.random.default_rng(seed)
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        drawn = rng.integers(0, len(inside), size=(resamples, len(inside)))
        rows = np.arange(resamples)[:, None] * len(inside)
        flat = np.bincount((drawn + rows).ravel(), minlength=resamples * len(inside))
        counts[1:, inside] = flat.reshape(resamples, len(inside))
    return counts


def spread(values: Numbers, over: int) -> Figure:
    """Give the figure of `values[resample]`, row 0 being the sample itself."""
    if not over or np.isnan(values[0]):
        return Figure(None, over=over)
    if len(values) == 1:
        return Figure(float(values[0]), over=over)
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return Figure(float(values[0]), float(low), float(high), over)


def ratio(counts: NDArray[np.float32], above: Numbers, below: Numbers) -> Numbers:
    """Give `[resample]`, the sum of `above[item]` over that of `below[item]`; NaN where there is nothing below."""
    total = counts @ below.astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Numbers = np.where(total > 0, (counts @ above.astype(np.float32)) / total, np.nan)
    return shares


def quantile(counts: NDArray[np.float32], values: Numbers, q: float) -> Numbers:
    """Give `[resample]`, the value below which the share `q` of the drawn items lies; NaN where none is drawn."""
    if not len(values):
        return np.full(len(counts), np.nan)
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(counts[:, order], axis=1)
    total = mass[:, -1:]
    lower = np.minimum((mass < q * total + 1e-6).sum(axis=1), len(values) - 1)
    at = (mass <= q * total - 1e-6).sum(axis=1)
    # Where the share falls between two items, as the median of an even number does, the middle of both.
    chosen: Numbers = (values[order][np.minimum(at, len(values) - 1)] + values[order][lower]) / 2
    return np.where(total[:, 0] > 0, chosen, np.nan)


def average_precision(
    counts: NDArray[np.float32], score: Numbers, positive: BoolArray, prevalence: float, weight: Numbers
) -> Numbers:
    """Give `[resample]`, the area under precision and recall when positives make up `prevalence`.

    `weight[item]` is how much an item counts among its own kind. Items of one score are met at once.
    """
    if not positive.any() or positive.all():
        return np.full(len(counts), np.nan)
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    drawn = counts[:, order] * weight[order].astype(np.float32)
    hits = np.cumsum(drawn * positive[order], axis=1, dtype=np.float64)
    misses = np.cumsum(drawn * ~positive[order], axis=1, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = (hits / hits[:, -1:])[:, last]
        false = (misses / misses[:, -1:])[:, last]
        precision = prevalence * recall / (prevalence * recall + (1 - prevalence) * false)
    step = np.diff(recall, prepend=0.0, axis=1)
    area: Numbers = (step * np.where(step > 0, precision, 0.0)).sum(axis=1)
    return area


def curve(score: Numbers, positive: BoolArray, prevalence: float, weight: Numbers) -> tuple[Numbers, Numbers]:
    """Give recall and precision at every score, from the highest down."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    hits, misses = (np.cumsum(weight[order] * chosen) for chosen in (positive[order], ~positive[order]))
    recall, false = hits[last] / hits[-1], misses[last] / misses[-1]
    with np.errstate(invalid="ignore"):
        return recall, prevalence * recall / (prevalence * recall + (1 - prevalence) * false)


def area_under_roc(score: Numbers | NDArray[np.float32], positive: BoolArray) -> float:
    """Give the chance that a positive scores higher than a negative; ties count half."""
    if not positive.any() or positive.all():
        return float("nan")
    _, place, many = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(many) - (many - 1) / 2)[place]
    ones = int(positive.sum())
    return float((rank[positive].sum() - ones * (ones + 1) / 2) / (ones * (len(score) - ones)))
