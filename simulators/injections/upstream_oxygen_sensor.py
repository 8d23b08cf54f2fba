"""A slow or biased front oxygen sensor in a recorded trip (faults.md F13): the loop swings, or is led astray."""

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.fuelling import LIMIT
from simulators.recorded import RUNNING_RPM, BoolArray, by_second, has, with_change

NEEDS = (("short_term_fuel_trim_1",), ("engine_speed",))
_SHORT, _LONG, _REAR = "short_term_fuel_trim_1", "long_term_fuel_trim_1", "oxygen_sensor_b1s2_voltage"
_FRONTS = ("oxygen_sensor_b1s1_voltage", "oxygen_sensor_b1s1_lambda")
_BIASED = 0.3  # share of the sensors
_LAG_S, _BIAS = 1.0, 3.0  # s, % of lambda, per severity
_SWING, _SOUND_S, _DELAY_S = 0.9, 0.15, (0.25, 0.6)  # %, s
_CORRECTED = 1.0  # % for which the rear sensor makes up
_OPEN_S, _LEARNED = 25.0, 0.8
_RICH_V, _LEAN_V = 0.12, 0.10


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Lag the sensor by s seconds, which makes the limit cycle of the trim wide and slow; or put it off by 0.03*s."""
    turning = by_second(trip, "engine_speed")
    running = turning > RUNNING_RPM
    closed = running & (np.cumsum(running) > _OPEN_S)
    if rng.random() < _BIASED:
        return _biased(trip, severity, 1.0 if rng.random() < 0.5 else -1.0, closed)
    lag = _LAG_S * severity
    for name in _FRONTS:
        if has(trip, name):
            trip = with_change(trip, name, _behind(by_second(trip, name), lag, closed))
    return with_change(trip, _SHORT, _cycle(lag, closed, rng), LIMIT)


def _cycle(lag: float, closed: BoolArray, rng: np.random.Generator) -> FloatArray:
    """Give [second] by how much the limit cycle of the loop is more than that of a sound sensor."""
    delay = rng.uniform(*_DELAY_S)
    more = _SWING * lag / (_SOUND_S + delay)
    period = 1 / rng.uniform(0.6, 1.9) + 4 * lag
    phase = np.cumsum(1 / period + rng.normal(0, 0.1, len(closed))) + rng.random()
    triangle = 4 * np.abs(phase % 1 - 0.5) - 1
    return np.where(closed, more * triangle, 0).astype(np.float32)


def _behind(values: FloatArray, lag: float, closed: BoolArray) -> FloatArray:
    """Give [second] what a first-order lag in s does to the readings."""
    kept, now, change = np.exp(-1 / max(lag, 0.05)), float(values[0]), np.zeros(len(values), dtype=np.float32)
    for second, value in enumerate(values):
        now = float(value) + kept * (now - float(value))
        change[second] = (now - value) * closed[second]
    return change


def _biased(trip: TripColumns, severity: float, sign: float, closed: BoolArray) -> TripColumns:
    """Move trims and rear sensor by what the rear sensor cannot make up for; `sign` +1: the sensor reads too lean."""
    off = sign * max(_BIAS * severity - _CORRECTED, 0.0)
    trip = with_change(trip, _SHORT, ((1 - _LEARNED) * off * closed).astype(np.float32), LIMIT)
    if has(trip, _LONG):
        trip = with_change(trip, _LONG, (_LEARNED * off * closed).astype(np.float32), LIMIT)
    if off != 0 and has(trip, _REAR):
        rear = by_second(trip, _REAR)
        full = min(abs(off), 1.0)
        change = full * (_RICH_V if sign > 0 else np.minimum(_LEAN_V - rear, 0))
        trip = with_change(trip, _REAR, (change * closed).astype(np.float32))
    return trip
