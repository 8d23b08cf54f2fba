"""Controls: what must not be able to tell sick cars from healthy ones, and whether it can."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import lightgbm
import numpy as np

from diagnostics.evaluation.histories import DAY_S, BoolArray, Histories, IntArray
from diagnostics.evaluation.resampling import Figure, area_under_roc
from ingest.readings import FloatArray

FOLDS = 5
FIRST_DAYS, FEWEST_TRIPS = 10.0, 10
_SETTINGS: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.08, "num_leaves": 7, "min_data_in_leaf": 20, "lambda_l2": 5.0,
    "feature_fraction": 0.7, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class PerCar:
    """One row per car: whether it is sick, what is known of it, and the group that it must not be parted from."""

    sick: BoolArray
    values: FloatArray
    group: IntArray


def identity_auc(cars: IntArray, sick: BoolArray, seeds: int, seed: int = 1) -> Figure:
    """Give the AUC of trees that see a car's identity alone, eight numbers hashed from it, on cars held out.

    Every car has ten rows, as a car has many trips: with rows instead of cars dealt into folds this is near 1.
    """
    areas = []
    for turn in range(seeds):
        rows = np.repeat(_hashed(cars, turn), 10, axis=0)
        car = np.repeat(np.arange(len(cars)), 10)
        said = _out_of_fold(rows, np.repeat(sick, 10), car, seed + turn)
        areas.append(area_under_roc(np.bincount(car, said) / 10, sick))
    return _figure(areas, len(cars))


def identity_auc_of_rows(cars: IntArray, sick: BoolArray, seed: int = 1) -> Figure:
    """Give the same with rows dealt into folds, so that a car is on both sides: the leak that groups prevent."""
    rows = np.repeat(_hashed(cars, 0), 10, axis=0)
    said = _out_of_fold(rows, np.repeat(sick, 10), np.arange(len(rows)), seed, rounds=300)
    return Figure(area_under_roc(said, np.repeat(sick, 10)), over=len(rows))


def permuted_auc(of: PerCar, seeds: int, seed: int = 1) -> Figure:
    """Give the AUC when the labels are dealt out anew over the cars and the trees see everything."""
    areas = []
    for turn in range(seeds):
        dealt = np.random.default_rng([seed, turn]).permutation(of.sick)
        areas.append(area_under_roc(_out_of_fold(of.values, dealt, np.arange(len(dealt)), seed + turn), dealt))
    return _figure(areas, len(of.sick))


def told_apart_auc(of: PerCar, seeds: int, seed: int = 1) -> Figure:
    """Give the AUC of trees that see everything, on groups held out."""
    said = [_out_of_fold(of.values, of.sick, of.group, seed + turn) for turn in range(seeds)]
    return _figure([area_under_roc(one, of.sick) for one in said], len(of.sick))


def worst_of(histories: Histories, health: FloatArray, sick: BoolArray) -> PerCar:
    """Give each car's largest trend of every mode over all its trips."""
    filled = np.where(np.isnan(health), np.float32(-1), health)
    return PerCar(sick, np.maximum.reduceat(filled, histories.edges[:-1], axis=0), np.arange(len(sick)))


def paired(sick: PerCar, well: PerCar) -> PerCar:
    """Put cars and their sound twins, which have the same group, behind one another; those without one are left out."""
    both = np.intersect1d(sick.group, well.group)
    kept = [(one, np.isin(one.group, both)) for one in (sick, well)]
    return PerCar(
        np.concatenate([one.sick[rows] for one, rows in kept]),
        np.concatenate([one.values[rows] for one, rows in kept]),
        np.searchsorted(both, np.concatenate([one.group[rows] for one, rows in kept])),
    )


def first_trips(histories: Histories, values: FloatArray, sick: BoolArray) -> PerCar:
    """Give mean and spread of what each car shows in its first ten days; a fault must not have begun in them.

    A car counts that has ten trips in that time, whichever fleet it is of.
    """
    edges = histories.edges
    made = np.full((len(edges) - 1, 2 * values.shape[1]), np.nan, dtype=np.float32)
    usable = np.zeros(len(made), dtype=np.bool_)
    for row, (low, high) in enumerate(pairwise(edges.tolist())):
        until_s = histories.begin_s[low] + FIRST_DAYS * DAY_S
        rows = slice(low, low + int(np.searchsorted(histories.begin_s[low:high], until_s)))
        if rows.stop - low < FEWEST_TRIPS or (histories.severity[rows] > 0).any():
            continue
        usable[row] = True
        told = values[rows].astype(np.float64)
        there = ~np.isnan(told)
        many = np.maximum(there.sum(axis=0), 1)
        mean = np.where(there, told, 0).sum(axis=0) / many
        spread = np.sqrt(np.where(there, (told - mean) ** 2, 0).sum(axis=0) / many)
        shown = there.any(axis=0)
        made[row] = np.concatenate([np.where(shown, mean, np.nan), np.where(shown, spread, np.nan)])
    return PerCar(sick[usable], made[usable], histories.cars[usable])


def _hashed(cars: IntArray, turn: int) -> FloatArray:
    digests = [hashlib.sha256(f"{turn}:{car}".encode()).digest() for car in cars.tolist()]
    return np.array([np.frombuffer(digest, dtype=np.uint32) for digest in digests], dtype=np.float32)


def _out_of_fold(values: FloatArray, label: BoolArray, group: IntArray, seed: int, rounds: int = _ROUNDS) -> FloatArray:
    """Give what boosters say that never saw the row's group; every fold has its share of both kinds."""
    fold = _folds(label, group, seed)
    said = np.zeros(len(label), dtype=np.float32)
    for one in range(FOLDS):
        held = fold == one
        data = lightgbm.Dataset(values[~held], label[~held].astype(np.float32), params={"verbosity": -1})
        booster = lightgbm.train({**_SETTINGS, "seed": seed}, data, rounds)
        # Centred, for folds differ in what the others held and that alone must not rank them.
        raw = np.asarray(booster.predict(values[held], num_threads=1, raw_score=True), dtype=np.float32)
        said[held] = raw - np.float32(np.median(raw))
    return said


def _folds(label: BoolArray, group: IntArray, seed: int) -> IntArray:
    """Deal groups into folds, sick and healthy ones each by themselves; a group is of the kind of its first row."""
    groups, first = np.unique(group, return_index=True)
    rng, dealt = np.random.default_rng(seed), np.zeros(int(groups[-1]) + 1, dtype=np.int64)
    for kind in (True, False):
        own = groups[label[first] == kind]
        dealt[own] = rng.permutation(len(own)) % FOLDS
    return dealt[group]


def _figure(areas: list[float], over: int) -> Figure:
    """Give the mean over turns, and the range between them."""
    return Figure(float(np.mean(areas)), float(np.min(areas)), float(np.max(areas)), over)
