"""Calibration per fault: trips of cars with the fault against trips of healthy cars, every car counting as one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnostics.evaluation.histories import ONSET, BoolArray, Episodes, Histories, IntArray
from diagnostics.evaluation.reliability import Reliability, car_weights, reliability
from diagnostics.evaluation.resampling import Figure, Numbers, spread
from diagnostics.training.dataset import FAULTY_FROM

_RESAMPLES = 200  # of the thousand; each is a sort's worth of work per fault
_TRIPS = 40  # of a car, at most, evenly spread: more of one car tell the same


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Calibration error and skill per fault, the diagrams behind them, and the figures over all faults."""

    errors: Mapping[str, Figure]
    skills: Mapping[str, Figure]
    diagrams: Mapping[str, Reliability]
    figures: Mapping[str, Figure]


def calibrated(histories: Histories, episodes: Episodes, counts: NDArray[np.float32]) -> Calibrated:
    """Hold the probabilities of plainly healthy and plainly faulty trips against what was true, fault by fault."""
    errors: dict[str, Figure] = {}
    skills: dict[str, Figure] = {}
    diagrams: dict[str, Reliability] = {}
    row = np.searchsorted(histories.cars, histories.car)
    well = ~np.isin(histories.car, episodes.car)
    every_error, every_skill = [], []
    for place, fault in enumerate(histories.faults):
        severity = histories.severity[:, place]
        faulty = severity >= FAULTY_FROM
        told = ~np.isnan(histories.probability[:, place]) & (faulty | (well & (severity < ONSET)))
        trips = _spread_out(np.flatnonzero(told), row, faulty)
        if not faulty[trips].any() or faulty[trips].all():
            continue
        said, true, car = histories.probability[trips, place].astype(np.float64), faulty[trips], row[trips]
        weight = car_weights(car, true)
        diagrams[fault] = reliability(said, true, weight)
        error, skill = _again(said, true, car, weight, counts[: _RESAMPLES + 1])
        errors[fault], skills[fault] = spread(error, len(np.unique(car))), spread(skill, len(np.unique(car)))
        every_error.append(error)
        every_skill.append(skill)
    if not every_error:
        return Calibrated(errors, skills, diagrams, {"ece": Figure(None)})
    over = sum(figure.over for figure in errors.values())
    figures = {
        "ece": spread(np.mean(every_error, axis=0), over),
        "ece_worst": spread(np.max(every_error, axis=0), over),
        "brier_skill": spread(np.mean(every_skill, axis=0), over),
    }
    return Calibrated(errors, skills, diagrams, figures)


def _again(
    said: Numbers, true: BoolArray, car: IntArray, weight: Numbers, counts: NDArray[np.float32]
) -> tuple[Numbers, Numbers]:
    """Give error and skill `[resample]` when cars are drawn anew, each kind keeping its share."""
    share = [float(weight[kind].sum()) for kind in (~true, true)]
    made = []
    for drawn in counts[:, car]:
        mass = weight * drawn
        for kind, whole in zip((~true, true), share, strict=True):
            mass[kind] *= whole / max(float(mass[kind].sum()), 1e-12)
        again = reliability(said, true, mass)
        made.append((again.error, again.skill))
    error, skill = np.array(made).T
    return error, skill


def _spread_out(trips: IntArray, row: IntArray, faulty: BoolArray) -> IntArray:
    """Give at most `_TRIPS` trips of each car and kind, evenly over its time."""
    kind = 2 * row[trips] + faulty[trips]
    order = np.argsort(kind, kind="stable")
    _, first, many = np.unique(kind[order], return_index=True, return_counts=True)
    place = np.arange(len(trips)) - np.repeat(first, many)
    size = np.repeat(many, many)
    # The place of a trip among its car's, as a place among those that are kept, moves on where it is kept.
    kept = (size <= _TRIPS) | ((place * _TRIPS) // size != ((place - 1) * _TRIPS) // size)
    return np.sort(trips[order[kept]])
