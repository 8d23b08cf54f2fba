"""Whether probabilities mean what they say: error over bins of equal mass, and skill, at a stated prevalence."""

from dataclasses import dataclass

import numpy as np

from diagnostics.evaluation.histories import BoolArray, IntArray
from diagnostics.evaluation.resampling import Numbers
from diagnostics.monitor import PREVALENCE

BINS = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """`said` and `was`, the mean probability and the share of faulty ones in each bin; `mass`, the bin's weight."""

    said: Numbers
    was: Numbers
    mass: Numbers
    error: float
    skill: float


def car_weights(car: IntArray, faulty: BoolArray) -> Numbers:
    """Give `[trip]`: cars of one kind count alike however far they drive, and faulty ones make up `PREVALENCE`."""
    weight = np.zeros(len(car), dtype=np.float64)
    for kind, share in ((faulty, PREVALENCE), (~faulty, 1 - PREVALENCE)):
        if kind.any():
            _, place, many = np.unique(car[kind], return_inverse=True, return_counts=True)
            weight[kind] = share / (len(many) * many[place])
    return weight


def reliability(probability: Numbers, faulty: BoolArray, weight: Numbers, bins: int = BINS) -> Reliability:
    """Measure calibration over `bins` bins of equal mass. `weight[trip]` carries the prevalence, as `car_weights`.

    `skill` is 1 - Brier score / that of always saying the prevalence in `weight`.
    """
    order = np.argsort(probability, kind="stable")
    said, was = probability[order], faulty[order].astype(np.float64)
    mass: Numbers = weight[order] / weight.sum()
    place = np.minimum(((np.cumsum(mass) - mass / 2) * bins).astype(np.int64), bins - 1)
    total: Numbers = np.bincount(place, mass, bins).astype(np.float64)
    filled = total > 0
    told, true = (np.bincount(place, mass * values, bins)[filled] for values in (said, was))
    share = float((mass * was).sum())
    brier = float((mass * (said - was) ** 2).sum())
    skill = 1 - brier / (share * (1 - share)) if 0 < share < 1 else float("nan")
    return Reliability(
        told / total[filled], true / total[filled], total[filled], float(np.abs(told - true).sum()), skill
    )
