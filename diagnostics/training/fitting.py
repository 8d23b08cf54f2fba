"""Fitting one fault: boosters on cars, calibration and threshold on cars that the scoring booster never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.isolation import OF_TRIPS
from diagnostics.training.dataset import BoolArray, IntArray
from ingest.readings import FloatArray

# Small trees, strong regularisation: what is to be learnt is a handful of monotone residuals. One thread each:
# two that wait for one another stand still as soon as something else runs.
_COMMON: Mapping[str, Any] = {
    "learning_rate": 0.08, "num_leaves": 15, "min_data_in_leaf": 30, "feature_fraction": 0.6, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "monotone_constraints_method": "intermediate",
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
ROUNDS = 160
FOLDS = 4
STRICTEST = 0.9949  # of a vote: just below what is ever said
MARGIN = 1e-4  # above what healthy cars reached


@dataclass(frozen=True, slots=True)
class Rows:
    """Trips of one fault that have a vote: `features[trip, column]`, `severity`, `car` and its fold."""

    features: FloatArray
    severity: FloatArray
    car: IntArray
    fold: IntArray


def folds(car: IntArray, seed: int) -> IntArray:
    """Give a fold per trip, by car: no car is on both sides of a split."""
    cars, row = np.unique(car, return_inverse=True)
    dealt: IntArray = (np.random.default_rng(seed).permutation(len(cars)) % FOLDS)[row]
    return dealt


def dealt(car: IntArray, seed: int, kinds: Mapping[int, str] | None) -> IntArray:
    """Give a fold per trip, by the kind of its car where that is known: thresholds have to hold for other kinds.

    With fewer kinds than folds, by car.
    """
    if kinds is None or len(set(kinds.values())) < FOLDS:
        return folds(car, seed)
    place = {kind: index % FOLDS for index, kind in enumerate(sorted(set(kinds.values())))}
    cars, row = np.unique(car, return_inverse=True)
    return np.array([place[kinds[int(it)]] for it in cars], dtype=np.int64)[row]


def boost(
    features: FloatArray, target: NDArray[Any], names: Sequence[tuple[str, int]], seed: int, objective: str,
    *, monotone: bool = True,
) -> lightgbm.Booster:  # fmt: skip
    """Grow the trees of one target. `names` are the columns and the direction in which each may move it."""
    settings = {**_COMMON, "objective": objective, "seed": seed}
    if monotone:
        settings["monotone_constraints"] = [direction for _, direction in names]
    data = lightgbm.Dataset(
        features, target.astype(np.float32), feature_name=[name for name, _ in names], params={"verbosity": -1}
    )
    return lightgbm.train(settings, data, ROUNDS)


def unseen_scores(
    rows: Rows, target: NDArray[Any], learn: BoolArray, names: Sequence[tuple[str, int]], seed: int, objective: str,
    *, monotone: bool = True,
) -> FloatArray:  # fmt: skip
    """Give the raw score of every trip by trees grown on the other folds' `learn` trips."""
    raw = np.zeros(len(rows.car), dtype=np.float32)
    for fold in range(FOLDS):
        held, use = rows.fold == fold, learn & (rows.fold != fold)
        if held.any():
            trees = boost(rows.features[use], target[use], names, seed, objective, monotone=monotone)
            raw[held] = trees.predict(rows.features[held], raw_score=True, num_threads=1)
    return raw


def of_five(probability: FloatArray, edges: IntArray, votes: int) -> FloatArray:
    """Give `[trip]`, the `votes`-th largest of the last five that are not NaN: the threshold at which it alarms."""
    made = np.zeros(len(probability), dtype=np.float32)
    _largest(np.asarray(probability, dtype=np.float32), edges, votes, made)
    return made


@compiled
def _largest(probability: FloatArray, edges: IntArray, votes: int, made: FloatArray) -> None:
    last = np.zeros(OF_TRIPS, dtype=np.float32)
    for car in range(len(edges) - 1):
        last[:] = 0
        count, now = 0, np.float32(0)
        for trip in range(edges[car], edges[car + 1]):
            if not np.isnan(probability[trip]):
                last[count % OF_TRIPS] = probability[trip]
                count += 1
                now = np.sort(last)[OF_TRIPS - votes]
            made[trip] = now
