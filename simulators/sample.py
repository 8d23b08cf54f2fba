"""Labelled trips in any number, chunk by chunk: what `forecourt train` learns from."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray
from simulators.conditions import LONGEST_S, calendar, draw_conditions
from simulators.cycles import splice
from simulators.faults import SIMULATED
from simulators.injection import SHARES, draw_history
from simulators.population import draw_cars
from simulators.sensors import draw_bus, fitted, read
from simulators.vehicle import SIGNALS, simulate

_CHUNK_TRIPS = 768  # some 300 MB while a chunk is made
FIRST = np.datetime64("2025-01-01T00:00:00", "s")


class Sample(NamedTuple):
    """Whole cars, trip after trip in order of time.

    `block`: what their dongles read, 1 s steps. `labels`: fault name -> severity [trip], 0 healthy .. 1.5; a fault
    that is absent everywhere still has its row. `groups` [trip]: the car's number, unique over all samples of a call.
    """

    block: Block
    labels: Mapping[str, FloatArray]
    groups: NDArray[np.int64]

    @property
    def faults(self) -> NDArray[np.str_]:
        """Give the name of the most severe fault per trip; empty where the trip is healthy."""
        names = np.array(["", *self.labels])
        severities = np.stack([np.full(len(self.groups), 1e-6, dtype=np.float32), *self.labels.values()])
        worst: NDArray[np.str_] = names[severities.argmax(axis=0)]
        return worst


def sample_trips(
    seed: int, cars: int, trips_per_car: int, shares: Mapping[str, float] = SHARES, gap_days: float = 6.0,
    longest_s: int = LONGEST_S,
) -> Iterator[Sample]:  # fmt: skip
    """Give `cars` x `trips_per_car` trips in chunks of some hundred trips; the same seed gives the same bytes.

    `shares`: fault name -> share of the cars that develop it; `{}` gives healthy cars only. Memory stays that of one
    chunk.
    """
    if unknown := sorted(set(shares) - set(SIMULATED)):
        raise ValueError(f"not simulated: {', '.join(unknown)}")
    at_once = max(1, _CHUNK_TRIPS // trips_per_car)
    for first in range(0, cars, at_once):
        rng = np.random.default_rng([seed, first])
        yield _chunk(rng, first, min(at_once, cars - first), trips_per_car, shares, gap_days, longest_s)


def _chunk(
    rng: np.random.Generator, first: int, cars: int, trips: int, shares: Mapping[str, float], gap_days: float,
    longest_s: int,
) -> Sample:  # fmt: skip
    each = np.repeat(np.arange(cars), trips)
    population = draw_cars(rng, cars).take(each)
    start = calendar(rng, cars, trips, FIRST, gap_days).ravel()
    conditions = draw_conditions(rng, population, start, longest_s, each)
    history = draw_history(rng, cars, trips, shares)
    speed = splice(rng, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s)
    true = simulate(population, speed, conditions, history.faults(), rng)
    bus = fitted(draw_bus(rng, SIGNALS, cars, trips), population)
    block = read(true, population, bus, rng)
    labels = {name: severity.ravel() for name, severity in history.severity.items()}
    return Sample(block, labels, first + each)
