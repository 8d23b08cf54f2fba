"""Real trips: cars taken as healthy must stay without findings in every order, and faults put into them be found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnostics.evaluation.histories import DAY_S, ONSET, SUDDEN, BoolArray, Histories, IntArray
from diagnostics.evaluation.measuring import Shard, joined, measure
from diagnostics.evaluation.outcomes import SUDDEN_TRIPS
from diagnostics.evaluation.raising import raised
from diagnostics.evaluation.resampling import Figure
from diagnostics.features import blocks_of
from diagnostics.fusion import predict_histories
from diagnostics.isolation import VOTES
from diagnostics.modes import Measured
from diagnostics.predictor import Predictor
from ingest.readings import FloatArray, TimeArray, TripColumns, to_block

PARKED_S = 8 * 3600.0  # between real trips, as in `forecourt score`
# An injected history: trips two a day, healthy ones, then the fault grows to 1 (or steps there).
HEALTHY_TRIPS, GROWING_TRIPS, GAP_S = 30, 90, DAY_S / 2
Inject = Callable[[TripColumns, str, float, np.random.Generator], TripColumns]


@dataclass(frozen=True, slots=True)
class RealCar:
    """One car's trips in the order in which they were driven."""

    name: str
    trips: tuple[TripColumns, ...]


@dataclass(frozen=True, slots=True)
class Untouched:
    """What is raised on healthy trips: `alarms` in the order driven, `shuffled` in all other orders together."""

    alarms: int
    shuffled: int
    orders: int
    hours: float
    trips: int
    named: tuple[str, ...]


def untouched(
    cars: Sequence[RealCar], predictor: Predictor, faults: Sequence[str], orders: int, seed: int
) -> Untouched:
    """Score every car's trips as one history, in the order driven and in `orders` others."""
    alarms, shuffled, hours, named = 0, 0, 0.0, []
    for number, car in enumerate(cars):
        shard = _measured(car.trips, faults)
        hours += float(shard.hours.sum())
        rng = np.random.default_rng([seed, number])
        count = len(car.trips)
        rows = np.stack([np.arange(count), *(rng.permutation(count) for _ in range(orders))])
        lasting = np.array([trip.duration_s for trip in car.trips])
        begin: TimeArray = np.cumsum(lasting[rows] + PARKED_S, axis=1) - lasting[rows] - PARKED_S
        made = predicted(shard, rows, begin, np.zeros((*rows.shape, len(faults)), np.float32), predictor)
        told = raised(made, thresholds(predictor, faults))
        alarms += int((told.car == 0).sum())
        shuffled += int((told.car > 0).sum())
        named += [faults[fault] for fault in told.fault]
    return Untouched(alarms, shuffled, orders, hours, sum(len(car.trips) for car in cars), tuple(sorted(set(named))))


def injected(
    cars: Sequence[RealCar], predictor: Predictor, faults: Sequence[str], able: Callable[[TripColumns, str], bool],
    inject: Inject, runs: int, seed: int,
) -> dict[str, Figure]:  # fmt: skip
    """Give the recall per fault when it is put into real trips; a fault that no car's trips hold the signals of, not.

    A run draws trips of one car, sound ones first; a gradual fault then grows to severity 1 over ninety trips, two a
    day, and counts as found when its alarm comes before the end; a sudden one steps to 1 and has five trips.
    """
    made: dict[str, Figure] = {}
    for place, fault in enumerate(faults):
        hits = []
        for number, car in enumerate(cars):
            trips = [trip for trip in car.trips if able(trip, fault)]
            if len(trips) < 6:
                continue
            seeds = ([seed, place, number, run] for run in range(runs))
            hits += [_found(trips, predictor, faults, fault, inject, one) for one in seeds]
        if hits:
            share = float(np.mean(hits))
            half = 1.96 * float(np.sqrt(max(share * (1 - share), 0.25 / len(hits)) / len(hits)))
            made[fault] = Figure(share, max(share - half, 0.0), min(share + half, 1.0), len(hits))
    return made


def _found(
    trips: Sequence[TripColumns], predictor: Predictor, faults: Sequence[str], fault: str, inject: Inject,
    seed: Sequence[int],
) -> bool:  # fmt: skip
    rng = np.random.default_rng(seed)
    severity = course(fault, rng)
    chosen = [trips[index] for index in rng.integers(0, len(trips), len(severity))]
    # The same draws for every trip: the fault of one car has one shape.
    sick = [
        inject(trip, fault, float(s), np.random.default_rng(seed)) if s else trip
        for trip, s in zip(chosen, severity, strict=True)
    ]
    shard = _measured(sick, faults)
    rows = np.arange(len(sick))[None]
    true = np.zeros((1, len(sick), len(faults)), dtype=np.float32)
    true[0, :, faults.index(fault)] = severity
    made = predicted(shard, rows, (rows * GAP_S).astype(np.float64), true, predictor)
    told = raised(made, thresholds(predictor, faults))
    right = told.trip[told.fault == faults.index(fault)]
    return bool((severity[right] >= ONSET).any())


def course(fault: str, rng: np.random.Generator) -> FloatArray:
    """Give the severity trip by trip; B8's power of time, or a step."""
    if fault in SUDDEN:
        return np.repeat([0.0, 1.0], [HEALTHY_TRIPS, SUDDEN_TRIPS]).astype(np.float32)
    grown = (np.arange(1, GROWING_TRIPS + 1) / GROWING_TRIPS) ** rng.uniform(1, 3)
    return np.concatenate([np.zeros(HEALTHY_TRIPS), grown]).astype(np.float32)


def thresholds(predictor: Predictor, faults: Sequence[str]) -> FloatArray:
    """Give `[2, fault]` from which on a trip votes, of young cars and of others; out of reach without a predictor."""
    known = [predictor.faults.get(fault) for fault in faults]
    limits = [[one.limit(age_s) if one else np.inf for one in known] for age_s in (0.0, np.inf)]
    return np.array(limits, dtype=np.float32)


def needed(predictor: Predictor, faults: Sequence[str]) -> IntArray:
    """Give `[fault]`, how many votes of five trips raise an alarm."""
    known = [predictor.faults.get(fault) for fault in faults]
    return np.array([one.votes if one else VOTES for one in known], dtype=np.int64)


def predicted(
    shard: Shard, rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]], begin_s: TimeArray, severity: FloatArray,
    predictor: Predictor,
) -> Histories:  # fmt: skip
    """Predict histories made of the shard's trips: `rows[history, place]`, begun at `begin_s` of the same shape."""
    flat = rows.ravel()
    measured: Mapping[str, Measured] = {
        fault: Measured(one.values[flat], one.observed_s[flat]) for fault, one in shard.measured.items()
    }
    history = np.repeat(np.arange(len(rows)), rows.shape[1])
    told = predict_histories(predictor, measured, history, begin_s.ravel())
    probability = np.full((len(flat), len(shard.faults)), np.nan, dtype=np.float32)
    for place, fault in enumerate(told.faults):
        if fault in shard.faults:
            probability[:, shard.faults.index(fault)] = told.probability[:, place]
    lasting = (shard.end_s - shard.begin_s)[flat]
    return Histories(
        shard.faults, history, begin_s.ravel(), begin_s.ravel() + lasting, shard.hours[flat], probability,
        shard.stopped[flat], severity.reshape(len(flat), -1), shard.observable[flat],
        votes=needed(predictor, shard.faults),
    )  # fmt: skip


def _measured(trips: Sequence[TripColumns], faults: Sequence[str]) -> Shard:
    names = tuple(sorted({name for trip in trips for name in trip.signals}))
    shards = []
    for place, _ in blocks_of(trips):
        block = to_block(trips[place], names)
        car = np.zeros(len(block.lengths), dtype=np.int64)
        shards.append(measure(block, car, np.zeros(len(car)), {}, faults, statistics=False))
    return joined(shards)


def holds(trip: TripColumns, needs: Sequence[Sequence[str]]) -> bool:
    """Tell whether a trip holds one signal of each group."""
    return all(any(name in trip.signals and _there(trip.signals[name]) for name in group) for group in needs)


def _there(values: FloatArray) -> bool:
    known: BoolArray = ~np.isnan(values)
    return bool(known.any())
