"""Misfire in a recorded trip (faults.md F12): dips of the engine speed, lean pulses, rising trims, a hot catalyst."""

from collections.abc import Mapping

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.fuelling import LIMIT
from simulators.recorded import RUNNING_RPM, BoolArray, by_second, has, with_change

NEEDS = (("engine_speed",), ("vehicle_speed",), ("short_term_fuel_trim_1",))
_SHORT, _LONG, _FRONT = "short_term_fuel_trim_1", "long_term_fuel_trim_1", "oxygen_sensor_b1s1_voltage"
_CATALYSTS = ("catalyst_temperature_b1s1", "catalyst_temperature_b1s2")
_COIL, _COLD = 0.35, 0.25  # shares of the cars: one coil that comes and goes, and only until the engine is warm
_FIRES_PER_TURN = 2.0  # of four cylinders
_FELT_S = 0.25  # for which a failed firing is felt in the engine speed
_OPEN_S, _LEARNED = 25.0, 0.6
_BURNS_K, _WARMS_S = (600.0, 1000.0), 60.0  # over the share of the firings
_LEAN_V = 0.08


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let 0.10*s^2 of the firings fail, three times as many above 60 % load, in one of three shapes."""
    turning = by_second(trip, "engine_speed")
    running = turning > RUNNING_RPM
    share = _share(trip, severity, running, rng)
    failed = rng.poisson(np.clip(share * turning * _FIRES_PER_TURN / 60 * _FELT_S, 0, 3))
    moving = by_second(trip, "vehicle_speed") > 1
    depth = rng.uniform(0.01, 0.03, len(turning)) * np.minimum(failed, 3) - 0.02 * failed.mean()
    gaps = np.where(running, -turning * depth * np.where(moving, 0.35, 1.0), 0)
    lowest = np.where(running, RUNNING_RPM + 20 - turning, 0)  # a reading says that it still runs
    trip = with_change(trip, "engine_speed", np.maximum(gaps, np.minimum(lowest, 0)).astype(np.float32))
    for name, more in _trims(share, running).items():
        if has(trip, name):
            trip = with_change(trip, name, more, LIMIT)
    if has(trip, _FRONT):
        lean = np.where((failed > 0) & running, np.minimum(_LEAN_V - by_second(trip, _FRONT), 0), 0)
        trip = with_change(trip, _FRONT, lean.astype(np.float32))
    hotter = _lagged(np.float32(rng.uniform(*_BURNS_K)) * np.minimum(share, np.float32(0.25)), running)
    for name in _CATALYSTS:
        if has(trip, name):
            trip = with_change(trip, name, hotter)
    return trip


def _share(trip: TripColumns, severity: float, running: BoolArray, rng: np.random.Generator) -> FloatArray:
    """Give [second] the share of the firings that fail."""
    kind, seconds = rng.random(), len(running)
    load = by_second(trip, "engine_load") if has(trip, "engine_load") else np.full(seconds, 35.0)
    share = 0.10 * severity**2 * np.where(load > 60, 3.0, 1.0) * running
    if kind < _COIL:
        on, state = np.zeros(seconds), rng.random() < 0.35
        for second in range(seconds):
            state = state != (rng.random() < (1 / 15 if state else 1 / 28))
            on[second] = state
        share = np.clip(share / 0.35, 0, 0.25) * on
    elif kind < _COIL + _COLD and has(trip, "coolant_temperature"):
        cold = np.clip((65 - by_second(trip, "coolant_temperature")) / 30, 0, 1)
        share = share * (0.15 + 1.85 * cold)
    result: FloatArray = np.clip(share, 0, 0.6).astype(np.float32)
    return result


def _trims(share: FloatArray, running: BoolArray) -> Mapping[str, FloatArray]:
    """Give [second] what a loop that takes the unburned oxygen for a lean mixture adds: 100 % of the share."""
    closed = running & (np.cumsum(running) > _OPEN_S)
    learned = float(100 * _LEARNED * share[closed].mean()) if closed.any() else 0.0
    short, now = np.zeros(len(share), dtype=np.float32), 0.0
    for second in np.flatnonzero(closed):
        now += 0.35 * (100 * float(share[second]) - learned - now)
        short[second] = now
    return {_SHORT: short, _LONG: (learned * running).astype(np.float32)}


def _lagged(wanted: FloatArray, running: BoolArray) -> FloatArray:
    """Give [second] what a catalyst has reached of the temperature it would get to."""
    reached, now = np.zeros(len(wanted), dtype=np.float32), 0.0
    for second in range(len(wanted)):
        now += (float(wanted[second]) - now) / _WARMS_S if running[second] else -now / 600
        reached[second] = now
    return reached
