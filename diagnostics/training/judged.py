"""Cars that a workshop has judged, as rows of the training table: real trips, and labels for some of them alone.

A verdict says whether a fault was there, not how far it had gone, and it exists only where an alarm was raised. So such
trips teach the trees of the probability, and nothing else: neither severity nor lead time is learnt from them, and
calibration, thresholds and recall stay measured on cars that were drawn without asking any predictor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from diagnostics.evaluation.resampling import area_under_roc
from diagnostics.features import blocks_of
from diagnostics.modes import FaultMode
from diagnostics.training.dataset import (
    COPY,
    FAULTY_FROM,
    BoolArray,
    EpisodeTable,
    IntArray,
    TripTable,
    collect_trips,
    shortened,
)
from ingest.readings import Block, FloatArray, TimeArray, TripColumns

# The numbers of judged cars begin here, far behind all short histories, which are some times `COPY` behind their cars.
JUDGED = 1000 * COPY
FEWEST_CARS = 12  # of a fault: three in each of the four folds, so that every figure is of some that did not train
_FIRST = JUDGED + 3_000_000  # what is left of it below `COPY` is the number of no simulated car
# Severities that are plainly one or the other; of what nobody judged they are NaN.
_PRESENT, _ABSENT = np.float32(1), np.float32(0)
_SLACK_S = 0.001  # starts of trips are kept as floats


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a fault was there from `begin` (where the finding began) to `end` (when the car came to the workshop)."""

    fault: str
    present: bool
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Chunk:
    block: Block
    car: IntArray
    start_s: TimeArray
    labels: Mapping[str, FloatArray]
    episodes: tuple[()] = ()


def judged_car(place: int, trips: Sequence[TripColumns], modes: Mapping[str, FaultMode]) -> TripTable:
    """Measure the dated trips of one car, the `place`-th that is judged, in the order driven; without labels yet."""
    start_s = np.array([begin_of(trip).timestamp() for trip in trips])
    chunks = [
        _Chunk(block, np.full(rows.stop - rows.start, _FIRST + place, dtype=np.int64), start_s[rows], {})
        for rows, block in blocks_of(trips)
    ]
    made = collect_trips(chunks, modes)
    unsaid = np.full(len(made), np.nan, dtype=np.float32)
    return replace(made, severity=dict.fromkeys(modes, unsaid), episodes=EpisodeTable.of([]))


def with_copies(table: TripTable, seed: int) -> TripTable:
    """Give the table with its short histories, of which judged cars have none, as if those were not there."""
    low = int(np.searchsorted(table.car, JUDGED))
    if low == len(table):
        return shortened(table, seed)
    drawn, judged = (
        table.rows(rows, table.car[rows], table.start_s[rows])
        for rows in (np.arange(low, dtype=np.int64), np.arange(low, len(table), dtype=np.int64))
    )
    return TripTable.joined([shortened(replace(drawn, episodes=table.episodes), seed), judged])


def kind_of(place: int, kind: str) -> dict[int, str]:
    """Give the kind of the car by its number, as `train_table` takes it; it sorts behind those of simulated cars."""
    return {(_FIRST + place) % COPY: f"~{kind}"}


def inside(car: TripTable, one: Judgement) -> BoolArray:
    """Mark the trips of which a judgement tells: whole ones, between the finding's onset and the visit."""
    begun = car.start_s >= one.begin.timestamp() - _SLACK_S
    ended: BoolArray = car.start_s + car.length_s - 1 <= one.end.timestamp()  # `length_s` counts steps: up to one more
    return begun & ended


def labelled(car: TripTable, judgements: Sequence[Judgement]) -> TripTable:
    """Give the car with its labels; a trip that nobody judged, or two judge differently, has none: NaN."""
    severity = {}
    for fault, unsaid in car.severity.items():
        mine = [one for one in judgements if one.fault == fault]
        present, absent = (
            np.any([inside(car, one) for one in mine if one.present is said] or [np.zeros(len(car), np.bool_)], axis=0)
            for said in (True, False)
        )
        label = np.where(present, _PRESENT, np.where(absent, _ABSENT, unsaid))
        severity[fault] = np.where(present & absent, np.float32(np.nan), label).astype(np.float32)
    return replace(car, severity=severity)


def told_of(car: IntArray, severity: FloatArray, probability: FloatArray, before: FloatArray | None) -> dict[str, Any]:
    """Say what is made of judged cars by trees that never saw them, of all trips of a table; {}: none is labelled.

    A car counts by its largest probability among the trips that were judged; `before` is what another predictor says.
    """
    rows = (car >= JUDGED) & ~np.isnan(severity)
    if not rows.any():
        return {}
    cars, place = np.unique(car[rows], return_inverse=True)
    found = np.zeros(len(cars), dtype=np.bool_)
    np.logical_or.at(found, place, severity[rows] >= FAULTY_FROM)

    def by_car(said: FloatArray) -> dict[str, Any]:
        largest = np.zeros(len(cars), dtype=np.float32)
        np.maximum.at(largest, place, said[rows])
        area = area_under_roc(largest, found)
        return {
            "told_apart": None if np.isnan(area) else round(area, 4),
            "present_median": round(float(np.median(largest[found])), 4) if found.any() else None,
            "absent_median": round(float(np.median(largest[~found])), 4) if not found.all() else None,
        }

    told = {"trips": int(rows.sum()), "cars_present": int(found.sum()), "cars_absent": int((~found).sum())}
    return told | by_car(probability) | ({"before": by_car(before)} if before is not None else {})


def begin_of(trip: TripColumns) -> datetime:
    """Give when a dated trip's first reading was."""
    if trip.start is None:
        raise ValueError("a trip without a date cannot be judged")
    return trip.start + timedelta(seconds=float(trip.t_s[0]))
