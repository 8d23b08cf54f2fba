"""The shipped predictor: residual features in, calibrated probability and severity of each fault out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from diagnostics.baseline import columns
from diagnostics.modes import MODES
from ingest.readings import FloatArray

SHIPPED = Path(__file__).parent / "shipped"
METADATA = "predictor.json"


class PredictorMismatch(Exception):  # noqa: N818 - said of the file, and loud
    """The predictor file was trained for other features than this code computes: run `forecourt train`."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A monotone map through points, constant outside: a raw score to a calibrated value."""

    at: tuple[float, ...]
    value: tuple[float, ...]

    def __call__(self, score: FloatArray) -> FloatArray:
        mapped: FloatArray = np.interp(score, self.at, self.value).astype(np.float32)
        return mapped

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Curve":
        return cls(tuple(document["at"]), tuple(document["value"]))

    def to_json(self) -> dict[str, list[float]]:
        return {"at": [round(x, 6) for x in self.at], "value": [round(x, 6) for x in self.value]}


@dataclass(frozen=True, slots=True)
class FaultPredictor:
    """What was learnt about one fault: two boosters, and the map from the raw score to a probability."""

    classifier: lightgbm.Booster
    regressor: lightgbm.Booster
    calibration: Curve

    def predict(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give probability and severity, `[trip]`, from `features[trip, column]`."""
        if not len(features):
            return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32)
        raw = np.asarray(self.classifier.predict(features, num_threads=1), dtype=np.float32)
        severity = np.asarray(self.regressor.predict(features, num_threads=1), dtype=np.float32)
        return self.calibration(raw), np.clip(severity, 0.0, 1.5).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Predictor:
    """All faults the shipped files cover. `version` is a hash of the files, so that a finding tells its origin."""

    version: str
    faults: Mapping[str, FaultPredictor]

    @classmethod
    def shipped(cls) -> "Predictor":
        return cls.load(SHIPPED)

    @classmethod
    def load(cls, directory: Path) -> "Predictor":
        """Read a predictor that `forecourt train` wrote. Raises `PredictorMismatch` when its features are not ours."""
        metadata = json.loads((directory / METADATA).read_text())
        faults = {}
        for fault, entry in metadata["faults"].items():
            if entry["features"] != [name for name, _ in columns(MODES[fault])]:
                raise PredictorMismatch(f"{fault}: the predictor in {directory} was trained on {entry['features']}")
            faults[fault] = FaultPredictor(
                lightgbm.Booster(model_file=directory / f"{fault}.probability.txt"),
                lightgbm.Booster(model_file=directory / f"{fault}.severity.txt"),
                Curve.from_json(entry["calibration"]),
            )
        return cls(version_of(directory), faults)


def version_of(directory: Path) -> str:
    """Give the version of a predictor: a hash over the names and bytes of its files."""
    digest = hashlib.sha256()
    for file in [*sorted(directory.glob("*.txt")), directory / METADATA]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
