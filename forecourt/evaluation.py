"""The evaluation of the shipped predictor: fleets in, the document of the report out (faults.md C)."""

import os
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.evaluation.figures import Evaluation, evaluate
from diagnostics.evaluation.gates import Verdict, verdicts
from diagnostics.evaluation.histories import SUDDEN, BoolArray, Episodes, Histories
from diagnostics.evaluation.measuring import Shard
from diagnostics.evaluation.real import Inject, RealCar, Untouched, holds, injected, needed, thresholds, untouched
from diagnostics.evaluation.resampling import Figure
from diagnostics.evaluation.saying import Said, histories
from diagnostics.predictor import SHIPPED, Predictor
from diagnostics.training import controls
from diagnostics.training.ladder import Rung, boosted, codes_alone, of_histories, rung
from forecourt import evaluation_shards as shards
from forecourt.evaluation_notes import notes
from forecourt.evaluation_shards import Fleet
from foundation.refusals import Invalid
from ingest.readings import FloatArray, TripColumns
from ingest.trips import read_trip, split_trips
from simulators.injection import inject
from simulators.injections import INJECTIONS
from simulators.recorded import NotInjectable
from simulators.scenario import scenario_hash

DAYS = 180
REAL_SEED = 7
# Faults that not every car can have: a fleet with them differs from healthy cars by what the cars are.
OF_SOME_CARS = frozenset({"underboost", "transmission_slip", "air_flow_meter"})

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is judged: `episodes` of each fault, and `healthy` cars, which make `least_hours` and more.

    The ladder stands on the first `ladder` episodes of each fault; its trees learn from `learning` cars of each fault
    and as many healthy ones, and without any those rungs are left out. The control of severity 0 stands on the first
    `control` cars with a fault; `turns` deal cars into folds anew. The issue asks for `least_hours` and
    `least_episodes`.
    """

    name: str
    healthy: int
    episodes: int
    ladder: int
    learning: int
    control: int
    orders: int
    real_runs: int
    turns: int
    least_hours: float
    least_episodes: int


SIZES = {
    size.name: size
    for size in (
        Size("small", 115, 41, 40, 0, 230, 20, 2, 10, 12_000, 40),
        Size("full", 575, 205, 40, 20, 920, 100, 8, 20, 60_000, 200),
    )
}


@dataclass(frozen=True, slots=True)
class _Judging:
    """What is judged: all cars of both fleets, and those on which the ladder stands."""

    histories: Histories
    episodes: Episodes
    said: Said
    statistics: FloatArray
    plain: BoolArray  # trips that have plain statistics


def run(
    size: Size, seed: int, data: Path, trips: Path | None, processes: int, tell: Tell, directory: Path = SHIPPED
) -> dict[str, Any]:
    """Simulate, predict and judge the predictor in `directory`; gives the document, without command and time."""
    predictor, folder = Predictor.load(directory), shards.directory(data, seed, DAYS)
    fleets = shards.fleets(seed, size.healthy, size.episodes, size.learning, size.control, DAYS)
    wanted = {of.kind: shards.tasks(of, _plain_cars(of, size)) for of in fleets}
    # From the first cars on, so that a small evaluation finds what a full one that was stopped has made.
    every = sorted((task for some in wanted.values() for task in some), key=lambda task: task.first)
    shards.work(folder, every, directory, processes, _telling(tell, "fleets"))

    def read(*kinds: str) -> _Judging:
        return _read(list(shards.read(folder, [task for kind in kinds for task in wanted[kind]], directory)))

    tell("judging", 0, 5)
    judging = read("healthy", "faulty")
    votes = needed(predictor, judging.histories.faults)
    judging = replace(judging, histories=replace(judging.histories, votes=votes))
    vote_at = thresholds(predictor, judging.histories.faults)
    evaluation = evaluate(judging.histories, judging.episodes, vote_at, seed)
    tell("ladder", 1, 5)
    ladder = _ladder(judging, read("learning") if size.learning else None, vote_at, seed)
    tell("controls", 3, 5)
    control = _controls(judging, read("twins"), size, seed)
    tell("real trips", 4, 5)
    real = _real(trips, predictor, evaluation, size, seed)
    figures = {**evaluation.figures, **control, **real.figures}
    return _document(size, seed, judging, evaluation, figures, ladder, real, predictor)


def _telling(tell: Tell, words: str) -> shards.Progress:
    return lambda done, of: tell(words, done, of)


def _plain_cars(of: Fleet, size: Size) -> int:
    """Give how many of a fleet's cars have plain statistics: what the ladder and the controls stand on."""
    return {"faulty": size.ladder * len(of.faults), "healthy": SIZES["small"].healthy}.get(of.kind, of.cars)


def _read(found: Sequence[tuple[Shard, Said]]) -> _Judging:
    parts, said = zip(*sorted(found, key=lambda pair: int(pair[0].car[0])), strict=True)
    made, episodes = histories(parts, said)
    plain = np.concatenate([np.full(len(part.car), part.statistics.shape[1] > 0) for part in parts])
    every = Said(*(
        np.concatenate([getattr(one, name) for one in said if name != "residuals" or one.residuals.shape[1]])
        for name in Said.__slots__
    ))  # fmt: skip
    statistics = np.concatenate([part.statistics for part in parts if part.statistics.shape[1]])
    return _Judging(made, episodes, every, statistics, plain)


def _ladder(judging: _Judging, learn: _Judging | None, vote_at: FloatArray, seed: int) -> list[Rung]:
    """Judge every rung on the same cars, at the number of false alarms that the predictor has on them."""
    chosen = judging.plain
    some = judging.histories.where(chosen)
    episodes = judging.episodes.where(np.isin(judging.episodes.car, some.cars))
    top = of_histories("5", "the shipped predictor: trees on residuals, baselines and trends", some, episodes, vote_at)
    alarms = int(top.figures["false_alarms"].value or 0)
    judged = ~np.isnan(judging.said.plain[chosen])
    scores = [
        ("1", "thresholds on plain measures", judging.said.plain[chosen]),
        ("2", "CUSUM of residuals", judging.said.cusum[chosen]),
    ]
    if learn is not None:
        severity = learn.histories.severity
        for name, words, columns, test in (
            ("3", "trees on raw statistics", learn.statistics, judging.statistics),
            ("4", "trees on residuals of the trip", learn.said.residuals, judging.said.residuals),
        ):
            scores.append((name, words, boosted(columns, severity, test, judged, some.faults, seed)))
    middle = [rung(name, words, some, episodes, score, alarms) for name, words, score in scores]
    return [codes_alone(some, episodes), *middle, top]


def _controls(judging: _Judging, calm: _Judging, size: Size, seed: int) -> dict[str, Figure]:
    of = judging.histories
    sick = of.ill
    whole = controls.worst_of(of, judging.said.health, sick)
    # Before the fault: cars by the fault branch against the very same cars by the other, all that is seen of both.
    some = of.where(judging.plain)
    named = np.isin(some.cars, judging.episodes.car[_of_any_car(judging)])
    inside = np.repeat(named, np.diff(some.edges))
    branch = controls.first_trips(some.where(inside), _seen(judging)[inside], named[named])
    twins = controls.first_trips(calm.histories, _seen(calm), np.zeros(len(calm.histories.cars), dtype=np.bool_))
    both = controls.paired(branch, replace(twins, group=twins.group - shards.TWINS))
    return {
        "identity_auc": controls.identity_auc(of.cars, sick, size.turns, seed),
        "identity_auc_of_rows": controls.identity_auc_of_rows(of.cars[:400], sick[:400], seed),
        "permuted_auc": controls.permuted_auc(whole, size.turns, seed),
        "unpermuted_auc": controls.told_apart_auc(whole, 1, seed),
        "severity_0_auc": controls.told_apart_auc(both, size.turns, seed),
    }


def _of_any_car(judging: _Judging) -> BoolArray:
    names = np.array(judging.histories.faults)[judging.episodes.fault]
    allowed: BoolArray = ~np.isin(names, sorted(OF_SOME_CARS))
    return allowed


def _seen(judging: _Judging) -> FloatArray:
    return np.concatenate([judging.statistics, judging.said.residuals, judging.said.plain[judging.plain]], axis=1)


@dataclass(frozen=True, slots=True)
class _Real:
    figures: dict[str, Figure]
    recalls: dict[str, Figure]
    simulated: dict[str, Figure]
    healthy: Untouched | None


def _real(trips: Path | None, predictor: Predictor, evaluation: Evaluation, size: Size, seed: int) -> _Real:
    if trips is None:
        return _Real({}, {}, {}, None)
    cars, faults = read_real(trips), evaluation.faults
    healthy = untouched(cars, predictor, faults, size.orders, seed)
    known = [fault for fault in faults if fault in INJECTIONS and fault in predictor.faults]

    def able(trip: TripColumns, fault: str) -> bool:
        if fault not in known or not holds(trip, INJECTIONS[fault].NEEDS):
            return False
        try:
            inject(trip, fault, 1.0, np.random.default_rng(REAL_SEED))
        except NotInjectable:  # a car without boost has no turbo to lose
            return False
        return True

    put: Inject = inject
    recalls = injected(cars, predictor, faults, able, put, size.real_runs, REAL_SEED)
    simulated = {fault: evaluation.per_fault[fault]["recall"] for fault in recalls}
    pairs = [(simulated[fault].value, recalls[fault].value) for fault in recalls]
    drops = [100 * (ours - theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    figures = {
        "real_false_alarms": Figure(float(healthy.alarms), over=healthy.trips),
        "real_false_alarms_reordered": Figure(float(healthy.shuffled), over=healthy.trips * healthy.orders),
        "real_recall": Figure(
            _mean([it.value for it in recalls.values()]), over=sum(it.over for it in recalls.values())
        ),
        "real_recall_drop": Figure(_mean(drops), over=len(drops)),
    }
    return _Real(figures, recalls, simulated, healthy)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def read_real(folder: Path) -> list[RealCar]:
    """Read recorded trips, one folder per car, in the order in which they were driven."""
    cars = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        trips = [trip for path in sorted(place.glob("*.parquet")) for trip in split_trips(read_trip(path).columns)]
        if trips:
            cars.append(RealCar(place.name, tuple(sorted(trips, key=_driven))))
    if not cars:
        raise Invalid(f"{folder} has no folder with trip files in it")
    return cars


def _driven(trip: TripColumns) -> tuple[float, str]:
    """Order by the time since the codes were cleared, where the car tells it; else by the file's name."""
    told = trip.signals.get("time_since_dtc_clear")
    known = told[~np.isnan(told)] if told is not None else np.zeros(0)
    return (float(known[0]) if len(known) else 0.0), trip.boot


def _document(
    size: Size, seed: int, judging: _Judging, evaluation: Evaluation, figures: dict[str, Figure],
    ladder: Sequence[Rung], real: _Real, predictor: Predictor,
) -> dict[str, Any]:  # fmt: skip
    of, episodes = judging.histories, judging.episodes
    sick = of.ill
    hours = float(of.hours[np.repeat(~sick, np.diff(of.edges))].sum())
    counts = np.bincount(episodes.fault, minlength=len(of.faults))
    document = evaluation.to_json()
    document["figures"] = {name: figure.to_json() for name, figure in figures.items()}
    return document | {
        "predictor": predictor.version,
        "machine": machine(),
        "scenario": {"name": "SIM-B", "hash": scenario_hash("sim_b"), "learnt_from": scenario_hash("sim_a")},
        "size": {
            "name": size.name, "healthy_cars": int((~sick).sum()), "healthy_hours": round(hours, 1),
            "episodes": len(episodes.car), "least_episodes": int(counts.min()), "seed": seed,
            "asked_hours": size.least_hours, "asked_episodes": size.least_episodes,
        },
        "sudden": sorted(SUDDEN & set(of.faults)),
        "gates": [gate_row(verdict) for verdict in verdicts(figures)],
        "ladder": [it.to_json() for it in ladder],
        "real": {
            "recalls": {fault: figure.to_json() for fault, figure in real.recalls.items()},
            "simulated": {fault: figure.to_json() for fault, figure in real.simulated.items()},
        },
        "notes": notes(figures, size.name, real.healthy, real.recalls, real.simulated, hours, size.least_hours),
    }  # fmt: skip


def gate_row(verdict: Verdict) -> dict[str, Any]:
    gate, figure = verdict.gate, verdict.figure or Figure(None)
    return {
        "figure": gate.figure, "words": gate.words, "must": gate.goal(gate.must), "aim": gate.goal(gate.aim),
        "must_met": verdict.must, "word": verdict.word, **figure.to_json(),
    }  # fmt: skip


def machine() -> str:
    """Say on what this ran."""
    name = platform.machine()
    with suppress(OSError):
        rows = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next((row.partition(":")[2].strip() for row in rows if row.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"
