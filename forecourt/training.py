"""Training the shipped predictor: simulated cars of scenario SIM-A in, predictor files out; a run cut short goes on."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simulators
from diagnostics.modes import MODES
from diagnostics.sources import MEASURING, source_hash
from diagnostics.training.dataset import COPY, TripTable, collect_trips
from diagnostics.training.train import train_table
from forecourt.pools import pool
from simulators.archetypes import archetypes
from simulators.episodes import HEALTHY, fleet
from simulators.scenario import scenario_hash, shipped
from simulators.short_histories import short_histories

SCENARIO = "sim_a"
CARS = 80  # of every fault
HEALTHY_CARS = 720
DAYS = 110
AT_ONCE = 23  # cars of a shard
_HEALTHY_FROM, _SHORT_FROM = 1_000_000, 2_000_000  # numbers of cars without a fault, of those of short histories
_SHORT_DAYS, _HISTORIES = 20, 4  # that such a car is driven, and short histories of it, each with another fault
_PER_FAULT = 0.6  # short histories of a fault, for each car with it
_PROCESSES = 2
# What puts faults into short histories.
_INJECTING = ("injections/*.py", "recorded.py", "recorded_heat.py", "short_histories.py", "trimming.py")


@dataclass(frozen=True, slots=True)
class _Shard:
    """Cars `first` to `first + cars` of the training fleet, over so many days."""

    seed: int
    first: int
    cars: int
    days: int

    @property
    def path(self) -> str:
        return f"{self.seed}-{self.days}-{self.first}-{self.cars}.npz"


def train_shipped(
    seed: int, directory: Path, tell: Callable[[str], None], cache: Path, cars: int = CARS, days: int = DAYS
) -> dict[str, Any]:
    """Simulate the fleet of `seed`, train on it, write the predictor into `directory`, and give the report.

    `cars` of each fault, and six times as many without. What is measured of them is kept below `cache`, so that a run
    that was cut short simulates nothing twice; old shards of other code or another scenario are left alone.
    """
    table = simulated(seed, tell, cache, cars, days)
    tell("training")
    return train_table(table, seed, directory, tell=tell, kinds=kinds(seed, cars, days))


def kinds(seed: int, cars: int, days: int) -> dict[int, str]:
    """Give the archetype of every car of the training fleet by its number."""
    return {
        number: kind
        for shard in _shards(seed, cars, days)
        for number, kind in archetypes(
            shipped(SCENARIO), shard.cars, shard.seed, shard.first, faults=_asked(shard)
        ).items()
    }


def simulated(seed: int, tell: Callable[[str], None], cache: Path, cars: int = CARS, days: int = DAYS) -> TripTable:
    """Give the table of the training fleet, measured by two processes shard by shard."""
    shards = list(_shards(seed, cars, days))
    kept = cache / _version()
    kept.mkdir(parents=True, exist_ok=True)
    missing = [shard for shard in shards if not (kept / shard.path).exists()]
    with pool(_PROCESSES) as workers:
        running = {workers.submit(_measure, shard, kept): shard for shard in missing}
        for count, done in enumerate(as_completed(running), len(shards) - len(missing) + 1):
            done.result()
            tell(f"simulated {count} of {len(shards)} shards of {AT_ONCE} cars")
    return TripTable.joined([TripTable.load(kept / shard.path) for shard in shards])


def _shards(seed: int, cars: int, days: int) -> Iterator[_Shard]:
    sick = cars * len(shipped(SCENARIO).faults)
    well, short = cars * HEALTHY_CARS // CARS, int(sick * _PER_FAULT / _HISTORIES)
    for first, count, long in ((0, sick, days), (_HEALTHY_FROM, well, days), (_SHORT_FROM, short, _SHORT_DAYS)):
        for offset in range(0, count, AT_ONCE):
            yield _Shard(seed, first + offset, min(AT_ONCE, count - offset), long)


def _measure(shard: _Shard, directory: Path) -> None:
    scenario = shipped(SCENARIO)
    chunks = fleet(scenario, shard.cars, shard.days, shard.seed, shard.first, faults=_asked(shard))
    if shard.first < _SHORT_FROM:
        collect_trips(chunks, MODES).save(directory / shard.path)
        return
    histories = (
        history
        for chunk in chunks
        for history in short_histories(chunk, tuple(scenario.faults), _HISTORIES, shard.seed, COPY)
    )
    collect_trips(histories, MODES).save(directory / shard.path)


def _asked(shard: _Shard) -> tuple[str, ...]:
    """Give the faults that are dealt out in turn among the cars of a shard."""
    return HEALTHY if shard.first >= _HEALTHY_FROM else tuple(shipped(SCENARIO).faults)


def _version() -> str:
    """Give a hash of all that a shard's content follows from."""
    measuring = source_hash((*MEASURING, "training/dataset.py"))
    injecting = source_hash(_INJECTING, Path(simulators.__file__).parent)
    return hashlib.sha256(f"{scenario_hash(SCENARIO)} {measuring} {injecting}".encode()).hexdigest()[:16]
