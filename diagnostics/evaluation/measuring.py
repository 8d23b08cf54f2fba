"""What a shard of a simulated fleet shows: measured once, kept in a file, so that a run that was stopped goes on."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.compiled import compiled
from diagnostics.evaluation.histories import BoolArray, Episodes, IntArray
from diagnostics.features import trip_features
from diagnostics.modes import Measured
from diagnostics.sources import MEASURING, source_hash
from ingest.readings import Block, FloatArray, TimeArray

STATISTICS = ("mean", "deviation", "lowest", "highest")


@dataclass(frozen=True, slots=True)
class Shard:
    """Whole cars, trip after trip, `[trip, ...]`; tables `[trip, fault]` are in the order of `faults`.

    `measured` is by mode, `statistics[trip, signal x 4]` the plain ones of every signal, without columns where they
    were not asked for.
    """

    faults: tuple[str, ...]
    car: IntArray
    begin_s: TimeArray
    end_s: TimeArray
    hours: FloatArray
    severity: FloatArray
    stopped: BoolArray
    observable: BoolArray
    measured: Mapping[str, Measured]
    statistics: FloatArray
    episodes: Episodes


def measuring_hash() -> str:
    """Give a hash over the source of all that measures trips: other code makes other shards."""
    return source_hash((*MEASURING, "evaluation/measuring.py"))


def measure(
    block: Block, car: IntArray, begin_s: TimeArray, labels: Mapping[str, FloatArray], faults: Sequence[str],
    *, statistics: bool,
) -> Shard:  # fmt: skip
    """Measure the trips of a block by all modes; the shard has no episodes yet."""
    features, trips = trip_features(block), len(car)
    stopped = np.zeros((trips, len(faults)), dtype=np.bool_)
    for fault, stop in features.stops.items():
        if fault in faults:
            stopped[:, faults.index(fault)] = ~np.isnan(stop.at_s)
    nothing = np.zeros(trips, dtype=np.float32)
    severity = np.stack([labels.get(fault, nothing) for fault in faults], axis=1).astype(np.float32)
    empty = np.zeros((trips, 0), dtype=np.float32)
    no_times, no_rows = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Shard(
        tuple(faults), car, begin_s, begin_s + block.lengths * block.step_s,
        (features.running_s / 3600).astype(np.float32), severity, stopped,
        np.stack([features.shown[fault] for fault in faults], axis=1), features.measured,
        plain_statistics(block) if statistics else empty,
        Episodes(no_rows, no_rows, no_times, no_times, no_times, no_times, no_times),
    )  # fmt: skip


def plain_statistics(block: Block) -> FloatArray:
    """Give `[trip, signal x statistic]` of everything that was read, as one would without any physics."""
    made = np.full((len(block.lengths), len(block.signals), len(STATISTICS)), np.nan, dtype=np.float32)
    _statistics(block.values, made)
    return made.reshape(len(made), -1)


@compiled
def _statistics(values: FloatArray, made: FloatArray) -> None:
    signals, steps, trips = values.shape
    for signal in range(signals):
        for trip in range(trips):
            count, total, square, low, high = 0, 0.0, 0.0, np.inf, -np.inf
            for step in range(steps):
                value = values[signal, step, trip]
                if not np.isnan(value):
                    count += 1
                    total += value
                    square += value * value
                    low, high = min(low, value), max(high, value)
            if count > 0:
                mean = total / count
                made[trip, signal, 0], made[trip, signal, 2], made[trip, signal, 3] = mean, low, high
                made[trip, signal, 1] = np.sqrt(max(square / count - mean * mean, 0.0))


def joined(shards: Sequence[Shard]) -> Shard:
    """Put shards of different cars behind one another."""

    def together(name: str) -> Any:
        return np.concatenate([getattr(shard, name) for shard in shards])

    first = shards[0]
    arrays = ("car", "begin_s", "end_s", "hours", "severity", "stopped", "observable", "statistics")
    measured = {
        fault: Measured(
            np.concatenate([shard.measured[fault].values for shard in shards]),
            np.concatenate([shard.measured[fault].observed_s for shard in shards]),
        )
        for fault in first.measured
    }
    episodes = Episodes(
        *(np.concatenate([getattr(shard.episodes, name) for shard in shards]) for name in Episodes.__slots__)
    )
    return Shard(faults=first.faults, measured=measured, episodes=episodes, **{name: together(name) for name in arrays})


def save(path: Path, **arrays: Any) -> None:
    """Write arrays to a file that is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.replace(path)


def save_shard(path: Path, shard: Shard) -> None:
    """Keep a shard."""
    arrays = {name: getattr(shard, name) for name in Shard.__slots__ if name not in {"faults", "measured", "episodes"}}
    for fault, measured in shard.measured.items():
        arrays |= {f"values/{fault}": measured.values, f"observed/{fault}": measured.observed_s}
    arrays |= {f"episodes/{name}": getattr(shard.episodes, name) for name in Episodes.__slots__}
    save(path, faults=np.array(shard.faults), **arrays)


def load_shard(path: Path) -> Shard:
    """Read a shard that was kept."""
    with np.load(path) as file:
        plain = {name: file[name] for name in Shard.__slots__ if name in file.files and name != "faults"}
        measured = {
            name.removeprefix("values/"): Measured(file[name], file[f"observed/{name.removeprefix('values/')}"])
            for name in file.files
            if name.startswith("values/")
        }
        episodes = Episodes(*(file[f"episodes/{name}"] for name in Episodes.__slots__))
        return Shard(tuple(file["faults"].tolist()), measured=measured, episodes=episodes, **plain)
