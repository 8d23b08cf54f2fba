"""The fleets that a predictor is judged on, in shards of whole cars: simulated, measured and predicted in processes.

What a shard shows is kept under the data directory, by a hash of all code and figures it follows from: a run that was
stopped goes on where it was.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from diagnostics.evaluation.histories import ONSET, Episodes
from diagnostics.evaluation.measuring import Shard, joined, load_shard, measure, measuring_hash, save_shard
from diagnostics.evaluation.saying import Said, load_said, save_said, say, saying_hash
from diagnostics.predictor import Predictor
from forecourt.pools import pool
from ingest.readings import FloatArray
from simulators.episodes import HEALTHY, FleetChunk, fleet
from simulators.scenario import scenario_hash, shipped

CARS_AT_ONCE = 23
TWIN_DAYS = 20
_APART = 1_000_000  # numbers of cars between two fleets
TWINS = 2 * _APART  # from a car with a fault to its sound twin

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Cars `0..cars` of one scenario and seed. `faults` are dealt out in turn; `offset` keeps numbers apart."""

    kind: str
    scenario: str
    seed: int
    cars: int
    days: int
    faults: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Task:
    """One shard: some cars of a fleet. `plain`: its plain statistics and residuals are wanted, too."""

    fleet: Fleet
    first: int
    count: int
    plain: bool

    @property
    def name(self) -> str:
        return f"{self.fleet.kind}-{self.first:05}-{self.count}{'-plain' if self.plain else ''}"


def fleets(seed: int, healthy: int, episodes: int, learning: int, control: int, days: int) -> list[Fleet]:
    """Give the fleets: healthy SIM-B, `episodes` of every fault, SIM-A for the ladder, sound twins of sick cars."""
    faults = tuple(shipped("sim_b").faults)
    return [
        Fleet("healthy", "sim_b", seed, healthy, days, HEALTHY, 0),
        Fleet("faulty", "sim_b", seed + 1, episodes * len(faults), days, faults, _APART),
        Fleet("learning", "sim_a", seed + 2, learning * 2 * len(faults), days, _half(faults), 2 * _APART),
        Fleet("twins", "sim_b", seed + 1, control, TWIN_DAYS, HEALTHY, _APART + TWINS),
    ]


def _half(faults: Sequence[str]) -> tuple[str, ...]:
    """Give every fault in turn with a healthy car between."""
    return tuple(name for fault in faults for name in (fault, ""))


def tasks(of: Fleet, plain_cars: int) -> list[Task]:
    """Cut a fleet into shards; those of its first `plain_cars` cars hold the plain statistics, too."""
    return [
        Task(of, first, min(CARS_AT_ONCE, of.cars - first), first < plain_cars)
        for first in range(0, of.cars, CARS_AT_ONCE)
    ]


def directory(data: Path, seed: int, days: int) -> Path:
    """Give where shards are kept: another scenario, generator or measuring code has another place."""
    said = "\n".join([scenario_hash("sim_a"), scenario_hash("sim_b"), measuring_hash(), str(seed), str(days)])
    return data / "evaluation" / hashlib.sha256(said.encode()).hexdigest()[:16]


def work(folder: Path, wanted: Sequence[Task], predictor: Path, processes: int, progress: Progress) -> None:
    """Make all shards that are not there yet, and what the predictor in that folder says of them."""
    missing = [task for task in wanted if not _said_path(folder, task, predictor).exists()]
    progress(len(wanted) - len(missing), len(wanted))
    if not missing:
        return
    with pool(processes) as workers:
        futures = [workers.submit(_make, folder, task, predictor) for task in missing]
        try:
            for done, future in enumerate(as_completed(futures), len(wanted) - len(missing) + 1):
                future.result()
                progress(done, len(wanted))
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise


def read(folder: Path, wanted: Sequence[Task], predictor: Path) -> Iterator[tuple[Shard, Said]]:
    """Read shards one by one; their measures are left behind."""
    for task in wanted:
        shard = load_shard(folder / f"{task.name}.npz")
        yield replace(shard, measured={}), load_said(_said_path(folder, task, predictor))


@cache
def _predictor(directory: Path) -> tuple[Predictor, str]:
    predictor = Predictor.load(directory)
    return predictor, saying_hash(predictor)


def _said_path(folder: Path, task: Task, predictor: Path) -> Path:
    return folder / f"{task.name}.said-{_predictor(predictor)[1]}.npz"


def _make(folder: Path, task: Task, predictor: Path) -> None:
    path = folder / f"{task.name}.npz"
    if path.exists():
        shard = load_shard(path)
    else:
        shard = _simulated(task)
        save_shard(path, shard)
    said = say(shard, _predictor(predictor)[0], residuals=task.plain)
    save_said(_said_path(folder, task, predictor), said)


def _simulated(task: Task) -> Shard:
    of, scenario = task.fleet, shipped(task.fleet.scenario)
    faults = tuple(shipped("sim_b").faults)
    shards = []
    for chunk in fleet(scenario, task.count, of.days, of.seed, task.first, faults=of.faults):
        measured = measure(
            chunk.block, chunk.car + of.offset, chunk.start_s, chunk.labels, faults, statistics=task.plain
        )
        shards.append(replace(measured, episodes=_episodes(chunk, faults, of.offset)))
    return joined(shards)


def _episodes(chunk: FleetChunk, faults: Sequence[str], offset: int) -> Episodes:
    """Give the faults that were asked for; one that followed from them is neither found nor missed."""
    told = [episode for episode in chunk.episodes if not episode.second and episode.onset >= 0]

    def times(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([getattr(episode, name) for episode in told], dtype=np.float64)

    return Episodes(
        np.array([episode.car + offset for episode in told], dtype=np.int64),
        np.array([faults.index(episode.fault) for episode in told], dtype=np.int64),
        times("onset_s"),
        np.array([_lasting_s(chunk, episode.car, chunk.labels[episode.fault]) for episode in told], dtype=np.float64),
        times("pending_s"), times("confirmed_s"), times("failure_s"),
    )  # fmt: skip


def _lasting_s(chunk: FleetChunk, car: int, severity: FloatArray) -> float:
    """Give the begin of the first trip since which a fault never was less; of one that went again, of its last."""
    trips = np.flatnonzero(chunk.car == car)
    ill = severity[trips] >= ONSET
    last = int(np.flatnonzero(ill)[-1])
    calm = np.flatnonzero(~ill[:last])
    return float(chunk.start_s[trips[calm[-1] + 1 if len(calm) else 0]])
