"""A worn catalyst in a recorded trip (faults.md F14): the front sensor's swing comes through, and less is burned."""

import numpy as np

from ingest.readings import TripColumns
from simulators.recorded import RUNNING_RPM, by_second, has, with_change

NEEDS = (("oxygen_sensor_b1s2_voltage",), ("engine_speed",))
_REAR, _FRONT, _TEMPERATURE = "oxygen_sensor_b1s2_voltage", "oxygen_sensor_b1s1_voltage", "catalyst_temperature_b1s1"
_POISONED = 0.35  # share of the catalysts that come back a good part of the way when hot
_THROUGH = 0.85  # of the front sensor's swing, where nothing is stored
_SWING_V, _MIDDLE_V, _LEAN_V = 0.38, 0.45, 0.1
_COOLER_K, _LIGHT_OFF_C, _WARMED_S = 50.0, 300.0, 120.0


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let 0.95*s of the storage be gone: the rear sensor swings by that share of the front sensor's swing.

    Where the front sensor is not told in volts, its switching is drawn.
    """
    running = by_second(trip, "engine_speed") > RUNNING_RPM
    warm = running & (np.cumsum(running) > _WARMED_S)
    gone = np.full(len(running), min(0.95 * severity, 1.0))
    if rng.random() < _POISONED and has(trip, _TEMPERATURE):
        hot = np.clip((by_second(trip, _TEMPERATURE) - 500) / 200, 0, 1)
        gone = 1 - (1 - gone) * (1 + 0.5 * hot * min(severity, 1.0))
    if has(trip, _FRONT):
        front = by_second(trip, _FRONT) - _MIDDLE_V
    else:
        phase = np.cumsum(rng.uniform(0.6, 1.9) + rng.normal(0, 0.1, len(running))) % 1
        front = _SWING_V * np.tanh(4 * np.sin(2 * np.pi * phase))
    rear = by_second(trip, _REAR)
    closed = warm & (rear > _LEAN_V)  # a fuel cut leaves both lean
    swing = np.clip(rear + _THROUGH * gone * front, 0.0, 1.2) - rear
    trip = with_change(trip, _REAR, np.where(closed, swing, 0).astype(np.float32))
    if has(trip, _TEMPERATURE):
        lit = running & (by_second(trip, _TEMPERATURE) > _LIGHT_OFF_C)
        trip = with_change(trip, _TEMPERATURE, np.where(lit, -_COOLER_K * gone, 0).astype(np.float32))
    return trip
