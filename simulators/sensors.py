"""The sensor and bus layer (faults.md B7): what a dongle reads of true signals, alike for sick and healthy cars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray
from ingest.signals import PIDS, Field
from simulators.population import Cars

# How many cars answer a PID; the air signals are drawn together below (flow only 35 %, pressure only 35 %, both 30 %).
SUPPORT: Mapping[str, float] = {
    "engine_load": 0.98,
    "throttle_position": 0.97,
    "timing_advance": 0.85,
    "coolant_temperature": 0.99,
    "intake_air_temperature": 0.95,
    "ambient_air_temperature": 0.6,
    "barometric_pressure": 0.7,
    "engine_run_time": 0.85,
    "control_module_voltage": 0.97,
    "short_term_fuel_trim_1": 0.97,
    "long_term_fuel_trim_1": 0.97,
    "fuel_level": 0.8,
    "commanded_evap": 0.75,
    "commanded_equivalence_ratio": 0.65,
}
_ESTABLISHED = 16  # signals behind these draw from a stream of their own, so that the others are asked as before
_FAST = frozenset({"vehicle_speed", "engine_speed", "engine_load", "intake_manifold_pressure", "mass_air_flow"})
# Resolution of the control unit's own voltage measurement in V, under the 1 mV of the wire (the Etios has 20/1024 V).
_VOLTAGE_STEPS = (0.001, 0.01, 0.01953125, 0.05, 0.1)
POLLS = ("rows", "fast_and_slow", "repeating", "one_by_one")
_SWITCHED = frozenset({"control_module_voltage", "engine_speed", "engine_run_time"})  # never a mean of two instants
# signal -> the car's parameters (offset, gain) that its sensor is off by
TOLERANCES: Mapping[str, tuple[str | None, str | None]] = {
    "control_module_voltage": ("voltage_offset", None),
    "intake_manifold_pressure": ("pressure_offset", None),
    "coolant_temperature": ("coolant_offset", None),
    "mass_air_flow": (None, "flow_gain"),
    "vehicle_speed": (None, "speed_gain"),
}
FIELDS: Mapping[str, Field] = {field.signal: field for pid in PIDS.values() for field in pid.fields}


@dataclass(frozen=True, slots=True)
class BusPriors:
    """What dongles and units are drawn from.

    `polls`: shares of the four ways of asking: whole rows each second, a fast set with a slow one every `slow_s`, rows
    that repeat old replies for about `repeat_s` (carOBD), one signal after the other every `turn_s` (KIT).
    `flow_only` and `pressure_only`: shares of the cars that answer one of the two alone. `support`: how many answer a
    signal, over `SUPPORT`. `lost`: share of replies that never come. `bursts_s`: seconds between gaps of the link.
    """

    polls: Mapping[str, float] = field(default_factory=lambda: dict(zip(POLLS, (0.25, 0.30, 0.25, 0.20), strict=True)))
    slow_s: tuple[float, float] = (3.0, 30.0)
    repeat_s: tuple[float, float] = (1.5, 2.1)
    turn_s: tuple[float, float] = (0.83, 1.8)
    support: Mapping[str, float] = field(default_factory=dict)
    flow_only: float = 0.35
    pressure_only: float = 0.35
    lost: tuple[float, float] = (0.005, 0.03)
    jitter_s: tuple[float, float] = (0.02, 0.15)
    bursts_s: float = 1500.0
    stuck: float = 0.005
    sleeps: float = 0.5
    voltage_steps: tuple[float, ...] = (0.3, 0.15, 0.35, 0.12, 0.08)


USUAL_BUS = BusPriors()


@dataclass(frozen=True, slots=True)
class Bus:
    """How the dongle of each trip asks. `period_s`, `phase_s` and `supported` are [signal, trip], the rest [trip]."""

    signals: Sequence[str]
    period_s: FloatArray
    phase_s: FloatArray
    supported: NDArray[np.bool_]
    carried: NDArray[np.bool_]  # rows repeat the last reply instead of leaving a gap (the carOBD logger does)
    lost: FloatArray  # share of replies that never come
    voltage_step: FloatArray

    def joined(self, others: Sequence["Bus"]) -> "Bus":
        """Give the columns of this bus and then those of `others`, which ask for the same signals."""
        every = (self, *others)
        columns = (np.concatenate([getattr(bus, name) for bus in every], axis=-1) for name in self.__slots__[1:])
        return Bus(self.signals, *columns)

    def watchful(self, slowest_s: float = 4.0) -> "Bus":
        """Give the bus of our own device: on cars that answer every PID, none asked less often than `slowest_s`."""
        period = np.minimum(self.period_s, np.float32(slowest_s))
        phase = self.phase_s * period / self.period_s
        everything = np.ones_like(self.supported)
        return Bus(self.signals, period, phase, everything, self.carried, self.lost, self.voltage_step)


def draw_bus(
    rng: np.random.Generator, signals: Sequence[str], cars: int, trips: int, priors: BusPriors = USUAL_BUS
) -> Bus:
    """Draw the dongles of `cars` cars for `trips` trips each; the columns are car by car."""
    count = len(signals)
    kind = rng.choice(4, size=cars, p=[priors.polls.get(name, 0.0) for name in POLLS])
    fast = np.array([[name in _FAST] for name in signals])
    voltage = np.array([[name == "control_module_voltage"] for name in signals])
    streams = (rng, rng.spawn(1)[0])

    def chances(columns: int) -> NDArray[np.float64]:
        known = min(count, _ESTABLISHED)
        return np.concatenate([it.random((n, columns)) for it, n in zip(streams, (known, count - known), strict=True)])

    slowest, fastest = priors.slow_s[1], priors.slow_s[0]
    slow_s = fastest + (slowest - fastest) * chances(cars)
    slow_s = np.where(voltage & (rng.random((1, cars)) < 0.6), 1.0 + rng.random((1, cars)) * 4, slow_s)
    period = np.select(
        [kind == 0, kind == 1, kind == 2],
        [
            np.ones((count, cars)),
            np.where(fast, 1.0, slow_s),
            np.broadcast_to(rng.uniform(*priors.repeat_s, cars), (count, cars)),
        ],
        np.broadcast_to(rng.uniform(*priors.turn_s, cars), (count, cars)),
    )
    support = {**SUPPORT, **priors.support}
    supported = chances(cars) < np.array([[support.get(name, 1.0)] for name in signals])
    air = rng.random(cars)
    for name, without in _without(air, priors):
        if name in signals:
            supported[list(signals).index(name)] = ~without
    step = rng.choice(_VOLTAGE_STEPS, size=cars, p=priors.voltage_steps)
    each = np.repeat(np.arange(cars), trips)
    return Bus(
        tuple(signals),
        period[:, each].astype(np.float32),
        (period[:, each] * chances(len(each))).astype(np.float32),
        supported[:, each],
        kind[each] == 2,
        rng.uniform(*priors.lost, len(each)).astype(np.float32),
        step[each].astype(np.float32),
    )


def _without(air: NDArray[np.float64], priors: BusPriors) -> tuple[tuple[str, NDArray[np.bool_]], ...]:
    return (
        ("mass_air_flow", air < priors.pressure_only),
        ("intake_manifold_pressure", air > 1 - priors.flow_only),
    )


def tolerated(signal: str, true: FloatArray, cars: Cars) -> FloatArray:
    """Add the tolerance of each car's sensor to [time, trip]. `cars` has one row per trip."""
    offset, gain = TOLERANCES.get(signal, (None, None))
    seen = true if gain is None else true * cars[gain]
    return seen if offset is None else seen + cars[offset]


def quantise(signal: str, values: FloatArray) -> FloatArray:
    """Round to what the PID's bytes can carry, and clip to their range (`ingest.signals.PIDS`)."""
    field = FIELDS[signal]
    top = 2 ** (8 * field.width) - 1
    low, high = (-(top + 1) // 2, top // 2) if field.signed else (0, top)
    raw = np.clip(np.rint((values.astype(np.float64) - field.offset) / field.scale), low, high)
    return (raw * field.scale + field.offset).astype(np.float32)


def read(true: Block, cars: Cars, bus: Bus, rng: np.random.Generator) -> Block:
    """Give what the dongles read of `true` (1 Hz): polled, lost, stuck, rounded; NaN in a second without reply."""
    steps, trips = true.values.shape[1:]
    seconds = np.arange(steps, dtype=np.float32)[:, None]
    silent = _bursts(rng, true.lengths, steps) | (seconds >= _last_reply(rng, true))
    values = np.empty_like(true.values)
    for row, name in enumerate(true.signals):
        polled, when = _polls(seconds, bus.period_s[row], bus.phase_s[row], rng)
        seen = tolerated(name, true.values[row], cars)
        column = _at(seen, when - seconds, switched=name in _SWITCHED)
        if name == "control_module_voltage":
            column = np.rint(column / bus.voltage_step) * bus.voltage_step
        column = quantise(name, column)
        lost = rng.random((steps, trips), dtype=np.float32) < bus.lost
        column[~polled | lost | silent | ~bus.supported[row]] = np.nan
        values[row] = _stick(rng, column, true.lengths)
        if bus.carried.any():
            values[row][:, bus.carried] = _carry(values[row][:, bus.carried])
    values[:, np.isnan(true.values[0]) | silent] = np.nan
    return Block(true.signals, true.step_s, values, true.lengths)


def _polls(
    seconds: FloatArray, period: FloatArray, phase: FloatArray, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Say in which seconds [time, trip] a reply falls, and at which instant, with 20 to 150 ms of jitter."""
    number = np.floor((seconds + 1 - phase) / period)
    when = number * period + phase
    jitter = np.float32(0.02) + np.float32(0.13) * rng.random(when.shape, dtype=np.float32)
    return when >= seconds, np.clip(when + jitter, seconds, seconds + 1).astype(np.float32)


def _at(values: FloatArray, fraction: FloatArray, *, switched: bool) -> FloatArray:
    """Give values between the seconds: the state of the second for a switched signal, else in between the two."""
    if switched:
        return values
    following = np.concatenate([values[1:], values[-1:]])
    following = np.where(np.isnan(following), values, following)
    between: FloatArray = values + (following - values) * np.clip(fraction, 0, 1)
    return between


def _bursts(rng: np.random.Generator, lengths: NDArray[np.int64], steps: int) -> NDArray[np.bool_]:
    """Mark seconds [time, trip] in which the link was gone altogether."""
    gone = np.zeros((steps, len(lengths)), dtype=bool)
    for trip, count in enumerate(rng.poisson(lengths / 1500)):
        for begin, length in zip(rng.integers(0, lengths[trip], count), rng.uniform(3, 40, count), strict=True):
            gone[begin : begin + int(length), trip] = True
    return gone


def _last_reply(rng: np.random.Generator, true: Block) -> FloatArray:
    """Give the second from which each trip is silent: on half the cars the unit sleeps once the engine is off."""
    running = true.signal("engine_speed") > 0
    last = len(running) - np.argmax(running[::-1], axis=0)
    sleeps = (rng.random(len(last)) < 0.5) & running.any(axis=0)
    return np.where(sleeps, last, len(running)).astype(np.float32)


def _stick(rng: np.random.Generator, column: FloatArray, lengths: NDArray[np.int64]) -> FloatArray:
    """Let one trip in two hundred repeat one value of this signal for minutes."""
    for trip in np.flatnonzero(rng.random(len(lengths)) < 0.005):
        begin = int(rng.integers(0, lengths[trip]))
        stretch = column[begin : begin + int(rng.uniform(30, 200)), trip]
        present = np.flatnonzero(~np.isnan(stretch))
        if len(present):
            stretch[present] = stretch[present[0]]
    return column


def _carry(values: FloatArray) -> FloatArray:
    """Repeat the last reply in rows without one [time, trip]."""
    index = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    carried: FloatArray = np.take_along_axis(values, np.maximum.accumulate(index, axis=0), axis=0)
    return carried
