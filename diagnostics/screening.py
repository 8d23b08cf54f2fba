"""Screening: recorded trips and live windows in, findings out, inside the caller's unit of work."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diagnostics.alarms import raise_findings, raise_stop
from diagnostics.features import SIGNALS, blocks_of, trip_features
from diagnostics.findings import Finding
from diagnostics.fusion import nothing_measured, predict_histories
from diagnostics.held import Held
from diagnostics.isolation import leading
from diagnostics.measures.charging import PLAUSIBLE_V, STOP_V
from diagnostics.measures.coolant_reading import STOP_C
from diagnostics.modes import MODES, Measured, Stop
from diagnostics.monitor import NO_REPAIRS, Repairs, TripVerdict
from diagnostics.predictor import Predictor
from diagnostics.votes import TripVote, predict_stale, record_trips
from foundation.database import UnitOfWork
from ingest.readings import Block, FloatArray, TripColumns

# Without a reading within these bounds, low included, no condition that must stop a car can hold.
STOP_SIGNS = {
    "control_module_voltage": (PLAUSIBLE_V[0], STOP_V),
    "coolant_temperature": (STOP_C, np.inf),
}
STOPPING = ("alternator", "cooling_fan", "thermostat_stuck_closed")  # the faults that have such a condition
STOP_SIGNALS = frozenset(signal for fault in STOPPING for signal in MODES[fault].signals)


class TripSpan(Protocol):
    """A trip as the trip log knows it: where and when; its columns come from the archive."""

    @property
    def vehicle(self) -> str: ...
    @property
    def organisation(self) -> str: ...
    @property
    def boot(self) -> str: ...
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


# Vehicles -> what of each was repaired, and when; the aftersales know it.
Repaired = Callable[[Collection[str]], Mapping[str, Repairs]]


def never_repaired(vehicles: Collection[str]) -> Mapping[str, Repairs]:
    """Say so where nobody keeps repairs: of recorded trips that are scored alone."""
    return dict.fromkeys(vehicles, NO_REPAIRS)


def screen(
    unit: UnitOfWork,
    predictor: Predictor,
    trips: Sequence[tuple[TripSpan, TripColumns]],
    repaired: Repaired = never_repaired,
) -> list[Finding]:
    """Measure, predict and record these trips, of any vehicles; give the findings that are new or more urgent."""
    votes: dict[tuple[str, str], list[TripVote]] = defaultdict(list)
    for place, block in blocks_of([columns for _, columns in trips]):
        features = trip_features(block)
        measured, stops = features.measured, features.stops
        for index, (span, columns) in enumerate(trips[place]):
            for fault in predictor.faults:
                if measured[fault].observed_s[index] > 0:
                    vote = _vote(span, columns, fault, measured[fault], stops[fault], index)
                    votes[span.vehicle, span.organisation].append(vote)
    # One order for all workers, so that none waits for another in a circle.
    for vehicle, organisation in sorted(votes):
        record_trips(unit, vehicle, organisation, votes[vehicle, organisation])
    vehicles = sorted({vehicle for vehicle, _ in votes})
    predict_stale(unit, predictor, vehicles)
    repairs = repaired(vehicles)
    return [
        finding
        for vehicle, organisation in sorted(votes)
        for finding in raise_findings(unit, vehicle, organisation, predictor, repairs.get(vehicle, NO_REPAIRS))
    ]


def may_stop(readings: Callable[[str], FloatArray]) -> NDArray[np.bool_]:
    """Tell by window whether it shows anything that `screen_stop` could find: all windows at once, and quickly.

    `readings(signal)` gives `[second, window]`, in any order of time, NaN = missing.
    """
    found = [
        ((values >= np.float32(low)) & (values < np.float32(high))).any(axis=0)
        for values, (low, high) in ((readings(name), bounds) for name, bounds in STOP_SIGNS.items())
    ]
    signs: NDArray[np.bool_] = np.logical_or.reduce(found)
    return signs


def ready_to_stop() -> None:
    """Load what `screen_stop` measures with, or compile it, which takes ten seconds and more on a new installation.

    To be called before the first reading comes: else the first car in danger would wait for it, and all cars behind it.
    """
    held = Held(_still(STOP_SIGNALS))
    for fault in STOPPING:
        MODES[fault].stop(held)


def ready_to_judge(predictor: Predictor) -> None:
    """Load what `screen` measures and predicts with, or compile it, which takes a minute on a new installation."""
    trip_features(_still(SIGNALS))
    for trips in (1, 100):  # one row and many go different ways
        measured = nothing_measured(trips)
        for one in measured.values():
            one.observed_s[:] = np.inf  # that every predictor is asked
        predict_histories(predictor, measured, np.zeros(trips, dtype=np.int64), np.arange(trips, dtype=np.float64))
    leading(np.zeros((1, 1), dtype=np.float32), np.array([0, 1]), np.ones(1, dtype=np.float32), np.ones(1, np.int64))


def _still(signals: Collection[str]) -> Block:
    """Give two seconds in which nothing moves, by all signals."""
    values = np.full((len(signals), 2, 1), 50.0, dtype=np.float32)
    return Block(tuple(sorted(signals)), 1.0, values, np.array([2], dtype=np.int64))


def screen_stop(
    unit: UnitOfWork,
    predictor: Predictor,
    block: Block,
    vehicles: Sequence[tuple[str, str]],
    ends: Sequence[datetime],
    repaired: Repaired = never_repaired,
) -> list[Finding]:
    """Raise at once what must stop a car: `block` holds the vehicles' live windows, one column each.

    `vehicles` are (vehicle, organisation) of the columns, `ends` the instants of their last seconds. Without a stop
    condition nothing is asked of the database.
    """
    found: list[tuple[str, str, str, TripVerdict]] = []
    held = Held(block)
    for fault in (it for it in STOPPING if it in predictor.faults):
        stop = MODES[fault].stop(held)
        for index in np.flatnonzero(~np.isnan(stop.at_s)).tolist():
            length_s = float(block.lengths[index] * block.step_s)
            begin = ends[index] - timedelta(seconds=length_s)
            instant = begin + timedelta(seconds=float(stop.at_s[index]))
            reason = MODES[fault].stop_evidence(float(stop.value[index]))
            verdict = TripVerdict(begin, ends[index], None, 0.0, (), instant, reason)
            found.append((*vehicles[index], fault, verdict))
    told = []
    repairs = repaired(sorted({vehicle for vehicle, *_ in found})) if found else {}
    # One order for all workers, so that none waits for another in a circle.
    for vehicle, organisation, fault, verdict in sorted(found, key=lambda row: row[:3]):
        mended = repairs.get(vehicle, NO_REPAIRS)
        told += raise_stop(unit, vehicle, organisation, fault, predictor.version, verdict, mended)
    return told


def _vote(span: TripSpan, columns: TripColumns, fault: str, measured: Measured, stop: Stop, index: int) -> TripVote:
    mode, stopped = MODES[fault], not np.isnan(stop.at_s[index])
    begin = columns.start or span.start
    return TripVote(
        span.boot,
        span.start.astimezone(UTC),
        span.end.astimezone(UTC),
        fault,
        float(measured.observed_s[index]),
        {
            measure.name: None if np.isnan(value) else round(float(value), 5)
            for measure, value in zip(mode.measures, measured.values[index], strict=True)
        },
        begin + timedelta(seconds=float(columns.t_s[0] + stop.at_s[index])) if stopped else None,
        mode.stop_evidence(float(stop.value[index])) if stopped else None,
    )
