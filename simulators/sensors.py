"""The sensor and bus layer (faults.md B7): what a dongle reads of true signals, alike for sick and healthy cars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray
from ingest.signals import PIDS, Field
from simulators.chance import streams, uniform
from simulators.compiled import clip, compiled
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
    "absolute_load": 0.8,
    "oil_temperature": 0.3,
    "oxygen_sensor_b1s2_voltage": 0.9,
    "catalyst_temperature_b1s1": 0.45,
    "evap_vapor_pressure": 0.35,
    "relative_throttle_position": 0.7,
    "accelerator_pedal_position_d": 0.8,
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
    "intake_air_temperature": ("intake_offset", None),
    "ambient_air_temperature": ("ambient_offset", None),
    "oil_temperature": ("oil_offset", None),
    "oxygen_sensor_b1s1_lambda": (None, "lambda_gain"),
    "catalyst_temperature_b1s1": (None, "catalyst_gain"),
}
FIELDS: Mapping[str, Field] = {field.signal: field for pid in PIDS.values() for field in pid.fields}


@dataclass(frozen=True, slots=True)
class BusPriors:
    """What dongles and units are drawn from.

    `polls`: shares of the four ways of asking: whole rows each second, a fast set with a slow one every `slow_s`, rows
    that repeat old replies for about `repeat_s` (carOBD), one signal after the other every `turn_s` (KIT).
    `support`: how many cars answer a signal, over `SUPPORT`. `lost`: share of replies that never come. `bursts_s`:
    seconds between gaps of the link. `stuck`: share of the trips in which a signal repeats one value for minutes.
    `sleeps`: share of those whose unit is silent once the engine is off.
    """

    polls: Mapping[str, float] = field(default_factory=lambda: dict(zip(POLLS, (0.25, 0.30, 0.25, 0.20), strict=True)))
    slow_s: tuple[float, float] = (3.0, 30.0)
    repeat_s: tuple[float, float] = (1.5, 2.1)
    turn_s: tuple[float, float] = (0.83, 1.8)
    support: Mapping[str, float] = field(default_factory=dict)
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

    def take(self, index: NDArray[np.int64]) -> "Bus":
        """Give the columns at `index`."""
        return Bus(self.signals, *(getattr(self, name)[..., index] for name in self.__slots__[1:]))

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
    for name, without in (("mass_air_flow", air < 0.35), ("intake_manifold_pressure", air > 0.65)):
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


def fitted(bus: Bus, cars: Cars) -> Bus:
    """Give the bus of cars that answer those of air flow and manifold pressure for which they have a sensor.

    `cars` has one row per trip.
    """
    supported = bus.supported.copy()
    by_pressure = cars["speed_density"] > 0
    for name, there in (
        ("mass_air_flow", ~by_pressure),
        ("intake_manifold_pressure", by_pressure | (cars["pressure_sensor"] > 0)),
    ):
        supported[list(bus.signals).index(name)] = there
    return replace(bus, supported=supported)


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


def read(true: Block, cars: Cars, bus: Bus, rng: np.random.Generator, priors: BusPriors = USUAL_BUS) -> Block:
    """Give what the dongles read of `true` (1 Hz): polled, lost, stuck, rounded; NaN in a second without reply.

    The memory of the result is laid out trip by trip.
    """
    steps, trips = true.values.shape[1:]
    values = np.empty((len(true.signals), trips, steps), dtype=np.float32)
    dice = streams(rng, len(true.signals), trips)
    gaps = _gaps(rng, true, priors)
    stuck = _stretches(rng, len(true.signals), true.lengths, priors)
    for row, name in enumerate(true.signals):
        field = FIELDS[name]
        top = 2 ** (8 * field.width) - 1
        low, high = (-(top + 1) // 2, top // 2) if field.signed else (0, top)
        offset, gain = TOLERANCES.get(name, (None, None))
        _ask(
            np.ascontiguousarray(true.values[row].T), true.lengths, bus.period_s[row], bus.phase_s[row],
            bus.supported[row], bus.lost, priors.jitter_s,
            np.ones(trips, dtype=np.float32) if gain is None else cars[gain],
            np.zeros(trips, dtype=np.float32) if offset is None else cars[offset],
            bus.voltage_step if name == "control_module_voltage" else np.zeros(trips, dtype=np.float32),
            (float(field.scale), float(field.offset), float(low), float(high)), name in _SWITCHED,
            dice[row], values[row],
        )  # fmt: skip
        _hold(values[row], stuck[row], gaps, bus.carried, true.lengths)
    return Block(true.signals, true.step_s, values.transpose(0, 2, 1), true.lengths)


@compiled
def _ask(
    true: FloatArray, lengths: NDArray[np.int64], period_s: FloatArray, phase_s: FloatArray,
    supported: NDArray[np.bool_], lost: FloatArray, jitter_s: tuple[float, float], gain: FloatArray,
    offset: FloatArray, step: FloatArray, wire: tuple[float, float, float, float], switched: bool,
    dice: NDArray[np.uint64], seen: FloatArray,
) -> None:  # fmt: skip
    """Ask for one signal of all trips and write the replies to `seen` [trip, time].

    `wire`: the PID's scale and offset, and the range of its bytes. A `switched` signal shows the state of its second,
    any other what lies between two seconds at the instant of the reply.
    """
    scale, base, low, high = wire
    shortest, spread = jitter_s[0], jitter_s[1] - jitter_s[0]
    for trip in range(len(lengths)):
        seen[trip, :] = np.nan
        if not supported[trip]:
            continue
        line, column, length, own = true[trip], seen[trip], lengths[trip], dice[trip]
        when, period = float(phase_s[trip]), float(period_s[trip])
        while when < length:
            second = int(when)
            late, luck = uniform(own), uniform(own)
            if luck >= lost[trip]:
                value = line[second]
                if not switched and second + 1 < length and not np.isnan(line[second + 1]):
                    part = min(when + shortest + spread * late - second, 1.0)
                    value += (line[second + 1] - value) * part
                value = value * gain[trip] + offset[trip]
                if step[trip] > 0:
                    value = np.rint(value / step[trip]) * step[trip]
                raw = np.rint((value - base) / scale)
                column[second] = clip(raw, low, high) * scale + base if raw == raw else np.nan  # noqa: PLR0124 - NaN
            when += period


@compiled
def _hold(
    seen: FloatArray, stuck: NDArray[np.int64], gaps: NDArray[np.int64], carried: NDArray[np.bool_],
    lengths: NDArray[np.int64],
) -> None:  # fmt: skip
    """Let stretches repeat one value, rows repeat the last reply, and gaps be silent: all [trip, ...] of one signal."""
    for trip in range(len(lengths)):
        column = seen[trip]
        held = np.float32(np.nan)
        for second in range(stuck[trip, 0], stuck[trip, 1]):
            if not np.isnan(column[second]):
                held = column[second] if np.isnan(held) else held
                column[second] = held
        if carried[trip]:
            held = np.float32(np.nan)
            for second in range(lengths[trip]):
                held = held if np.isnan(column[second]) else column[second]
                column[second] = held
        for gap in range(gaps.shape[1]):
            for second in range(gaps[trip, gap, 0], gaps[trip, gap, 1]):
                column[second] = np.nan


def _gaps(rng: np.random.Generator, true: Block, priors: BusPriors) -> NDArray[np.int64]:
    """Give [trip, gap, 2] seconds from and to which a link was silent: bursts, and from when its unit sleeps."""
    lengths = true.lengths
    counts = rng.poisson(lengths / priors.bursts_s)
    gaps = np.zeros((len(lengths), int(counts.max(initial=0)) + 1, 2), dtype=np.int64)
    for trip, count in enumerate(counts):
        begins = rng.integers(0, lengths[trip], count)
        gaps[trip, :count, 0] = begins
        gaps[trip, :count, 1] = np.minimum(begins + rng.uniform(3, 40, count).astype(np.int64), lengths[trip])
    running = true.signal("engine_speed") > 0
    last = len(running) - np.argmax(running[::-1], axis=0)
    sleeps = (rng.random(len(last)) < priors.sleeps) & running.any(axis=0)
    gaps[:, -1, 0] = np.where(sleeps, np.minimum(last, lengths), lengths)
    gaps[:, -1, 1] = lengths
    return gaps


def _stretches(
    rng: np.random.Generator, signals: int, lengths: NDArray[np.int64], priors: BusPriors
) -> NDArray[np.int64]:
    """Give [signal, trip, 2] seconds from and to which a signal repeats one value; mostly none."""
    hit = rng.random((signals, len(lengths))) < priors.stuck
    begin = (rng.random(hit.shape) * lengths).astype(np.int64)
    end = np.minimum(begin + rng.uniform(30, 200, hit.shape).astype(np.int64), lengths)
    return np.stack([begin, np.where(hit, end, begin)], axis=-1)
