"""Fleets over weeks: whole cars with faults that grow, what their dongles read, their labels and trouble codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray
from ingest.vehicles import Fuel, VehicleConfig
from simulators.clock import FAILURE, ONSET, Course, draw_courses, draw_fault
from simulators.conditions import LOCAL_S, Conditions
from simulators.cycles import splice
from simulators.faults import SIMULATED, Faults
from simulators.journeys import DAY_S, Journeys, draw_journeys, fuelled, travel
from simulators.monitors import Code, Units, belongs, codes, draw_units, watch
from simulators.population import Cars
from simulators.scenario import Scenario
from simulators.sensors import Bus, draw_bus, fitted, read
from simulators.tank import Tank
from simulators.vehicle import SIGNALS, simulate

FIRST = np.datetime64("2025-01-01T00:00:00", "s")  # the trips of a car begin within the year after it
HEALTHY = ("",)  # `faults` of a fleet without any
_SLOTS = 1_500_000  # seconds of all trips of a chunk, with what pads them; some 600 MB while a chunk is made
_AFTER_CODE_DAYS = (3.0, 10.0)  # that a car with a fault that was asked for goes on
# What a car must have for the fault, or must not, by the names of `population.SHARES`.
_NEEDS: Mapping[str, str] = {"underboost": "turbocharged", "transmission_slip": "converter"}
_LACKS: Mapping[str, str] = {"air_flow_meter": "speed_density", "transmission_slip": "stepless_gear"}


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault of one car. Trips are columns of the chunk, times seconds since 1970 (UTC) of their starts.

    -1 and NaN stand for never. `onset`: the first trip of a severity of 0.05 or more; `pending`,
    `confirmed` (and lamp): of the first `code` that the fault table knows of this fault, "" when none came; `failure`:
    the first trip of 1.3 or more.
    """

    car: int
    fault: str
    second: bool  # it followed from another fault of the car
    code: str
    onset: int
    pending: int
    confirmed: int
    failure: int
    onset_s: float
    pending_s: float
    confirmed_s: float
    failure_s: float


class FleetChunk(NamedTuple):
    """Whole cars, trip after trip in order of time.

    `block`: what their dongles read, 1 s steps. `car` [trip]: the car's number; `start_s` [trip]: seconds since 1970
    (UTC). `labels`: fault name -> severity [trip]. `odometer_km` [trip] at the start is a label, never a feature.
    `config`: car -> what it is sold as. `episodes` and `codes` tell trips by their column here.
    """

    block: Block
    car: NDArray[np.int64]
    start_s: NDArray[np.float64]
    labels: Mapping[str, FloatArray]
    odometer_km: NDArray[np.float64]
    config: Mapping[int, VehicleConfig]
    episodes: tuple[Episode, ...]
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything about one car but its driving: all from its own stream."""

    number: int
    cars: Cars  # one row per trip
    journeys: Journeys
    conditions: Conditions
    courses: tuple[Course, ...]
    severity: FloatArray  # [fault, trip]
    shape: Mapping[str, FloatArray]
    speed: FloatArray  # [time, trip]
    bus: Bus
    units: Units
    begin_s: float
    odometer_km: NDArray[np.float64]
    cut_days: float


def fleet(
    scenario: Scenario, vehicles: int, days: int, seed: int, first: int = 0, *, faults: Sequence[str] | None = None
) -> Iterator[FleetChunk]:
    """Give cars `first` to `first + vehicles` of a fleet over `days` days, chunk by chunk of whole cars.

    A car and its trips follow from the scenario, the seed and its number alone; the noise of a chunk also from the car
    that it begins with. `faults`: None draws them by the scenario's shares;
    otherwise car n has the fault `faults[n % len(faults)]`, begun behind at least 25 healthy days, and its trips end
    some days after that fault's code was confirmed. "" is a healthy car: `HEALTHY`. Memory stays that of one chunk.
    """
    if unknown := sorted(set(faults or ()) - set(scenario.faults) - {""}):
        raise ValueError(f"{scenario.name} has no fault called {', '.join(unknown)}")
    plans: list[_Plan] = []
    for number in range(first, first + vehicles):
        asked = None if faults is None else faults[number % len(faults)]
        plans.append(_plan(scenario, seed, number, days, asked))
        if sum(plan.speed.shape[1] for plan in plans) * scenario.driving.longest_s >= _SLOTS:
            yield _chunk(scenario, seed, plans)
            plans = []
    if plans:
        yield _chunk(scenario, seed, plans)


def _plan(scenario: Scenario, seed: int, number: int, days: int, asked: str | None) -> _Plan:
    rng = np.random.default_rng([seed, number])
    # Streams of their own: what a fault draws leaves the car and its trips what they were.
    built, sick, driven, weather, watched = rng.spawn(5)
    journeys = draw_journeys(driven, scenario.driving, days)
    while not len(journeys):
        journeys = draw_journeys(driven, scenario.driving, days)
    car = scenario.draw_car(built)[1]
    while asked and asked not in _possible(car, scenario):
        car = scenario.draw_car(built)[1]
    fault = draw_fault(sick, scenario, _possible(car, scenario)) if asked is None else asked
    courses = draw_courses(sick, scenario, fault, days, asked=asked is not None)
    courses = tuple(course for course in courses if course.fault in _possible(car, scenario))

    trips = len(journeys)
    cars = car.take(np.zeros(trips, dtype=np.int64))
    midnight = FIRST + np.timedelta64(int(weather.integers(0, 365)) * int(DAY_S) - LOCAL_S, "s")
    conditions = travel(weather, cars, journeys, midnight, scenario.driving.longest_s)
    speed = splice(driven, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s, scenario.roads)
    km = np.nansum(speed, axis=0).astype(np.float64) / 3600
    severity = np.zeros((len(SIMULATED), trips), dtype=np.float32)
    for course in courses:
        grown = course.severity(journeys.start_s / DAY_S, sick.random(trips))
        severity[SIMULATED.index(course.fault)] = grown
    return _Plan(
        number, cars, journeys, fuelled(weather, conditions, km), courses, severity, scenario.draw_shape(built), speed,
        fitted(draw_bus(built, SIGNALS, 1, trips, scenario.bus), cars), draw_units(watched, car, trips),
        float(midnight.astype(np.int64)),
        float(built.uniform(3e3, 1.8e5)) + np.concatenate([[0.0], np.cumsum(km)[:-1]]),
        float(sick.uniform(*_AFTER_CODE_DAYS)) if asked else np.inf,
    )  # fmt: skip


def _possible(car: Cars, scenario: Scenario) -> list[str]:
    """Give the faults that such a car can have."""
    return [
        fault
        for fault in scenario.faults
        if (fault not in _NEEDS or car[_NEEDS[fault]][0] > 0) and (fault not in _LACKS or car[_LACKS[fault]][0] == 0)
    ]


def _chunk(scenario: Scenario, seed: int, plans: Sequence[_Plan]) -> FleetChunk:
    rng = np.random.default_rng([seed, plans[0].number, 1])
    counts = [len(plan.journeys) for plan in plans]
    car = np.repeat([plan.number for plan in plans], counts)
    start_s = np.concatenate([plan.begin_s + plan.journeys.start_s for plan in plans])
    cars = Cars({name: np.concatenate([plan.cars[name] for plan in plans]) for name in plans[0].cars.values})
    conditions = _joined([plan.conditions for plan in plans])
    severity = np.concatenate([plan.severity for plan in plans], axis=1)
    shape = {name: np.repeat(np.concatenate([plan.shape[name] for plan in plans]), counts) for name in plans[0].shape}
    truth, internals = simulate(
        cars, _beside([plan.speed for plan in plans]), conditions, Faults(severity, shape), rng, internals=True
    )
    units = plans[0].units.joined([plan.units for plan in plans[1:]])
    found = codes(watch(truth, internals, conditions, units), units.need, car)
    del internals
    bus = plans[0].bus.joined([plan.bus for plan in plans[1:]])
    kept = np.flatnonzero(start_s <= _ends(plans, found, severity, car, start_s))
    if len(kept) < len(car):
        truth, cars, bus, found = _trips(truth, kept), cars.take(kept), bus.take(kept), _moved(found, kept)
    labels = {name: severity[row, kept] for row, name in enumerate(SIMULATED)}
    return FleetChunk(
        read(truth, cars, bus, rng, scenario.bus), car[kept], start_s[kept], labels,
        np.concatenate([plan.odometer_km for plan in plans])[kept],
        {plan.number: _sold_as(plan.cars) for plan in plans},
        tuple(_episodes(plans, found, labels, car[kept], start_s[kept])), found,
    )  # fmt: skip


def _joined(conditions: Sequence[Conditions]) -> Conditions:
    def columns(kind: Any, every: Sequence[Any]) -> Any:
        values = {row.name: [getattr(it, row.name) for it in every] for row in fields(kind)}
        return kind(**{
            name: columns(Tank, parts) if name == "tank" else np.concatenate(parts) for name, parts in values.items()
        })  # fmt: skip

    joined: Conditions = columns(Conditions, conditions)
    return joined


def _beside(speeds: Sequence[FloatArray]) -> FloatArray:
    """Give [time, trip] of tables of different length, laid out trip by trip."""
    longest = max(len(speed) for speed in speeds)
    beside = np.full((sum(speed.shape[1] for speed in speeds), longest), np.nan, dtype=np.float32)
    at = 0
    for speed in speeds:
        beside[at : at + speed.shape[1], : len(speed)] = speed.T
        at += speed.shape[1]
    return beside.T


def _trips(block: Block, kept: NDArray[np.int64]) -> Block:
    lengths = block.lengths[kept]
    values = block.values.transpose(0, 2, 1)[:, kept, : lengths.max()]
    return Block(block.signals, block.step_s, values.transpose(0, 2, 1), lengths)


def _ends(
    plans: Sequence[_Plan], found: Sequence[Code], severity: FloatArray, car: NDArray[np.int64],
    start_s: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Give when the trips of each car end, [trip]: some days after the code of a fault that was asked for."""
    ends = np.full(len(car), np.inf)
    for plan in plans:
        if plan.courses and plan.cut_days < np.inf:
            own = severity[SIMULATED.index(plan.courses[0].fault)]
            code = _code_of(plan.courses[0].fault, plan.number, found, _first(own >= ONSET, car == plan.number))
            if code is not None and code.confirmed >= 0:
                ends[car == plan.number] = start_s[code.confirmed] + plan.cut_days * DAY_S
    return ends


def _moved(found: Sequence[Code], kept: NDArray[np.int64]) -> tuple[Code, ...]:
    """Give the codes by the columns that were kept; what came later never came."""
    column = {int(old): new for new, old in enumerate(kept)}
    moved = (
        replace(
            code,
            pending=column.get(code.pending, -1),
            confirmed=column.get(code.confirmed, -1),
            lamp_off=column.get(code.lamp_off, -1),
        )
        for code in found
    )
    return tuple(code for code in moved if code.pending >= 0)


def _first(reached: NDArray[np.bool_], own: NDArray[np.bool_]) -> int:
    columns = np.flatnonzero(reached & own)
    return int(columns[0]) if len(columns) else -1


def _code_of(fault: str, car: int, found: Sequence[Code], onset: int) -> Code | None:
    """Give the first confirmed code that may be of the fault, else the first pending one, from the onset on."""
    if onset < 0:
        return None
    own = [it for it in found if it.car == car and belongs(it.code, fault) and it.pending >= onset]
    return min(own, key=lambda it: (it.confirmed < 0, it.confirmed, it.pending), default=None)


def _episodes(
    plans: Sequence[_Plan], found: Sequence[Code], labels: Mapping[str, FloatArray], car: NDArray[np.int64],
    start_s: NDArray[np.float64],
) -> Iterator[Episode]:  # fmt: skip
    def when(column: int) -> float:
        return float(start_s[column]) if column >= 0 else np.nan

    for plan in plans:
        for place, course in enumerate(plan.courses):
            own, severity = car == plan.number, labels[course.fault]
            onset, failure = _first(severity >= ONSET, own), _first(severity >= FAILURE, own)
            code = _code_of(course.fault, plan.number, found, onset)
            pending, confirmed = (code.pending, code.confirmed) if code else (-1, -1)
            yield Episode(
                plan.number, course.fault, place > 0, code.code if code else "", onset, pending, confirmed, failure,
                when(onset), when(pending), when(confirmed), when(failure),
            )  # fmt: skip


def _sold_as(cars: Cars) -> VehicleConfig:
    automatic = "automatic" if cars["converter"][0] > 0 else "manual"
    return VehicleConfig(
        fuel=Fuel.PETROL,
        displacement_l=round(float(cars["displacement"][0]), 1),
        cylinders=int(cars["cylinders"][0]),
        aspiration="turbocharged" if cars["turbocharged"][0] > 0 else "naturally_aspirated",
        transmission="cvt" if cars["stepless_gear"][0] > 0 else automatic,
    )
