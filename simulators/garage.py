"""Cars that keep their character from trip to trip: recorded drives of one seed, and a history with a growing fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray, TripColumns
from simulators.conditions import Times, draw_conditions
from simulators.cycles import splice
from simulators.faults import AlternatorShape, Faults
from simulators.output import trip_of
from simulators.population import Cars, draw_cars
from simulators.sensors import draw_bus, read
from simulators.vehicle import SIGNALS, simulate

_BETWEEN_H = (9.0, 15.0)  # about two trips a day
_UNDATED = datetime(2026, 3, 21, 4, tzinfo=UTC)  # when an undated history is driven: light and season need a date


@dataclass(frozen=True, slots=True)
class Character:
    """A car: all follows from `seed`, save the `traits` given (names as in `population.PRIORS` and `SHARES`)."""

    seed: int
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE
    traits: Mapping[str, float] = field(default_factory=dict)

    def cars(self) -> Cars:
        drawn = draw_cars(np.random.default_rng([self.seed, 0]), 1)
        if unknown := sorted(set(self.traits) - set(drawn.values)):
            raise ValueError(f"no car has a trait called {', '.join(unknown)}")
        given = {name: np.full(1, value, dtype=np.float32) for name, value in self.traits.items()}
        return Cars({**drawn.values, **given})


def record(
    characters: Sequence[Character], severity: FloatArray, start: Times, shortest_s: int, longest_s: int, seed: int
) -> Block:
    """Drive one trip per character and give what its dongle reads; each car has our own device.

    `severity` [trip] is that of the alternator; one character may drive several trips.
    """
    drawn = [character.cars().values for character in characters]
    cars = Cars({name: np.concatenate([values[name] for values in drawn]) for name in drawn[0]})
    rng = np.random.default_rng([seed, 1])
    conditions = draw_conditions(rng, cars, start, longest_s)
    conditions = replace(
        conditions,
        duration_s=np.clip(conditions.duration_s, shortest_s, longest_s),
        key_on_s=np.minimum(conditions.key_on_s, 8),
    )
    over = np.array([character.shape is AlternatorShape.OVERVOLTAGE for character in characters])
    faults = replace(
        Faults.healthy(len(cars)).with_alternator(severity, over),
        output_loss=np.full(len(cars), 0.3, dtype=np.float32),
        neglect=np.full(len(cars), 0.5, dtype=np.float32),
    )
    speed = splice(rng, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s)
    true = simulate(cars, speed, conditions, faults, rng)
    # A car keeps its dongle: its way of asking is drawn from the car's own seed, one column per trip.
    dongles = [draw_bus(np.random.default_rng([it.seed, 2]), SIGNALS, 1, 1) for it in characters]
    return read(true, cars, dongles[0].joined(dongles[1:]).watchful(), rng)


def growing(trips: int, faulty: int) -> FloatArray:
    """Give severities [trip]: 0, then rising in equal steps to 1 over the last `faulty` trips."""
    return np.clip((np.arange(trips) - (trips - faulty) + 1) / max(faulty, 1), 0, 1).astype(np.float32)


def history(
    seed: int, trips: int, severity: Sequence[float] | NDArray[np.floating] | None = None, *,
    until: datetime | None = None, vehicle: str = "simulated", longest_s: int = 1200,
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE, traits: Mapping[str, float] | None = None,
) -> list[TripColumns]:  # fmt: skip
    """Give a car's last trips in order, about two a day, each with a boot of its own; the same seed, the same trips.

    `severity` [trip]: that of the alternator (default: 0, then growing to 1 over the later half). The last trip
    ends before `until` (aware UTC); without it the trips are undated. Trips last seven minutes or more.
    """
    grades = growing(trips, trips // 2) if severity is None else np.asarray(severity, dtype=np.float32)
    if grades.shape != (trips,):
        raise ValueError(f"{trips} trips need as many severities, not {grades.shape}")
    if not trips:
        return []
    rng = np.random.default_rng([seed, 3])
    last = (until or _UNDATED) - timedelta(seconds=longest_s + float(rng.uniform(600, 5400)))
    hours = np.concatenate([[0], np.cumsum(rng.uniform(*_BETWEEN_H, trips - 1))])[::-1]
    starts = [(last - timedelta(hours=float(before))).replace(microsecond=0) for before in hours]
    when = np.array([start.astimezone(UTC).replace(tzinfo=None) for start in starts], dtype="datetime64[s]")
    characters = [Character(seed, shape, traits or {})] * trips
    block = record(characters, grades, when, min(420, longest_s), longest_s, seed)
    return [
        trip_of(block, index, rng, vehicle, f"sim-{seed}-{index + 1}", starts[index] if until else None)
        for index in range(trips)
    ]
