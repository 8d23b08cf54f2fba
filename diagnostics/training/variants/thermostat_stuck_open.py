"""Leaks in other engines than the simulator's, and what may be taken for a leak.

B5 says what a leak takes from the coolant, but engines differ in more than the simulator draws: the Etios of carOBD
warms up four times as fast as the low end of B5, a diesel with its heater on hardly at all. Half of the cars with a
leak have it taken off what was read, the others read what B5 gives for another engine. Three cars in ten get something
else, of severity 0: a sensor that reads wrongly (F06), a weak engine with a strong heater, or a thermostat that follows
the season.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diagnostics.gating import RUNNING_RPM, hold_last
from diagnostics.measures import coolant_course, heat
from diagnostics.measures.coolant_reading import HOLD_S
from diagnostics.robust import median, quantile_of, sorted_samples
from diagnostics.training.variants import Varied, grow
from ingest.readings import Block, FloatArray

_COOLANT = "coolant_temperature"
_TAKEN_OFF, _REPLACED, _SENSOR, _WEAK, _SEASON = range(5)
_SHARES = (0.37, 0.37, 0.04, 0.14, 0.08)
_FAN_ON_C, _FAN_OFF_C = 98.0, 94.0


@dataclass(frozen=True, slots=True)
class _Draws:
    """What a car is like; all [trip], alike on the trips of one car."""

    kind: NDArray[np.int64]
    gain: FloatArray  # of the heat into the coolant, times B5's
    thermostat: FloatArray  # degC
    radiator: FloatArray  # W/K per litre
    heater: FloatArray  # share of full
    bias: FloatArray  # K


def vary(block: Block, groups: NDArray[np.int64], rng: np.random.Generator) -> Varied:
    """Put a leak, or what is like one, into every car of a healthy block; `groups[trip]` are cars."""
    grown, draws = grow(groups, rng), _draw(groups, rng)
    leaks = draws.kind <= _REPLACED
    severity = np.where(leaks, grown, 0).astype(np.float32)
    if _COOLANT not in block.signals:
        return Varied(block, severity)
    closed, leaking = _b5(block, draws, severity, rng)
    row = block.signals.index(_COOLANT)
    read = block.values[row]
    season = 1.2 * rng.standard_normal(len(groups))
    # The season moves the thermostat, not the cold engine.
    warm = np.clip((read - 60) / 20, 0, 1)
    changed = np.select(
        [draws.kind == _TAKEN_OFF, (draws.kind == _REPLACED) | (draws.kind == _WEAK), draws.kind == _SENSOR],
        [read - (closed - leaking), leaking, read + draws.bias * np.minimum(2 * grown, 1)],
        read + season * warm,
    )
    values = block.values.copy()
    values[row] = np.where(np.isnan(read), np.nan, np.rint(changed))
    return Varied(replace(block, values=values), severity)


def _draw(groups: NDArray[np.int64], rng: np.random.Generator) -> _Draws:
    cars, car = np.unique(groups, return_inverse=True)
    count = len(cars)

    def between(low: float, high: float) -> FloatArray:
        drawn: FloatArray = rng.uniform(low, high, count).astype(np.float32)[car]
        return drawn

    kind = rng.choice(len(_SHARES), count, p=_SHARES)[car]
    gain = np.clip(rng.lognormal(np.log(1.3), 0.35, count), 0.8, 3.0).astype(np.float32)[car]
    sign = np.where(between(0, 1) < 0.7, -1, 1)
    return _Draws(
        kind,
        np.where(kind == _WEAK, between(0.65, 1.0), gain).astype(np.float32),
        between(82, 93),
        between(300, 440),
        np.where(kind == _WEAK, between(0.5, 1.0), between(0, 1)).astype(np.float32),
        (sign * between(5, 15)).astype(np.float32),
    )


def _b5(block: Block, draws: _Draws, severity: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Give the coolant of B5 without and with the leak [time, trip], from the first reading on."""
    step = block.step_s
    read = hold_last(block.signal(_COOLANT), step, HOLD_S)
    engine_speed = np.nan_to_num(hold_last(block.signal("engine_speed"), step))
    speed = np.nan_to_num(hold_last(block.signal("vehicle_speed"), step)) / np.float32(3.6)
    known = ~np.isnan(read)
    first = np.take_along_axis(read, known.argmax(axis=0)[None], axis=0)[0]
    ambient = _ambient(block, rng)
    gained = _gained_w(engine_speed, speed, step) * draws.gain * rng.lognormal(0, 0.15, len(ambient)).astype(np.float32)
    heater = draws.heater * np.clip(100 * (20 - ambient), 0, coolant_course.HEATER_FULL_W)
    block_loss = heat.BLOCK_LOSS_W * (1 + 0.03 * speed)
    least = np.stack([np.zeros_like(severity), np.where(severity > 0, 0.02 + 0.33 * severity, 0)])
    now, fan = np.stack([first, first]), np.zeros((2, len(severity)))
    both = np.empty((2, *read.shape), dtype=np.float32)
    for at in range(len(read)):
        both[:, at] = now
        fan = np.where(now > _FAN_ON_C, 1, np.where(now < _FAN_OFF_C, 0, fan))
        opening = np.maximum(least, np.clip((now - draws.thermostat + 4) / 12, 0, 1))
        blown = draws.radiator * opening * (0.25 + 0.045 * speed[at] + 0.6 * fan)
        lost = (now - ambient) * (blown + block_loss[at]) + heater * np.clip((now - 45) / 30, 0, 1)
        now = now + (gained[at] - lost) * (step / heat.CAPACITY_J)
    return both[0], both[1]


def _gained_w(engine_speed: FloatArray, speed: FloatArray, step: float) -> FloatArray:
    """Give the heat into the coolant in W per litre, by B5."""
    change = np.zeros_like(speed)
    change[1:] = np.diff(speed, axis=0) / step
    traction = (heat.MASS_KG * (1.05 * change + 0.1) + heat.DRAG * speed**2) * speed
    pushed = (traction < 0) & (engine_speed > 1200)
    fired = np.where(pushed, heat.MOTORED_HEAT, heat.FULL_FRICTION_HEAT)
    friction = (1.1e5 + 15 * engine_speed) * engine_speed / 120e3
    total = fired * friction + heat.FULL_TRACTION_HEAT * np.clip(traction, 0, None)
    return np.where(engine_speed > RUNNING_RPM, total, 0).astype(np.float32)


def _ambient(block: Block, rng: np.random.Generator) -> FloatArray:
    """Give what is read of it, else some kelvins under the coldest intake air; 20 degC where neither is read."""
    read = block.signal("ambient_air_temperature")
    outside = median(read, ~np.isnan(read), 1)
    intake = block.signal("intake_air_temperature")
    air = quantile_of(*sorted_samples(intake, ~np.isnan(intake)), 0.05, 1)
    below = rng.uniform(0, 8, len(air)).astype(np.float32)
    ambient: FloatArray = np.nan_to_num(np.where(np.isnan(outside), air - below, outside), nan=20.0)
    return ambient
