"""Scoring: given trips as one vehicle's history, the findings as `forecourt score --json` prints them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from diagnostics.faults import FAULTS
from diagnostics.features import Features, blocks_of, trip_features
from diagnostics.findings import Finding
from diagnostics.fusion import Predicted, joined, predict_histories
from diagnostics.modes import MODES, Measured, Stop
from diagnostics.monitor import TripVerdict, Watch, judge_vehicle
from diagnostics.predictor import Predictor
from diagnostics.votes import lead_of, reasons
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
    judged = slice(history.known_healthy, None)
    open_to = [
        fault
        for fault in FAULTS
        if fault in predictor.faults and MODES[fault].applies(config) and (measured[fault].observed_s[judged] > 0).any()
    ]
    verdicts = _verdicts(history, predictor, measured, stops)
    judgements = judge_vehicle(
        history.trips[-1].vehicle if history.trips else "",
        predictor.version,
        {fault: verdicts[fault] for fault in open_to},
    )
    return {
        "vehicle": (trips[0].vehicle or None) if trips else None,
        "trips": len(trips),
        "observed_hours": round(float(running_s[history.known_healthy :].sum()) / 3600, 4),
        "findings": [_written(history, finding) for fault in open_to for finding in judgements[fault].findings],
        "watch": [_watched(watch) for fault in open_to if (watch := judgements[fault].watch)],
        "not_observable": [fault for fault in FAULTS if fault not in open_to],
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
    blocks: list[Features] = [trip_features(block) for _, block in blocks_of(history.trips)]
    nothing = np.zeros(0, dtype=np.float32)
    halts = {
        fault: Stop(
            np.concatenate([features.stops[fault].at_s for features in blocks] or [nothing]),
            np.concatenate([features.stops[fault].value for features in blocks] or [nothing]),
        )
        for fault in MODES
    }
    running = np.concatenate([features.running_s for features in blocks] or [nothing])
    return joined([features.measured for features in blocks]), halts, running


def _verdicts(
    history: _History, predictor: Predictor, measured: dict[str, Measured], stops: dict[str, Stop]
) -> dict[str, list[TripVerdict]]:
    trips = len(history.trips)
    said = predict_histories(
        predictor, measured, np.zeros(trips, dtype=np.int64), history.begin_s, np.arange(history.known_healthy, trips)
    )
    return {
        fault: [
            _verdict(history, predictor, said, measured, stops[fault], fault, trip)
            for trip in range(history.known_healthy, trips)
        ]
        for fault in predictor.faults
    }


def _verdict(
    history: _History, predictor: Predictor, said: Predicted, measured: dict[str, Measured], stop: Stop, fault: str,
    trip: int,
) -> TripVerdict:  # fmt: skip
    column, stopped = said.faults.index(fault), not np.isnan(stop.at_s[trip])
    probability, lead = said.probability[trip, column], lead_of(said, trip, column)
    return TripVerdict(
        history.instant(trip, 0.0),
        history.instant(trip, history.trips[trip].duration_s),
        None if np.isnan(probability) else float(probability),
        float(np.nan_to_num(said.severity[trip, column])),
        reasons(predictor, said, measured, fault, trip),
        history.instant(trip, float(stop.at_s[trip])) if stopped else None,
        MODES[fault].stop_evidence(float(stop.value[trip])) if stopped else None,
        predictor.faults[fault].limit(float(history.begin_s[trip] - history.begin_s[0])),
        (lead[0], lead[1], lead[2]) if lead else None,
        needed=predictor.faults[fault].votes,
    )


def _watched(watch: Watch) -> dict[str, Any]:
    return asdict(replace(watch, probability=round(watch.probability, 4), severity=round(watch.severity, 3)))


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
        **({"lead_days": document["lead_days"]} if finding.lead_days else {}),
    }
