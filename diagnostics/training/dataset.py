"""The training set: every labelled trip measured once by all modes, kept in shards that a later run takes up again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diagnostics.features import trip_features
from diagnostics.modes import FaultMode, Measured
from ingest.readings import Block, FloatArray, TimeArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FAULTY_FROM, HEALTHY_TO = 0.25, 0.05  # severities between are neither: nobody could tell, and nobody need
COPY = 10**9  # a car's number and some times this much: a short history of the same car
_SHORT, _HEALTHY_FIRST = (8, 25), (3, 8)  # trips of a short copy, and of them before the fault
_APART_S = 8 * 3600.0
_EPISODE = ("onset_s", "pending_s", "confirmed_s", "failure_s")


class Episode(Protocol):
    """A fault of one car. Times are seconds of the calendar of `Chunk.start_s`, NaN for never."""

    @property
    def car(self) -> int: ...
    @property
    def fault(self) -> str: ...
    @property
    def onset_s(self) -> float: ...
    @property
    def pending_s(self) -> float: ...
    @property
    def confirmed_s(self) -> float: ...
    @property
    def failure_s(self) -> float: ...


class Chunk(Protocol):
    """Whole cars, trip after trip in order of time, as `simulators.episodes.fleet` gives them.

    `labels`: fault name -> severity [trip]; a fault without its row is absent.
    """

    @property
    def block(self) -> Block: ...
    @property
    def car(self) -> IntArray: ...
    @property
    def start_s(self) -> TimeArray: ...
    @property
    def labels(self) -> Mapping[str, FloatArray]: ...
    @property
    def episodes(self) -> Sequence[Episode]: ...


@dataclass(frozen=True, slots=True)
class EpisodeTable:
    """All `[episode]`; see `Episode`."""

    car: IntArray
    fault: NDArray[np.str_]
    onset_s: TimeArray
    pending_s: TimeArray
    confirmed_s: TimeArray
    failure_s: TimeArray

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> "EpisodeTable":
        times = (np.array([getattr(it, name) for it in episodes], dtype=np.float64) for name in _EPISODE)
        car = np.array([it.car for it in episodes], dtype=np.int64)
        return cls(car, np.array([it.fault for it in episodes], dtype=np.str_), *times)


@dataclass(frozen=True, slots=True)
class TripTable:
    """What every trip shows, `[trip, ...]`, car after car and in order of time, and what is true of it.

    `measured`, `severity` and `stopped` are by fault name; a trip without a fault's minimum signals has no observed
    seconds of it. `running_s` are the seconds with a running engine, `length_s` those from key-on to key-off.
    """

    car: IntArray
    start_s: TimeArray
    length_s: FloatArray
    running_s: FloatArray
    measured: Mapping[str, Measured]
    severity: Mapping[str, FloatArray]
    stopped: Mapping[str, BoolArray]
    episodes: EpisodeTable

    def __len__(self) -> int:
        return len(self.car)

    @property
    def edges(self) -> IntArray:
        """Give where each car begins, and the end: `[cars + 1]`."""
        return np.append(np.flatnonzero(np.diff(self.car, prepend=np.int64(-1))), len(self.car)).astype(np.int64)

    def rows(self, chosen: IntArray, car: IntArray, start_s: TimeArray) -> "TripTable":
        """Give these trips as those of other cars, begun at other times; without episodes."""
        return TripTable(
            car, start_s, self.length_s[chosen], self.running_s[chosen],
            {it: Measured(one.values[chosen], one.observed_s[chosen]) for it, one in self.measured.items()},
            {it: one[chosen] for it, one in self.severity.items()},
            {it: one[chosen] for it, one in self.stopped.items()},
            EpisodeTable.of([]),
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the table; a file of that name is there whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {
            "car": self.car, "start_s": self.start_s, "length_s": self.length_s, "running_s": self.running_s
        }  # fmt: skip
        for fault, one in self.measured.items():
            arrays |= {f"values/{fault}": one.values, f"observed_s/{fault}": one.observed_s}
            arrays |= {f"severity/{fault}": self.severity[fault], f"stopped/{fault}": self.stopped[fault]}
        arrays |= {f"episode/{name}": getattr(self.episodes, name) for name in ("car", "fault", *_EPISODE)}
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes no mapping
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> "TripTable":
        """Read a table that `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            faults = [name.removeprefix("values/") for name in file.files if name.startswith("values/")]
            return cls(
                file["car"], file["start_s"], file["length_s"], file["running_s"],
                {it: Measured(file[f"values/{it}"], file[f"observed_s/{it}"]) for it in faults},
                {it: file[f"severity/{it}"] for it in faults},
                {it: file[f"stopped/{it}"] for it in faults},
                EpisodeTable(*(file[f"episode/{name}"] for name in ("car", "fault", *_EPISODE))),
            )  # fmt: skip

    @classmethod
    def joined(cls, tables: Sequence["TripTable"]) -> "TripTable":
        """Put tables of different cars one behind the other, by their numbers; all were measured by the same modes."""

        def column(name: str) -> Any:
            return np.concatenate([getattr(table, name) for table in tables])

        def by_fault(name: str) -> dict[str, Any]:
            return {
                fault: np.concatenate([getattr(table, name)[fault] for table in tables]) for fault in tables[0].measured
            }

        def measured(fault: str) -> Measured:
            every = [table.measured[fault] for table in tables]
            return Measured(
                np.concatenate([it.values for it in every]), np.concatenate([it.observed_s for it in every])
            )

        whole = cls(
            column("car"), column("start_s"), column("length_s"), column("running_s"),
            {fault: measured(fault) for fault in tables[0].measured}, by_fault("severity"), by_fault("stopped"),
            EpisodeTable(
                *(np.concatenate([getattr(it.episodes, name) for it in tables]) for name in ("car", "fault", *_EPISODE))
            ),
        )  # fmt: skip
        if (np.diff(whole.car) >= 0).all():
            return whole
        order = np.argsort(whole.car, kind="stable")
        return replace(whole.rows(order, whole.car[order], whole.start_s[order]), episodes=whole.episodes)


def collect_trips(chunks: Iterable[Chunk], modes: Mapping[str, FaultMode]) -> TripTable:
    """Measure every trip by all modes. A chunk is dropped once it is measured."""
    return TripTable.joined([_measure(chunk, modes) for chunk in chunks])


def shortened(table: TripTable, seed: int) -> TripTable:
    """Give the table with a copy of each car of which only some trips are known, eight hours apart.

    A car whose history is weeks long knows its own normal well; one that was just connected, or of which somebody has
    kept a dozen files, does not. A copy of a car with a fault has some trips before it and some over all its growth,
    one of a sound car has any of its trips or those of one stretch.
    """
    rng = np.random.default_rng([seed, COPY])
    worst = np.max(list(table.severity.values()), axis=0)
    chosen: list[IntArray] = []
    for low, high in pairwise(table.edges):
        if table.car[low] >= COPY:
            continue
        trips = np.arange(low, high)
        sick = trips[worst[low:high] > HEALTHY_TO]
        well = trips[: sick[0] - low] if len(sick) else trips
        count, before = int(rng.integers(*_SHORT)), int(rng.integers(*_HEALTHY_FIRST))
        before = min(before if len(sick) else count, len(well))
        first = int(rng.integers(0, len(well) - before + 1))
        stretch = well[first : first + before]
        kept = stretch if rng.random() < 0.5 else np.sort(rng.choice(well, before, replace=False))
        if len(sick):
            over = np.sort(rng.choice(sick, min(count - before, len(sick)), replace=False))
            kept = np.concatenate([kept, over])
        chosen.append(kept)
    rows = np.concatenate(chosen)
    car = table.car[rows]
    place = np.arange(len(rows)) - np.searchsorted(car, car)
    copies = table.rows(
        rows, car + COPY, (place * (_APART_S + float(table.length_s.max(initial=0.0)))).astype(np.float64)
    )
    return TripTable.joined([table, copies])


def _measure(chunk: Chunk, modes: Mapping[str, FaultMode]) -> TripTable:
    features, absent = trip_features(chunk.block, modes), np.zeros(len(chunk.car), dtype=np.float32)
    return TripTable(
        chunk.car.astype(np.int64), chunk.start_s.astype(np.float64),
        (chunk.block.lengths * chunk.block.step_s).astype(np.float32), features.running_s, features.measured,
        {fault: chunk.labels.get(fault, absent) for fault in modes},
        {fault: ~np.isnan(features.stops[fault].at_s) for fault in modes},
        EpisodeTable.of(chunk.episodes),
    )  # fmt: skip
