"""Calibration: raw scores to probabilities on cars the boosters never saw, at a stated prevalence, and its error."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from diagnostics.monitor import CEILING, PREVALENCE
from diagnostics.predictor import Curve
from ingest.readings import FloatArray

BoolArray = NDArray[np.bool_]
_SLOPE = 0.002  # from the lowest to the highest score: between scores of one level there is still a higher one


def prevalence_weights(faulty: BoolArray, car: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Give weights `[trip]` under which faulty trips make up `PREVALENCE`; samples have far more of them.

    With `car[trip]` every car counts as one among the faulty ones, and as one among the others.
    """
    mass = np.ones(len(faulty))
    if car is not None:
        _, kind, many = np.unique(2 * car + faulty, return_inverse=True, return_counts=True)
        mass = 1 / many[kind]
    share = max(float(mass[faulty].sum() / max(mass.sum(), 1e-9)), 1e-9)
    mass *= len(mass) / max(float(mass.sum()), 1e-9)
    return np.where(faulty, PREVALENCE / share, (1 - PREVALENCE) / max(1 - share, 1e-9)) * mass


def isotonic(score: FloatArray, faulty: BoolArray, points: int = 60, car: NDArray[np.int64] | None = None) -> Curve:
    """Fit a rising map from score to probability; at most `points` knots, so that the file stays readable."""
    # Trips of one score are one point: a mode that says 0 of most trips has thousands of them.
    at, point = np.unique(score.astype(np.float64), return_inverse=True)
    weights = prevalence_weights(faulty, car)
    weight, hits = (np.bincount(point, mass, len(at)) for mass in (weights, weights * faulty))
    value = np.clip(isotonic_regression(hits / weight, weights=weight).x, 0.0, CEILING - _SLOPE)
    # The ends of each level; between two levels the map is a straight line.
    edge = np.flatnonzero(np.diff(value, prepend=-1.0) > 1e-9)
    keep = np.unique(np.concatenate([edge, np.maximum(edge - 1, 0), [len(value) - 1]]))
    if len(keep) > points:
        keep = keep[np.unique(np.linspace(0, len(keep) - 1, points).astype(np.int64))]
    rising = _SLOPE * (at[keep] - at[0]) / (at[-1] - at[0]) if at[-1] > at[0] else np.zeros(len(keep))
    return Curve(tuple(at[keep].tolist()), tuple((value[keep] + rising).tolist()))


def expected_error(
    probability: FloatArray, faulty: BoolArray, bins: int = 15, car: NDArray[np.int64] | None = None
) -> float:
    """Give the expected calibration error over bins of equal mass, at `PREVALENCE`."""
    weights = prevalence_weights(faulty, car)
    order = np.argsort(probability, kind="stable")
    mass = np.cumsum(weights[order])
    bin_of = np.minimum((mass / mass[-1] * bins).astype(np.int64), bins - 1)
    total = np.bincount(bin_of, weights[order], bins)
    said = np.bincount(bin_of, weights[order] * probability[order], bins)
    was = np.bincount(bin_of, weights[order] * faulty[order], bins)
    return float(np.abs(said - was).sum() / total.sum())


def brier_skill(probability: FloatArray, faulty: BoolArray, car: NDArray[np.int64] | None = None) -> float:
    """Give 1 - Brier score / that of always saying the prevalence."""
    weights = prevalence_weights(faulty, car)
    error = np.average((probability - faulty) ** 2, weights=weights)
    return float(1 - error / (PREVALENCE * (1 - PREVALENCE)))
