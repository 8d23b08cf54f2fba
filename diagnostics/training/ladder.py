"""The baseline ladder (faults.md C3): plainer ways of predicting, each judged at the predictor's false-alarm rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm
import numpy as np

from diagnostics.evaluation.figures import evaluate
from diagnostics.evaluation.histories import ONSET, BoolArray, Episodes, Histories
from diagnostics.evaluation.raising import raised, smoothed
from diagnostics.evaluation.resampling import Figure
from diagnostics.training.dataset import FAULTY_FROM
from ingest.readings import FloatArray

_SETTINGS: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.08, "num_leaves": 15, "min_data_in_leaf": 50, "lambda_l2": 5.0,
    "feature_fraction": 0.5, "max_bin": 63, "deterministic": True, "force_row_wise": True, "num_threads": 2,
    "verbosity": -1,
}  # fmt: skip
_ROUNDS = 80
_MOST_HEALTHY = 8  # trips for each faulty one, to learn from
_STEPS = 24


@dataclass(frozen=True, slots=True)
class Rung:
    """A way of predicting: its name, words, and the figures it reaches."""

    name: str
    words: str
    figures: Mapping[str, Figure]
    recalls: Mapping[str, Figure]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "words": self.words,
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "faults": {fault: figure.to_json() for fault, figure in self.recalls.items()},
        }  # fmt: skip


def boosted(
    learn: FloatArray, severity: FloatArray, test: FloatArray, judged: BoolArray, faults: Sequence[str], seed: int
) -> FloatArray:
    """Give `[trip, fault]`, what trees say that learnt each fault from `learn[trip, column]` of other cars.

    `judged[trip, fault]` are trips that may vote; others get NaN.
    """
    said = np.full((len(test), len(faults)), np.nan, dtype=np.float32)
    rng = np.random.default_rng(seed)
    healthy = np.flatnonzero((severity < ONSET).all(axis=1))
    for place in range(len(faults)):
        faulty = np.flatnonzero(severity[:, place] >= FAULTY_FROM)
        if not len(faulty) or not judged[:, place].any():
            continue
        count = min(len(healthy), _MOST_HEALTHY * len(faulty))
        rows = np.sort(np.concatenate([faulty, rng.choice(healthy, count, replace=False)]))
        data = lightgbm.Dataset(
            learn[rows], (severity[rows, place] >= FAULTY_FROM).astype(np.float32), params={"verbosity": -1}
        )
        booster = lightgbm.train({**_SETTINGS, "seed": seed}, data, _ROUNDS)
        chosen = judged[:, place]
        said[chosen, place] = booster.predict(test[chosen], num_threads=0)
    return said


def at_rate(histories: Histories, score: FloatArray, alarms: int, healthy: BoolArray) -> tuple[Histories, FloatArray]:
    """Give histories in which `score` speaks, and the thresholds under which healthy cars raise at most `alarms`.

    Each fault's score is told in what the worst healthy cars reach of it, and one threshold serves all. It is chosen on
    the cars that are judged, which is kind to `score`.
    """
    speaking = replace(histories, probability=score, stopped=np.zeros_like(histories.stopped), lead_d=None)
    peaks = np.maximum.reduceat(smoothed(speaking), histories.edges[:-1], axis=0)[healthy]
    scale = np.maximum(np.quantile(peaks, 0.98, axis=0), 1e-6).astype(np.float32)
    told = np.maximum(score, 0) / scale
    speaking = replace(speaking, probability=told / (1 + told))  # as large as a probability may be
    calm = np.repeat(healthy, np.diff(histories.edges))
    low, high = 0.0, 1.001
    for _ in range(_STEPS):
        middle = (low + high) / 2
        raised_by = raised(speaking, np.full(len(histories.faults), middle, dtype=np.float32))
        low, high = (low, middle) if calm[raised_by.trip].sum() <= alarms else (middle, high)
    return speaking, np.full(len(histories.faults), high, dtype=np.float32)


def rung(name: str, words: str, histories: Histories, episodes: Episodes, score: FloatArray, alarms: int) -> Rung:
    """Judge one way of predicting at a number of false alarms."""
    speaking, vote_at = at_rate(histories, score, alarms, ~histories.ill)
    return of_histories(name, words, speaking, episodes, vote_at)


def of_histories(name: str, words: str, histories: Histories, episodes: Episodes, vote_at: FloatArray) -> Rung:
    """Judge what speaks in `histories` at its own thresholds."""
    made = evaluate(histories, episodes, vote_at, resamples=0)
    figures = {
        key: figure for key, figure in made.figures.items() if not key.startswith(("ece", "brier", "interval", "cost"))
    }
    return Rung(name, words, figures, {fault: row["recall"] for fault, row in made.per_fault.items()})


def codes_alone(histories: Histories, episodes: Episodes) -> Rung:
    """Judge the car's own pending codes as if they were alarms."""
    said = np.zeros_like(histories.probability)
    row = np.searchsorted(histories.cars, episodes.car)
    for place, (car, fault) in enumerate(zip(row, episodes.fault, strict=True)):
        if not np.isnan(episodes.pending_s[place]):
            low, high = histories.edges[car], histories.edges[car + 1]
            said[low:high, fault] = histories.begin_s[low:high] >= episodes.pending_s[place]
    # A code speaks on its first trip: as a stop condition does here.
    speaking = replace(histories, probability=np.full_like(said, np.nan), stopped=said > 0, lead_d=None)
    made = of_histories(
        "0", "pending code of the car itself", speaking, episodes, np.ones(len(histories.faults), np.float32)
    )
    left_out = {"false_alarms", "pr_auc"}  # codes of healthy cars are not counted here
    return replace(made, figures={key: it for key, it in made.figures.items() if key not in left_out})
