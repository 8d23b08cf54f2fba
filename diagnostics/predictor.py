"""The shipped predictor: residual features in; calibrated probability, severity and lead time of each fault out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from diagnostics.baseline import RECENT_S, columns
from diagnostics.isolation import VOTES
from diagnostics.modes import MODES
from diagnostics.single_row import Trees
from ingest.readings import FloatArray

SHIPPED = Path(__file__).parent / "shipped"
METADATA = "predictor.json"
LONGEST_LEAD_D = 365.0
OTHER = "health_of_"  # and a fault's name: the column that tells how strongly its mode's residuals stand out
_PER_CUSUM = 0.1  # spreads of level that a unit of CUSUM counts for in the rule


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


class Rule:
    """The rung below the trees: the strongest level of a mode's residuals, and what their CUSUM adds."""

    def __init__(self, names: Sequence[tuple[str, int]]) -> None:
        self._levels = [(place, sign or 1) for place, (name, sign) in enumerate(names) if name.endswith("_level")]
        self._cusums = [place for place, (name, _) in enumerate(names) if name.endswith("_cusum")]

    def __call__(self, features: FloatArray) -> FloatArray:
        """Give a score `[trip]` that grows with the fault; 0 for a mode without a residual in spreads."""
        levels = [features[:, place] * sign for place, sign in self._levels]
        strongest = np.max(levels, axis=0) if levels else np.zeros(len(features), dtype=np.float32)
        cusum = features[:, self._cusums].max(axis=1, initial=0.0)
        score: FloatArray = (strongest + _PER_CUSUM * cusum).astype(np.float32)
        return score


@dataclass(frozen=True, slots=True)
class Lead:
    """Days until the trouble code: what the trees expect, and by how much it was wrong on cars they never saw.

    `low`, `middle`, `high` are quantiles of that error, in logarithms of days + 1 (split conformal, fault by fault).
    """

    trees: Trees
    low: float
    middle: float
    high: float
    from_severity: float

    def __call__(self, features: FloatArray, severity: FloatArray) -> FloatArray:
        """Give `[trip, 3]`, days; NaN where the fault has not grown enough to promise anything."""
        said = self.trees(features)[:, None] + np.array([self.low, self.middle, self.high], dtype=np.float32)
        days = np.clip(np.expm1(said), 0.0, LONGEST_LEAD_D)
        return np.where(severity[:, None] >= self.from_severity, days, np.nan).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Said:
    """`probability[trip]`, `severity[trip]`, and `lead_days[trip, 3]`, NaN where nothing is promised."""

    probability: FloatArray
    severity: FloatArray
    lead_days: FloatArray


@dataclass(frozen=True, slots=True)
class FaultPredictor:
    """What was learnt about one fault.

    `score` gives the raw score, `calibration` makes it a probability, a trip votes from `vote_at` on, and while little
    is known of its car from `young_vote_at` on (`limit`); `votes` of five trips raise a finding. `health` are the
    faults whose health it sees beside its own mode's columns.
    """

    score: Trees | Rule
    regressor: Trees
    calibration: Curve
    vote_at: float
    health: tuple[str, ...] = ()
    lead: Lead | None = None
    young_vote_at: float | None = None
    votes: int = VOTES

    def limit(self, age_s: float) -> float:
        """Give the probability from which on a trip votes that began `age_s` seconds after the first of its car.

        A long history has many more chances to look sick by chance, and wanders further; a short one has to speak soon.
        """
        return self.vote_at if age_s >= RECENT_S or self.young_vote_at is None else self.young_vote_at

    def predict(self, features: FloatArray) -> Said:
        """Say what `features[trip, column]` tell."""
        if not len(features):
            nothing = np.zeros(0, dtype=np.float32)
            return Said(nothing, nothing, np.zeros((0, 3), dtype=np.float32))
        severity = np.clip(self.regressor(features), 0.0, 1.5).astype(np.float32)
        unknown = np.full((len(features), 3), np.nan, dtype=np.float32)
        lead_days = self.lead(features, severity) if self.lead else unknown
        return Said(self.calibration(self.score(features)), severity, lead_days)


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
            own = [name for name, _ in columns(MODES[fault])] if fault in MODES else []
            health = [name.removeprefix(OTHER) for name in entry["features"][len(own) :]]
            if entry["features"][: len(own)] != own or not own or not set(health) <= set(MODES):
                raise PredictorMismatch(f"{fault}: the predictor in {directory} was trained on {entry['features']}")
            faults[fault] = _fault(directory, fault, entry, tuple(health))
        return cls(version_of(directory), faults)


def _fault(directory: Path, fault: str, entry: Mapping[str, Any], health: tuple[str, ...]) -> FaultPredictor:
    def trees(kind: str) -> Trees:
        return Trees(lightgbm.Booster(model_file=directory / f"{fault}.{kind}.txt"))

    lead = Lead(trees("lead"), **entry["lead"]) if entry["lead"] else None
    score = trees("probability") if entry["kind"] == "trees" else Rule(columns(MODES[fault]))
    curve = Curve.from_json(entry["calibration"])
    young = entry.get("young_vote_at")
    return FaultPredictor(score, trees("severity"), curve, entry["vote_at"], health, lead, young, entry["votes"])


def version_of(directory: Path) -> str:
    """Give the version of a predictor: a hash over the names and bytes of its files."""
    digest = hashlib.sha256()
    for file in [*sorted(directory.glob("*.txt")), directory / METADATA]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
