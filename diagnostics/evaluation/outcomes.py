"""What became of every episode: found or not, how early, and under which name."""

from dataclasses import dataclass

import numpy as np

from diagnostics.evaluation.histories import DAY_S, ONSET, SUDDEN, BoolArray, Episodes, Histories, IntArray
from diagnostics.evaluation.raising import Alarms
from ingest.readings import FloatArray, TimeArray

MARGIN_S = DAY_S  # an alarm on the day of the trouble code is no prediction
SUDDEN_TRIPS = 5  # from the one of the onset on


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One row per episode.

    `observable`: the car's trips hold the minimum signals. `alarm_s`: the first alarm of the right fault in the
    window, NaN when missed. The window of a gradual fault ends a day before the trouble code, else with the failure or
    the car's last trip; that of a sudden one with the fifth trip since it is lasting. `lead_d` are the days from the
    alarm to the code, `failure_d` to the failure: NaN where there is no such instant, 0 when missed. `named` is the
    fault of the first alarm of any fault in the window, -1 without one, and `rank` the place of the right fault among
    all in what was said on that trip, from 1. `score` is the largest smoothed probability in the window.
    """

    observable: BoolArray
    alarm_s: TimeArray
    lead_d: TimeArray
    failure_d: TimeArray
    severity: FloatArray
    named: IntArray
    rank: IntArray
    score: FloatArray
    interval_d: FloatArray

    @property
    def found(self) -> BoolArray:
        return ~np.isnan(self.alarm_s)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Per car, in the order of `Histories.cars`: alarms that no fault of the car stands behind, and their hours.

    `healthy` marks cars that never have a fault. `early` counts alarms before the first onset of a car's faults,
    `hours` those until then; `wrong` alarms after it of faults that the car does not have.
    """

    healthy: BoolArray
    early: IntArray
    hours: TimeArray
    wrong: IntArray
    early_by_fault: IntArray


def outcomes(histories: Histories, episodes: Episodes, alarms: Alarms, smooth: FloatArray) -> Outcomes:
    """Hold the alarms against the episodes; `smooth[trip, fault]` is `raising.smoothed`."""
    count = len(episodes.car)
    blank = np.full(count, np.nan)
    made = Outcomes(
        np.zeros(count, dtype=np.bool_), blank.copy(), blank.copy(), blank.copy(),
        np.full(count, np.nan, dtype=np.float32), np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.float32), np.full((count, 2), np.nan, dtype=np.float32),
    )  # fmt: skip
    edges, cars = histories.edges, histories.cars
    sudden = np.array([name in SUDDEN for name in histories.faults])
    for row in range(count):
        car = int(np.searchsorted(cars, episodes.car[row]))
        low, high = int(edges[car]), int(edges[car + 1])
        _judge(made, row, histories, episodes, alarms, smooth, slice(low, high), bool(sudden[episodes.fault[row]]))
    return made


def _judge(
    made: Outcomes, row: int, histories: Histories, episodes: Episodes, alarms: Alarms, smooth: FloatArray,
    trips: slice, sudden: bool,
) -> None:  # fmt: skip
    fault, onset_s = int(episodes.fault[row]), float(episodes.onset_s[row])
    end_s = histories.end_s[trips]
    inside = trips.start + np.flatnonzero((end_s >= onset_s) & (end_s <= _last_s(histories, episodes, row, trips)))
    if sudden:
        fifth = np.flatnonzero(end_s >= episodes.lasting_s[row])[:SUDDEN_TRIPS]
        inside = trips.start + np.flatnonzero((end_s >= onset_s) & (np.arange(len(end_s)) <= fifth.max(initial=-1)))
    # A car that lacks a signal lacks it always; an episode without time for an alarm is missed, not unobservable.
    made.observable[row] = bool(histories.observable[trips, fault].any())
    if episodes.dtc_s[row] > onset_s:
        made.lead_d[row] = 0.0
    if episodes.failure_s[row] > onset_s:
        made.failure_d[row] = 0.0
    if not len(inside):
        return
    made.score[row] = smooth[inside, fault].max()
    first, last = np.searchsorted(alarms.trip, [inside[0], inside[-1] + 1])
    heard = np.arange(first, last)
    if len(heard):
        trip = int(alarms.trip[heard[0]])
        together = alarms.fault[heard[alarms.trip[heard] == trip]]
        # Of several alarms on one trip the surest is the one that is told first.
        made.named[row] = together[smooth[trip, together].argmax()]
        said = smooth[trip]
        # A second fault of the same car is no mistake either.
        other = (histories.severity[trip] >= ONSET) & (np.arange(len(said)) != fault)
        if other[made.named[row]]:
            made.named[row] = fault
        made.rank[row] = 1 + int(((said > said[fault]) & ~other).sum())
    right = heard[alarms.fault[heard] == fault]
    if len(right):
        trip, at_s = int(alarms.trip[right[0]]), float(alarms.at_s[right[0]])
        made.alarm_s[row], made.severity[row] = at_s, histories.severity[trip, fault]
        made.lead_d[row] = (episodes.dtc_s[row] - at_s) / DAY_S
        made.failure_d[row] = (episodes.failure_s[row] - at_s) / DAY_S
        if histories.lead_d is not None:
            made.interval_d[row] = histories.lead_d[trip, fault]


def _last_s(histories: Histories, episodes: Episodes, row: int, trips: slice) -> float:
    if not np.isnan(episodes.dtc_s[row]):
        return float(episodes.dtc_s[row]) - MARGIN_S
    if not np.isnan(episodes.failure_s[row]):
        return float(episodes.failure_s[row])
    return float(histories.end_s[trips.stop - 1])


def false_alarms(histories: Histories, alarms: Alarms) -> FalseAlarms:
    """Count the alarms that have no fault behind them, per car; whether one is there, the severities tell."""
    cars, edges = histories.cars, histories.edges
    ill = histories.severity >= ONSET
    own_s = np.minimum.reduceat(np.where(ill, histories.begin_s[:, None], np.inf), edges[:-1], axis=0)
    onset_s = own_s.min(axis=1)
    row = np.searchsorted(cars, alarms.car)
    before = alarms.at_s < onset_s[row]
    # A second fault's alarm before its own onset is one too many as well.
    wrong = ~before & (alarms.at_s < own_s[row, alarms.fault])
    trip_row = np.searchsorted(cars, histories.car)
    calm = histories.end_s < onset_s[trip_row]
    early_by_fault = np.zeros(own_s.shape, dtype=np.int64)
    np.add.at(early_by_fault, (row[before], alarms.fault[before]), 1)
    return FalseAlarms(
        np.isinf(onset_s), early_by_fault.sum(axis=1),
        np.bincount(trip_row, histories.hours * calm, len(cars)).astype(np.float64),
        np.bincount(row[wrong], minlength=len(cars)), early_by_fault,
    )  # fmt: skip
