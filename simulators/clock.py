"""The severity clock (faults.md B8): which faults a car develops, when they begin, and how they grow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray
from simulators.scenario import Clock, Scenario

Days = NDArray[np.float64]
WORST = 1.5
ONSET, FAILURE = 0.05, 1.3  # severities at which an episode begins, and at which the car fails its driver
QUIET_DAYS = 25.0  # at least, before a fault that was asked for
_LENGTH_DAYS = (45.0, 200.0)
_UNDERWAY = 0.15  # share of the drawn faults that have begun before the first trip
_INTERMITTENT_DAYS = 12.0
_REPAIR_DAYS = (3.0, 14.0)  # after a failure
# What follows from what. The first two and the two of the 12 V system: B8; the others are engineering judgement.
CHAINS: Mapping[str, tuple[str, ...]] = {
    "misfire": ("catalyst",),
    "injector_leaking": ("catalyst",),
    "battery_12v": ("alternator", "starter"),
    "alternator": ("battery_12v",),
    "catalyst": ("exhaust_restriction",),
    "coolant_leak": ("water_pump",),
    "air_filter": ("air_flow_meter",),
}
_CHAIN_BEGINS = 0.4  # severity of the first fault from which the second grows


@dataclass(frozen=True, slots=True)
class Course:
    """A fault of one car by time: a power of the days since `begin`, or a step with `flashes` (days) before it."""

    fault: str
    begin: float
    length: float
    power: float
    level: float  # of a step; 0: gradual
    flashes: tuple[float, ...] = ()
    repaired: float = np.inf

    def severity(self, day: Days, chance: Days) -> FloatArray:
        """Give severities [trip] of trips at `day`; `chance` [trip] of 0..1 decides which trips a flash hits."""
        age = day - self.begin
        if not self.level:
            grown = np.clip(np.clip(age, 0, None) / self.length, 0, 10) ** self.power
        else:
            duty = 0.05 + 0.95 * np.clip(1 + age / _INTERMITTENT_DAYS, 0, 1)
            near = np.zeros(len(day), dtype=bool)
            for flash in self.flashes:
                near |= np.abs(day - flash) < 0.5
            grown = np.where(age >= 0, self.level, np.where(near & (chance < duty), 0.7 * self.level, 0))
        return np.where(day < self.repaired, np.clip(grown, 0, WORST), 0).astype(np.float32)

    def reaches(self, severity: float) -> float:
        """Give the day on which it is as severe as that, by its own growth."""
        if self.level:
            return self.begin if severity <= self.level else np.inf
        return float(self.begin + self.length * severity ** (1 / self.power))


def draw_courses(
    rng: np.random.Generator, scenario: Scenario, fault: str, days: float, *, asked: bool
) -> tuple[Course, ...]:
    """Draw how `fault` grows within `days`, and with it perhaps a second one along a chain; none for "".

    `asked`: the fault was asked for, so that it begins behind at least `QUIET_DAYS` and, where there is room, ends its
    growth within `days`. Otherwise it may have begun before, and is repaired some days after the failure.
    """
    if not fault:
        return ()
    first = _draw(rng, fault, scenario.faults[fault], days, asked=asked)
    known = [name for name in CHAINS.get(fault, ()) if name in scenario.faults]
    linked = sum(name in scenario.faults for name in CHAINS)
    chance = scenario.second_fault * len(scenario.faults) / max(linked, 1)
    if not known or rng.random() >= chance:
        return (first,)
    name = known[int(rng.integers(len(known)))]
    begin = first.reaches(_CHAIN_BEGINS) + float(rng.uniform(1, 10))
    second = _shifted(_draw(rng, name, scenario.faults[name], days, asked=asked), begin, first.repaired)
    return first, second


def _draw(rng: np.random.Generator, fault: str, clock: Clock, days: float, *, asked: bool) -> Course:
    power = float(rng.uniform(*clock.power))
    length = float(np.clip(rng.lognormal(np.log(clock.median_days), clock.sigma), *_LENGTH_DAYS))
    level = float(rng.uniform(0.8, 1.4)) if clock.sudden else 0.0
    quiet = QUIET_DAYS if asked else min(10.0, 0.25 * days)
    growth = length * ONSET ** (1 / power)
    earliest = quiet + (_INTERMITTENT_DAYS if clock.sudden else -growth)
    latest = days - 5 if clock.sudden else days - 1.15 * length
    if not asked:
        latest = max(latest, 0.75 * days)
    begin = float(rng.uniform(earliest, max(earliest + 1, latest)))
    if not asked and rng.random() < _UNDERWAY:
        begin = float(rng.uniform(-0.6 * length, 0))
    flashes = tuple(begin - rng.uniform(0.5, _INTERMITTENT_DAYS, int(rng.integers(0, 4)))) if level else ()
    course = Course(fault, begin, length, power, level, flashes)
    if asked:
        return course
    failed = course.reaches(FAILURE) if not level else begin + float(rng.uniform(5, 30))
    return Course(fault, begin, length, power, level, flashes, failed + float(rng.uniform(*_REPAIR_DAYS)))


def _shifted(course: Course, begin: float, repaired: float) -> Course:
    moved = tuple(flash - course.begin + begin for flash in course.flashes)
    return Course(course.fault, begin, 0.6 * course.length, course.power, course.level, moved, repaired)


def draw_fault(rng: np.random.Generator, scenario: Scenario, candidates: Sequence[str]) -> str:
    """Draw which of the `candidates`, the faults that the car can have, it develops; "" for none.

    The share of a fault that the car cannot have goes to nobody.
    """
    pick, total = rng.random(), 0.0
    for name, clock in scenario.faults.items():
        total += clock.share
        if pick < total:
            return name if name in candidates else ""
    return ""
