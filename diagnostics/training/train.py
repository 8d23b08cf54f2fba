"""Training: the same samples and seed make the same predictor, byte for byte."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from diagnostics.baseline import columns
from diagnostics.modes import MODES, FaultMode
from diagnostics.monitor import PREVALENCE
from diagnostics.predictor import METADATA, SHIPPED, FaultPredictor, version_of
from diagnostics.training.calibration import isotonic
from diagnostics.training.dataset import FAULTY_FROM, HEALTHY_TO, Dataset, Sample, collect
from diagnostics.training.evaluation import figures
from ingest.readings import FloatArray

# Small trees, strong regularisation: what is to be learnt is a handful of monotone residuals.
_COMMON: dict[str, Any] = {
    "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 30, "feature_fraction": 0.7, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "monotone_constraints_method": "intermediate",
    "deterministic": True, "force_row_wise": True, "num_threads": 2, "verbosity": -1,
}  # fmt: skip
_ROUNDS = 300
_LEARNING_FOLDS = 8  # of ten; the others test


def train(samples: Iterable[Sample], seed: int = 1, directory: Path = SHIPPED) -> dict[str, Any]:
    """Train every mode on labelled blocks, write the predictor into `directory` and give the report.

    `samples` yields (block, labels by fault name `[trip]`, car `[trip]`), whole cars with their trips in time order,
    such as `simulators.sample.sample_trips` gives; unpack wider samples to these three. Four of five cars train and
    calibrate (out of fold), the fifth tests; the report holds figures of the test cars only.
    """
    directory.mkdir(parents=True, exist_ok=True)
    entries, report = {}, {}
    for fault, data in collect(samples, MODES, seed).items():
        entries[fault], report[fault] = _train_mode(data, MODES[fault], seed, directory)
    metadata = {"seed": seed, "prevalence": PREVALENCE, "faulty_from": FAULTY_FROM, "faults": entries}
    (directory / METADATA).write_text(json.dumps(metadata, indent=1, sort_keys=True) + "\n")
    return {"predictor": version_of(directory), "seed": seed, "faults": report}


def _train_mode(data: Dataset, mode: FaultMode, seed: int, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    fold = _folds(data.group, seed)
    test = data.where(fold >= _LEARNING_FOLDS)
    learn, fold = data.where(fold < _LEARNING_FOLDS), fold[fold < _LEARNING_FOLDS]
    classifier = _classifier(learn, mode, seed)
    # Calibrated on scores of cars that the scoring booster never saw: each pair of folds by the others'.
    unseen = np.zeros(len(learn.group), dtype=np.float32)
    for pair in range(0, _LEARNING_FOLDS, 2):
        held = (fold == pair) | (fold == pair + 1)
        unseen[held] = _raw(_classifier(learn.where(~held), mode, seed), learn.where(held))
    regressor = _boost(learn.features, learn.severity, mode, seed, "regression")
    predictor = FaultPredictor(classifier, regressor, isotonic(unseen[learn.clear], learn.faulty[learn.clear]))
    classifier.save_model(directory / f"{mode.fault}.probability.txt")
    regressor.save_model(directory / f"{mode.fault}.severity.txt")
    entry = {"features": [name for name, _ in columns(mode)], "calibration": predictor.calibration.to_json()}
    return entry, _report(predictor, learn, test, mode)


def _classifier(data: Dataset, mode: FaultMode, seed: int) -> lightgbm.Booster:
    plain = data.where(data.clear)
    return _boost(plain.features, plain.faulty, mode, seed, "binary")


def _raw(classifier: lightgbm.Booster, data: Dataset) -> FloatArray:
    return np.asarray(classifier.predict(data.features, num_threads=1), dtype=np.float32)


def _boost(features: FloatArray, target: NDArray[Any], mode: FaultMode, seed: int, objective: str) -> lightgbm.Booster:
    names, directions = zip(*columns(mode), strict=True)
    settings = {**_COMMON, "objective": objective, "monotone_constraints": list(directions), "seed": seed}
    data = lightgbm.Dataset(features, target.astype(np.float32), feature_name=list(names), params={"verbosity": -1})
    return lightgbm.train(settings, data, _ROUNDS)


def _folds(group: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Give a fold 0..9 per trip, by car: no car is on both sides of a split."""
    cars, car = np.unique(group, return_inverse=True)
    folds: NDArray[np.int64] = (np.random.default_rng(seed).permutation(len(cars)) % 10)[car]
    return folds


def _report(predictor: FaultPredictor, learn: Dataset, test: Dataset, mode: FaultMode) -> dict[str, Any]:
    probability, severity = predictor.predict(test.features)
    rule = isotonic(learn.rule[learn.clear], learn.faulty[learn.clear])(test.rule)
    own = ~test.varied & ~test.lookalike
    return {
        "trips": len(learn.group) + len(test.group),
        "cars": len(np.unique(learn.group)) + len(np.unique(test.group)),
        "test_cars": len(np.unique(test.group)),
        "predictor": figures(test, probability, mode.fault).to_json(),
        "predictor_on_simulator_shapes": figures(test.where(own), probability[own], mode.fault).to_json(),
        "residual_rule": figures(test, rule, mode.fault).to_json(),
        "severity_error": round(float(np.abs(severity - test.severity)[test.severity > HEALTHY_TO].mean()), 4),
    }
