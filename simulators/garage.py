"""Cars that keep their character from trip to trip: drives of one seed, and a history with a growing fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray, TripColumns
from simulators.conditions import Conditions, Times, draw_conditions
from simulators.cycles import splice
from simulators.faults import AlternatorShape, Faults
from simulators.output import trip_of
from simulators.population import Cars, draw_cars
from simulators.sensors import draw_bus, read, tolerated
from simulators.vehicle import SIGNALS, simulate

_BETWEEN_H = (9.0, 15.0)  # about two trips a day
_SHORTEST_S = 60  # of a drive: less has no room for a start and a stop
_LONGEST_S: Mapping[str, int] = {"thermostat_stuck_open": 1800}  # trips of a history: an engine has to get warm
_UNDATED = datetime(2026, 3, 21, 4, tzinfo=UTC)  # when an undated history is driven: light and season need a date


@dataclass(frozen=True, slots=True)
class Character:
    """A car: all follows from `seed`, save the `traits` given (names as in `population.PRIORS` and `SHARES`).

    `fault` is what the severities of its trips are of (`faults.SIMULATED`); `shape` is of an alternator alone.
    """

    seed: int
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE
    traits: Mapping[str, float] = field(default_factory=dict)
    fault: str = "alternator"

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

    `severity` [trip] is that of the character's fault; one character may drive several trips, given in order of time.
    """
    cars = _cars(characters)
    rng = np.random.default_rng([seed, 1])
    conditions = draw_conditions(rng, cars, start, longest_s, _numbers(characters))
    conditions = replace(
        conditions,
        duration_s=np.clip(conditions.duration_s, shortest_s, longest_s),
        key_on_s=np.minimum(conditions.key_on_s, 8),
    )
    true = _drive(characters, cars, severity, conditions, rng)
    # A car keeps its dongle: its way of asking is drawn from the car's own seed, one column per trip.
    dongles = [draw_bus(np.random.default_rng([it.seed, 2]), SIGNALS, 1, 1) for it in characters]
    return read(true, cars, dongles[0].joined(dongles[1:]).watchful(), rng)


def drive(character: Character, severity: float, start: datetime, seconds: int, seed: int) -> TripColumns:
    """Give what the control unit itself knows of a drive, each second, before any dongle asks: sensors, no gaps.

    The drive begins with the key at `start` (aware UTC) and lasts `seconds`, 60 or more; values are not yet rounded
    to what a PID can carry. A signal that this car does not measure is left out.
    """
    if seconds < _SHORTEST_S:
        raise ValueError(f"a drive lasts {_SHORTEST_S} s or more, not {seconds}")
    cars, rng = _cars([character]), np.random.default_rng([seed, 1])
    when = np.array([start.astimezone(UTC).replace(tzinfo=None)], dtype="datetime64[s]")
    conditions = draw_conditions(rng, cars, when)
    conditions = replace(
        conditions,
        duration_s=np.array([seconds], dtype=np.int64),
        key_on_s=np.minimum(conditions.key_on_s, 8),
    )
    true = _drive([character], cars, np.array([severity], dtype=np.float32), conditions, rng)
    seen = {name: tolerated(name, true.signal(name), cars)[:, 0] for name in true.signals}
    known = {name: values.astype(np.float32) for name, values in seen.items() if not np.isnan(values).all()}
    return TripColumns("", f"sim-{character.seed}-{seed}", start, np.arange(seconds, dtype=np.float64), known)


def _cars(characters: Sequence[Character]) -> Cars:
    drawn = [character.cars().values for character in characters]
    return Cars({name: np.concatenate([values[name] for values in drawn]) for name in drawn[0]})


def _numbers(characters: Sequence[Character]) -> NDArray[np.int64]:
    """Give [trip] which car drives it."""
    return np.unique([character.seed for character in characters], return_inverse=True)[1].astype(np.int64)


def _drive(
    characters: Sequence[Character], cars: Cars, severity: FloatArray, conditions: Conditions, rng: np.random.Generator
) -> Block:
    over = np.array([character.shape is AlternatorShape.OVERVOLTAGE for character in characters])
    faults = Faults.of([it.fault for it in characters], severity, over)
    speed = splice(rng, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s)
    return simulate(cars, speed, conditions, faults, rng)


def growing(trips: int, faulty: int) -> FloatArray:
    """Give severities [trip]: 0, then rising in equal steps to 1 over the last `faulty` trips."""
    return np.clip((np.arange(trips) - (trips - faulty) + 1) / max(faulty, 1), 0, 1).astype(np.float32)


def history(
    seed: int, trips: int, severity: Sequence[float] | NDArray[np.floating] | None = None, *,
    until: datetime | None = None, vehicle: str = "simulated", longest_s: int | None = None,
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE, traits: Mapping[str, float] | None = None,
    fault: str = "alternator",
) -> list[TripColumns]:  # fmt: skip
    """Give a car's last trips in order, about two a day, each with a boot of its own; the same seed, the same trips.

    `severity` [trip]: that of `fault` (default: 0, then growing to 1 over the later half). The last trip ends before
    `until` (aware UTC); without it the trips are undated. Trips last seven minutes or more, and up to `longest_s`:
    by default twenty minutes, with a thermostat half an hour.
    """
    longest_s = _LONGEST_S.get(fault, 1200) if longest_s is None else longest_s
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
    characters = [Character(seed, shape, traits or {}, fault)] * trips
    block = record(characters, grades, when, min(420, longest_s), longest_s, seed)
    return [
        trip_of(block, index, rng, vehicle, f"sim-{seed}-{index + 1}", starts[index] if until else None)
        for index in range(trips)
    ]
