"""Evaluation on held-out cars: recall per car, false alarms per 1000 h, calibration."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from diagnostics.monitor import VOTE_AT, TripVerdict, judge
from diagnostics.training.calibration import brier_skill, expected_error
from diagnostics.training.dataset import HEALTHY_TO, Dataset
from ingest.readings import FloatArray

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SEVERE = 0.9  # a fault that got this far has to be found


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of predicting reaches on held-out cars.

    `recall` is the share of cars that an alarm found among those whose fault reached severity 0.9 three trips before
    their last; `severity_at_alarm` its median. `false_alarms_per_1000_h` counts alarms on cars without the fault, and
    before its severity passed 0.05; `upper` is its 95 % bound (Poisson). Copies of a car add no healthy hours.
    `mistaken` of `lookalikes`, cars with something else that may be taken for the fault, had an alarm all the same.
    """

    cars: int
    recall: float
    recall_cars: int
    severity_at_alarm: float | None
    false_alarms: int
    healthy_hours: float
    false_alarms_per_1000_h: float
    upper: float
    mistaken: int
    lookalikes: int
    trip_recall: float
    trip_false_votes: float
    calibration_error: float
    brier_skill: float

    def to_json(self) -> dict[str, Any]:
        return {name: value if value is None else round(value, 4) for name, value in asdict(self).items()}


def figures(data: Dataset, probability: FloatArray, fault: str) -> Figures:
    """Judge the histories in `data` by `probability[trip]` alone: stop conditions are left out, they are no merit."""
    histories = np.unique(data.history)
    found: list[float] = []
    reachable, false, mistaken = 0, 0, 0
    for history in histories:
        rows = np.flatnonzero(data.history == history)
        rows = rows[np.argsort(data.order[rows])]
        severity = data.severity[rows]
        alarm = _first_alarm(data.order[rows], probability[rows], fault)
        onset = np.flatnonzero(severity > HEALTHY_TO)
        if alarm is not None and (not len(onset) or alarm < onset[0]) and not data.varied[rows[0]]:
            mistaken, false = (mistaken + 1, false) if data.lookalike[rows[0]] else (mistaken, false + 1)
        if (severity >= SEVERE).sum() >= 3:
            reachable += 1
            if alarm is not None and severity[alarm] > HEALTHY_TO:
                found.append(float(severity[alarm]))
    healthy = (data.severity <= HEALTHY_TO) & ~data.varied & ~data.lookalike
    hours = float(data.observed_s[healthy].sum()) / 3600
    clear = data.where(data.clear)
    said = probability[data.clear]
    return Figures(
        len(histories), len(found) / max(reachable, 1), reachable, float(np.median(found)) if found else None,
        false, hours, 1000 * false / max(hours, 1e-9), 1000 * _poisson_upper(false) / max(hours, 1e-9),
        mistaken, len(np.unique(data.history[data.lookalike])),
        _voting(said[clear.faulty]), _voting(said[~clear.faulty]),
        expected_error(said, clear.faulty), brier_skill(said, clear.faulty),
    )  # fmt: skip


def _first_alarm(order: NDArray[np.int64], probability: FloatArray, fault: str) -> int | None:
    verdicts = [
        TripVerdict(
            _BEGIN + timedelta(days=6 * int(place)), _BEGIN + timedelta(days=6 * int(place), hours=1), float(said), 0.0
        )
        for place, said in zip(order, probability, strict=True)
    ]
    for finding in judge("car", fault, "", verdicts).findings:
        return next(index for index, verdict in enumerate(verdicts) if verdict.end == finding.confirmed)
    return None


def _voting(probability: FloatArray) -> float:
    return float((probability >= VOTE_AT).sum() / max(len(probability), 1))


def _poisson_upper(count: int) -> float:
    """Give the one-sided 95 % upper bound of a Poisson mean after `count` events (0 events: the rule of three)."""
    return float(chi2.ppf(0.95, 2 * (count + 1)) / 2)
