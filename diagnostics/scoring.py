"""Scoring: given trips as one vehicle's history, the findings as `forecourt score --json` prints them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from diagnostics.baseline import compare
from diagnostics.faults import FAULTS
from diagnostics.features import Features, blocks_of, trip_features
from diagnostics.findings import Finding
from diagnostics.held import Held
from diagnostics.modes import MODES, FaultMode, Measured, Stop
from diagnostics.monitor import Judgement, TripVerdict, judge
from diagnostics.predictor import Predictor
from diagnostics.votes import reasons
from ingest.readings import TripColumns
from ingest.vehicles import VehicleConfig

APART_S = 8 * 3600.0  # undated trips lie this far apart, in `replay` too
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # where seconds of history are counted from while they are judged


@dataclass(frozen=True, slots=True)
class _History:
    """The trips laid out in time, the baseline's first: `begin_s[trip]`, and whether seconds stand for instants."""

    trips: tuple[TripColumns, ...]
    begin_s: np.ndarray[Any, np.dtype[np.float64]]
    known_healthy: int
    dated: bool

    def instant(self, trip: int, seconds: float) -> datetime:
        return _EPOCH + timedelta(seconds=float(self.begin_s[trip]) + seconds)

    def written(self, instant: datetime) -> str | float:
        return instant.isoformat() if self.dated else round((instant - _EPOCH).total_seconds(), 1)


def score(
    trips: Sequence[TripColumns],
    baseline: Sequence[TripColumns] = (),
    config: VehicleConfig | None = None,
    predictor: Predictor | None = None,
) -> dict[str, Any]:
    """Give contracts.md's `score --json` document.

    The trips are one vehicle's history: in event-time order when all are dated, else in the order given, 8 h apart;
    its times are instants or seconds from the begin of the first trip accordingly. `baseline` are earlier trips known
    to be healthy: they form the car's own normal and are not judged. A fault is not observable when it is unknown to
    this predictor, when such a car has no such part, or when no trip shows its minimum signals.
    """
    predictor = predictor or Predictor.shipped()
    history = _lay_out(trips, baseline)
    measured, stops, running_s = _measure(history)
    findings: list[dict[str, Any]] = []
    watch: list[dict[str, Any]] = []
    blind = []
    for fault in FAULTS:
        mode = MODES.get(fault)
        judged = slice(history.known_healthy, None)
        known = mode is not None and fault in predictor.faults and mode.applies(config)
        if mode is None or not known or not (measured[fault].observed_s[judged] > 0).any():
            blind.append(fault)
        else:
            judgement = _judge(history, predictor, mode, measured[fault], stops[fault])
            findings += [_written(history, finding) for finding in judgement.findings]
            if judgement.watch:
                watch.append(asdict(replace(judgement.watch, probability=round(judgement.watch.probability, 4),
                                            severity=round(judgement.watch.severity, 3))))  # fmt: skip
    return {
        "vehicle": (trips[0].vehicle or None) if trips else None,
        "trips": len(trips),
        "observed_hours": round(float(running_s[history.known_healthy :].sum()) / 3600, 4),
        "findings": findings,
        "watch": watch,
        "not_observable": blind,
        "predictor": predictor.version,
    }


def _lay_out(trips: Sequence[TripColumns], baseline: Sequence[TripColumns]) -> _History:
    starts = [trip.start for trip in trips]
    if trips and all(start is not None for start in starts):
        ordered = sorted(trips, key=lambda trip: trip.start or _EPOCH)
        begin_s = [((trip.start or _EPOCH) - _EPOCH).total_seconds() + float(trip.t_s[:1].sum()) for trip in ordered]
    else:
        ordered, begin_s = list(trips), _apart(trips)
    before = _apart(baseline)
    # Trips given as a baseline count as the car's latest ones before the history, whenever they were driven.
    shift = (begin_s[0] if begin_s else 0.0) - APART_S - (before[-1] if before else 0.0)
    shift -= baseline[-1].duration_s if baseline else 0.0
    places = [place + shift for place in before] + begin_s
    dated = bool(trips) and all(start is not None for start in starts)
    return _History((*baseline, *ordered), np.array(places, dtype=np.float64), len(baseline), dated)


def _apart(trips: Sequence[TripColumns]) -> list[float]:
    """Give seconds of history at which undated trips begin: each 8 h after the end of the one before, as in replay."""
    places, free = [], 0.0
    for trip in trips:
        places.append(free)
        free += trip.duration_s + APART_S
    return places


def _measure(history: _History) -> tuple[dict[str, Measured], dict[str, Stop], np.ndarray[Any, np.dtype[np.float32]]]:
    measured: list[Features] = []
    stops: list[dict[str, Stop]] = []
    for _, block in blocks_of(history.trips):
        measured.append(trip_features(block))
        stops.append({fault: mode.stop(Held(block)) for fault, mode in MODES.items()})
    running = [features.running_s for features in measured] or [np.zeros(0, dtype=np.float32)]
    joined = {
        fault: Measured(
            np.concatenate([features.measured[fault].values for features in measured] or [_nothing(mode)]),
            np.concatenate([features.measured[fault].observed_s for features in measured] or [running[0]]),
        )
        for fault, mode in MODES.items()
    }
    halts = {
        fault: Stop(
            np.concatenate([stop[fault].at_s for stop in stops] or [running[0]]),
            np.concatenate([stop[fault].value for stop in stops] or [running[0]]),
        )
        for fault in MODES
    }
    return joined, halts, np.concatenate(running)


def _nothing(mode: FaultMode) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.zeros((0, len(mode.measures)), dtype=np.float32)


def _judge(history: _History, predictor: Predictor, mode: FaultMode, measured: Measured, stops: Stop) -> Judgement:
    vehicle = np.zeros(len(history.trips), dtype=np.int64)
    compared = compare(mode, measured, vehicle, history.begin_s)
    probability, severity = predictor.faults[mode.fault].predict(compared.seen)
    verdicts = []
    for index in range(history.known_healthy, len(history.trips)):
        stopped = not np.isnan(stops.at_s[index])
        verdicts.append(
            TripVerdict(
                history.instant(index, 0.0),
                history.instant(index, history.trips[index].duration_s),
                float(probability[index]) if measured.observed_s[index] >= mode.least_s else None,
                float(severity[index]),
                reasons(mode, measured, compared, probability, index),
                history.instant(index, float(stops.at_s[index])) if stopped else None,
                mode.stop_evidence(float(stops.value[index])) if stopped else None,
            )
        )
    return judge(history.trips[-1].vehicle, mode.fault, predictor.version, verdicts)


def _written(history: _History, finding: Finding) -> dict[str, Any]:
    document = finding.to_json()
    return {
        "fault": finding.fault,
        "probability": round(finding.probability, 4),
        "severity": round(finding.severity, 3),
        "urgency": finding.urgency.value,
        "first_seen": history.written(finding.first_seen),
        "confirmed": history.written(finding.confirmed),
        "evidence": document["evidence"],
    }
