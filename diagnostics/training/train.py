"""Training: the same samples and seed make the same predictor, byte for byte."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from diagnostics.baseline import columns
from diagnostics.modes import MODES, FaultMode
from diagnostics.predictor import METADATA, SHIPPED, FaultPredictor, version_of
from diagnostics.training.calibration import PREVALENCE, isotonic
from diagnostics.training.dataset import FAULTY_FROM, Dataset, Sample, collect
from diagnostics.training.evaluation import figures

# Small trees, strong regularisation: what is to be learnt is a handful of monotone residuals.
_COMMON: dict[str, Any] = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 30, "feature_fraction": 0.7, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "monotone_constraints_method": "intermediate",
    "deterministic": True, "force_row_wise": True, "num_threads": 2, "verbosity": -1,
}  # fmt: skip
_ROUNDS = 400


def train(samples: Iterable[Sample], seed: int = 1, directory: Path = SHIPPED) -> dict[str, Any]:
    """Train every mode on labelled blocks, write the predictor into `directory` and give the report.

    `samples` yields (block, labels by fault name `[trip]`, car `[trip]`), whole cars with their trips in time order,
    such as `simulators.sample.sample_trips` gives; unpack wider samples to these three. Cars are split 60/20/20 into
    training, calibration and test; the report holds figures of the test cars only.
    """
    kept = list(MODES.values())
    if len(kept) > 1:
        samples = list(samples)
    directory.mkdir(parents=True, exist_ok=True)
    entries, report = {}, {}
    for mode in kept:
        data = collect(samples, mode, seed)
        entries[mode.fault], report[mode.fault] = _train_mode(data, mode, seed, directory)
    metadata = {"seed": seed, "prevalence": PREVALENCE, "faulty_from": FAULTY_FROM, "faults": entries}
    (directory / METADATA).write_text(json.dumps(metadata, indent=1, sort_keys=True) + "\n")
    return {"predictor": version_of(directory), "seed": seed, "faults": report}


def _train_mode(data: Dataset, mode: FaultMode, seed: int, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    fold = _folds(data.group, seed)
    learn, tune, test = data.where((fold < 6) & data.clear), data.where((fold == 6) | (fold == 7)), data.where(fold > 7)
    names, directions = zip(*columns(mode), strict=True)
    classifier = _boost(learn.features, learn.faulty, names, directions, seed, "binary")
    graded = data.where(fold < 6)
    regressor = _boost(graded.features, graded.severity, names, directions, seed, "regression")
    tune = tune.where(tune.clear)
    raw = np.asarray(classifier.predict(tune.features, num_threads=1), dtype=np.float32)
    predictor = FaultPredictor(classifier, regressor, isotonic(raw, tune.faulty), isotonic(tune.rule, tune.faulty))
    classifier.save_model(directory / f"{mode.fault}.probability.txt")
    regressor.save_model(directory / f"{mode.fault}.severity.txt")
    entry = {
        "features": list(names),
        "calibration": predictor.calibration.to_json(),
        "rule_calibration": predictor.rule_calibration.to_json(),
    }
    return entry, _report(predictor, test, data, mode)


def _boost(
    features: NDArray[np.float32],
    target: NDArray[Any],
    names: Sequence[str],
    directions: Sequence[int],
    seed: int,
    objective: str,
) -> lightgbm.Booster:
    settings = {**_COMMON, "objective": objective, "monotone_constraints": list(directions), "seed": seed}
    data = lightgbm.Dataset(features, target.astype(np.float32), feature_name=list(names), params={"verbosity": -1})
    return lightgbm.train(settings, data, _ROUNDS)


def _folds(group: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Give a fold 0..9 per trip, by car: no car is on both sides of a split."""
    cars, car = np.unique(group, return_inverse=True)
    folds: NDArray[np.int64] = (np.random.default_rng(seed).permutation(len(cars)) % 10)[car]
    return folds


def _report(predictor: FaultPredictor, test: Dataset, data: Dataset, mode: FaultMode) -> dict[str, Any]:
    combined, severity = predictor.predict(test.features, test.rule)
    raw = np.asarray(predictor.classifier.predict(test.features, num_threads=1), dtype=np.float32)
    sick = test.severity > 0.05
    return {
        "trips": len(data.group),
        "cars": len(np.unique(data.group)),
        "test_cars": len(np.unique(test.group)),
        "predictor": figures(test, combined, mode.fault).to_json(),
        "trees_alone": figures(test, predictor.calibration(raw), mode.fault).to_json(),
        "rule_alone": figures(test, predictor.rule_calibration(test.rule), mode.fault).to_json(),
        "simulator_shape_only": figures(test.where(~test.varied), combined[~test.varied], mode.fault).to_json(),
        "severity_error": round(float(np.abs(severity - test.severity)[sick].mean()), 4),
    }
