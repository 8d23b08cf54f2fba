"""The circumstances of each trip: when, how warm, how long parked before, how dark and wet, how the key is turned."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray
from simulators.population import Cars
from simulators.tank import Tank, draw_tank

Times = NDArray[np.datetime64]
LOCAL_S = 8 * 3600  # the simulated cars live in China: light and temperature follow UTC+8
SHORTEST_S, LONGEST_S = 150, 1800


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that healthy cars meet: `share` of the cars within a year, from then on for `weeks` (B7).

    While it lasts, the field `name` of `Conditions` is drawn once per car between `low` and `high`; else it is 1.
    """

    name: str
    share: float
    low: float
    high: float
    weeks: tuple[float, float]


_FOR_GOOD = (520.0, 520.0)
EPISODES: Sequence[Episode] = (
    #        name            share  low   high
    Episode("drag_gain", 0.10, 1.20, 1.35, (1, 6)),  # roof box
    Episode("rolling_radius", 0.15, 0.975, 1.025, _FOR_GOOD),  # other tyres
    Episode("rolling_radius", 0.15, 0.985, 1.015, (16, 26)),  # winter tyres
    Episode("speed_gain", 0.04, 0.97, 1.03, _FOR_GOOD),  # the unit is told of another tyre
    Episode("charge_gain", 0.08, 0.70, 0.90, (1, 8)),  # something draws current while the car is parked
    Episode("flow_gain", 0.02, 0.94, 1.06, _FOR_GOOD),  # aftermarket intake
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """One value per trip. `key_on_s`: ignition on before the start; `key_off_s`: ignition still on after the stop."""

    start: Times
    ambient: FloatArray  # degC
    dark: FloatArray  # 1 or 0
    wet: FloatArray  # 1 or 0
    soak_h: FloatArray  # parked before the trip
    charge: FloatArray  # state of charge of the 12 V battery, 0..1
    fuel_level: FloatArray  # %
    refresh: FloatArray  # 1: a smart alternator runs its battery refresh on this trip
    heater: FloatArray  # how much of the usual heat the driver takes into the cabin
    climb: FloatArray  # km above the car's usual altitude
    payload: FloatArray  # kg
    wind: FloatArray  # m/s from ahead
    drift: FloatArray  # K/h of the air outside
    drag_gain: FloatArray  # this and the following: see `EPISODES`; of the drag area
    rolling_radius: FloatArray  # over that which the gears were made for: the engine turns the slower
    speed_gain: FloatArray  # of the speed that the unit shows
    flow_gain: FloatArray  # of the air flow that the meter shows
    charge_gain: FloatArray  # of the state of charge at the start
    tank: Tank
    key_on_s: NDArray[np.int64]
    key_off_s: NDArray[np.int64]
    duration_s: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def rows(self) -> NDArray[np.void]:
        """Give structured rows [trip], for compiled code: what is a number here and in the tank, by its name."""
        table = np.empty(len(self), dtype=TRIP)
        for name in TRIP.names or ():
            table[name] = getattr(self.tank if name in _TANK else self, name)
        return table


_TANK = tuple(field.name for field in fields(Tank))
_SECONDS = ("key_on_s", "key_off_s", "duration_s")
TRIP = np.dtype(
    [(field.name, np.float64) for field in fields(Conditions) if field.name not in ("start", "tank", *_SECONDS)]
    + [(name, np.float64) for name in _TANK]
    + [(name, np.int64) for name in _SECONDS]
)


def calendar(rng: np.random.Generator, cars: int, trips: int, first: np.datetime64, gap_days: float) -> Times:
    """Give start times [car, trip], ascending: hours of the day as people drive, `gap_days` apart on average.

    The first trips of the cars fall anywhere in the year after `first`.
    """
    day = rng.integers(0, 365, size=(cars, 1)) + np.cumsum(rng.exponential(gap_days, size=(cars, trips)), axis=1)
    peak = rng.choice(np.array([7.5, 12.5, 18.0, 21.0]), p=[0.3, 0.2, 0.35, 0.15], size=(cars, trips))
    local = np.floor(day) * 86400 + (peak + rng.normal(0, 1.2, size=(cars, trips))) * 3600
    return np.sort(first.astype("datetime64[s]") + (local - LOCAL_S).astype("timedelta64[s]"), axis=1)


def draw_conditions(
    rng: np.random.Generator, cars: Cars, start: Times, longest_s: int = LONGEST_S,
    car: NDArray[np.int64] | None = None,
) -> Conditions:  # fmt: skip
    """Draw the circumstances of trips that begin at `start`; `cars` has one row per trip.

    `car` [trip] tells which trips are of one car, in order of time: its tank is carried on. Default: all different.
    """
    if longest_s < SHORTEST_S:
        raise ValueError(f"no trip is shorter than {SHORTEST_S} s, so that none can be cut to {longest_s} s")
    count = len(cars)
    each = np.arange(count) if car is None else car
    later = rng.spawn(1)[0]  # what was added later draws from a stream of its own: the rest stays as it was
    local = start + np.timedelta64(LOCAL_S, "s")
    hour = (local - local.astype("datetime64[D]")).astype(np.int64) / 3600
    day = (local.astype("datetime64[D]") - local.astype("datetime64[Y]")).astype(np.int64)
    season = -np.cos(2 * np.pi * (day - 20) / 365)
    ambient = (
        cars["climate_mean"]
        + cars["climate_swing"] * season
        + 4 * np.cos(2 * np.pi * (hour - 15) / 24)
        + rng.normal(0, 3, count)
    )
    sunset = 18.3 + 0.9 * season
    dark = ((hour > sunset) | (hour < 24.6 - sunset)) | (rng.random(count) < 0.08)
    cold_start = rng.random(count) < 0.35
    soak = np.where(cold_start, rng.uniform(6, 16, count), np.clip(rng.lognormal(-0.3, 1.0, count), 0.05, 6))
    # Median 7 km, sigma 0.9 (B1), at some 28 km/h; what is longer is seen as its first half hour.
    seconds = np.clip(rng.lognormal(np.log(7 / 28 * 3600), 0.9, count), SHORTEST_S, longest_s)
    long_wait = rng.random(count) < 0.06
    key_on = np.where(long_wait, rng.uniform(20, 120, count), rng.uniform(1, 8, count))
    return Conditions(
        start=start,
        ambient=np.clip(ambient, -25, 43).astype(np.float32),
        dark=dark.astype(np.float32),
        wet=(rng.random(count) < 0.15).astype(np.float32),
        soak_h=soak.astype(np.float32),
        charge=np.clip(cars["battery_charge"] + rng.normal(0, 0.04, count), 0.4, 1.0).astype(np.float32),
        fuel_level=rng.uniform(8, 98, count).astype(np.float32),
        refresh=(rng.random(count) < 0.1).astype(np.float32),
        heater=later.uniform(0.2, 1.3, count).astype(np.float32),
        climb=np.where(later.random(count) < 0.08, later.uniform(0.2, 1.2, count), 0).astype(np.float32),
        tank=draw_tank(later, each),
        payload=np.where(
            later.random(count) < 0.1, later.uniform(100, 450, count), later.uniform(0, 160, count)
        ).astype(np.float32),
        wind=later.normal(0, 2.5, count).astype(np.float32),
        drift=later.normal(0, 1.5, count).astype(np.float32),
        **_episodes(later, start, each),
        key_on_s=key_on.astype(np.int64),
        key_off_s=rng.integers(0, 12, count),
        duration_s=seconds.astype(np.int64),
    )


def _episodes(rng: np.random.Generator, start: Times, car: NDArray[np.int64]) -> dict[str, FloatArray]:
    """Draw what each car meets in its year, and give what is in force on its trips."""
    found = {episode.name: np.ones(len(car)) for episode in EPISODES}
    numbers, each = np.unique(car, return_inverse=True)
    since = np.full(len(numbers), np.datetime64("9999-01-01T00:00:00", "s"))
    np.minimum.at(since, each, start)
    week = (start - since[each]).astype(np.int64) / (7 * 86400)
    for episode in EPISODES:
        # Half of them begin before the first trip is seen.
        begins = np.where(rng.random(len(numbers)) < episode.share, rng.uniform(-26, 26, len(numbers)), np.inf)
        lasts, size = rng.uniform(*episode.weeks, len(numbers)), rng.uniform(episode.low, episode.high, len(numbers))
        in_force = (week >= begins[each]) & (week < (begins + lasts)[each])
        found[episode.name] *= np.where(in_force, size[each], 1)
    return {name: values.astype(np.float32) for name, values in found.items()}
