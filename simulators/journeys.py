"""The trips of one car over weeks: when it is driven, for how long, and what it carries from trip to trip."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray
from simulators.conditions import LOCAL_S, SHORTEST_S, Conditions, Times, draw_conditions
from simulators.population import Cars
from simulators.scenario import Driving
from simulators.tank import draw_tank

DAY_S = 86_400.0
_PEAKS_H, _PEAK_SHARES = (7.5, 12.5, 18.0, 21.0), (0.3, 0.2, 0.35, 0.15)
_LEGS, _LEG_SHARES = (1, 2, 3, 4), (0.2, 0.55, 0.15, 0.1)  # trips of an outing, short parking between them
_LEGS_MEAN = 2.15
_MEAN_KMH = 28.0
_SHORTEST_STOP_S = 120.0
_WARM_S = 420.0  # time constant of warming up
_COOL_H = 4.0  # of cooling down (B5)
_TANK_KM = 650.0


@dataclass(frozen=True, slots=True)
class Journeys:
    """All [trip], in order of time: begin in seconds from `first`, and length in s."""

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start_s)


def draw_journeys(rng: np.random.Generator, driving: Driving, days: int) -> Journeys:
    """Draw the trips of one car in `days` days from a midnight of its place."""
    own = float(np.exp(rng.normal(-0.03, 0.25)))
    outings = rng.poisson(own * driving.trips_a_day / _LEGS_MEAN, days)
    day = np.repeat(np.arange(days), outings)
    hour = rng.choice(_PEAKS_H, p=_PEAK_SHARES, size=len(day)) + rng.normal(0, 1.2, len(day))
    legs = rng.choice(_LEGS, p=_LEG_SHARES, size=len(day))
    count = int(legs.sum())
    # Median 7 km, sigma 0.9 (B1), at some 28 km/h; what is longer is seen as its first half hour.
    usual = driving.median_km / _MEAN_KMH * 3600
    seconds = np.clip(rng.lognormal(np.log(usual), driving.sigma_km, count), SHORTEST_S, driving.longest_s)
    parked = np.clip(rng.lognormal(np.log(1500), 1.1, count), _SHORTEST_STOP_S, 5 * 3600)
    begins = np.repeat(day * DAY_S + hour * 3600, legs)
    first = np.repeat(np.cumsum(legs) - legs, legs)
    passed = np.concatenate([[0], np.cumsum(seconds + parked)])[:count]
    start = begins + passed - passed[first] if count else begins
    order = np.argsort(start, kind="stable")
    start, seconds = np.clip(start[order], 0, days * DAY_S), seconds[order]
    for trip in range(1, count):
        start[trip] = max(start[trip], start[trip - 1] + seconds[trip - 1] + _SHORTEST_STOP_S)
    return Journeys(np.floor(start), seconds.astype(np.int64))


def travel(
    rng: np.random.Generator, cars: Cars, journeys: Journeys, first: np.datetime64, longest_s: int
) -> Conditions:
    """Draw the circumstances of one car's trips, which begin at `first` (a midnight of its place, in UTC).

    What the next trip finds follows from the one before: the parking, which is short for an engine that had not become
    warm; weather that lasts for days; the charge of the battery. `cars` has one row per trip.
    """
    start: Times = first + journeys.start_s.astype("timedelta64[s]")
    conditions = draw_conditions(rng, cars, start, longest_s, np.zeros(len(journeys), dtype=np.int64))
    later = rng.spawn(1)[0]
    gap_h = _gaps(later, journeys)
    wet = later.random(int(journeys.start_s.max(initial=0) // DAY_S) + 2) < 0.2
    day = (journeys.start_s // DAY_S).astype(np.int64)
    return replace(
        conditions,
        ambient=_ambient(later, cars, start, day),
        wet=(wet[day] & (later.random(len(day)) < 0.7)).astype(np.float32),
        soak_h=_soak(gap_h, journeys.duration_s),
        charge=_charge(later, cars["battery_charge"], gap_h, journeys.duration_s),
        duration_s=journeys.duration_s,
    )


def _gaps(rng: np.random.Generator, journeys: Journeys) -> NDArray[np.float64]:
    ends = journeys.start_s + journeys.duration_s
    before = np.concatenate([[journeys.start_s[0] - rng.uniform(6, 16) * 3600], ends[:-1]])
    gaps: NDArray[np.float64] = (journeys.start_s - before) / 3600
    return gaps


def _soak(gap_h: NDArray[np.float64], duration_s: NDArray[np.int64]) -> FloatArray:
    """Give hours since the engine was warm, as if it had cooled from there: a short trip leaves it half cold."""
    soak = np.empty(len(gap_h))
    cold = 0.0  # hours that the engine was behind a warm one when it was parked
    for trip, gap in enumerate(gap_h):
        soak[trip] = gap + cold
        warmth = np.exp(-soak[trip] / _COOL_H)
        reached = 1 - (1 - warmth) * np.exp(-duration_s[trip] / _WARM_S)
        cold = -_COOL_H * np.log(max(reached, 1e-3))
    return np.clip(soak, 0.02, 400).astype(np.float32)


def _ambient(rng: np.random.Generator, cars: Cars, start: Times, day: NDArray[np.int64]) -> FloatArray:
    local = start + np.timedelta64(LOCAL_S, "s")
    hour = (local - local.astype("datetime64[D]")).astype(np.int64) / 3600
    of_year = (local.astype("datetime64[D]") - local.astype("datetime64[Y]")).astype(np.int64)
    season = -np.cos(2 * np.pi * (of_year - 20) / 365)
    fresh = rng.normal(0, 2.2, int(day.max(initial=0)) + 1)
    spell = np.empty_like(fresh)
    last = 0.0
    for number, change in enumerate(fresh):
        last = spell[number] = 0.75 * last + change
    usual = cars["climate_mean"] + cars["climate_swing"] * season + 4 * np.cos(2 * np.pi * (hour - 15) / 24)
    ambient: FloatArray = np.clip(usual + spell[day] + rng.normal(0, 0.7, len(day)), -25, 43).astype(np.float32)
    return ambient


def _charge(
    rng: np.random.Generator, usual: FloatArray, gap_h: NDArray[np.float64], duration_s: NDArray[np.int64]
) -> FloatArray:
    """Give the state of charge at each start: parking takes from it, a drive brings it back to the car's usual one."""
    charge = np.empty(len(gap_h))
    short = 0.0
    for trip, gap in enumerate(gap_h):
        short = 0.9 * short + 0.0004 * gap + 0.004 * rng.normal()
        charge[trip] = usual[trip] - short
        short *= np.exp(-duration_s[trip] / 3600)
    return np.clip(charge, 0.4, 1).astype(np.float32)


def fuelled(rng: np.random.Generator, conditions: Conditions, km: NDArray[np.float64]) -> Conditions:
    """Give the conditions with what is in the tank before trips of `km`: it is filled again somewhere under a third."""
    level, empty = float(rng.uniform(20, 98)), float(rng.uniform(8, 35))
    levels, filled = np.empty(len(km)), np.zeros(len(km), dtype=bool)
    for trip, distance in enumerate(km):
        if level < empty:
            level, empty, filled[trip] = float(rng.uniform(60, 98)), float(rng.uniform(8, 35)), True
        levels[trip] = level
        level -= 100 * distance / _TANK_KM
    tank = draw_tank(rng, np.zeros(len(km), dtype=np.int64), filled)
    return replace(conditions, fuel_level=levels.astype(np.float32), tank=tank)
