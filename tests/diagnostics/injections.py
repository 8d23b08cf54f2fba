"""F22 put into real trips in ways of our own, independent of the simulator's injection and of the training shapes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ingest.readings import TripColumns

Shape = Callable[[TripColumns, np.random.Generator], np.ndarray]


def constant(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    """All consumers on, always: a load fraction between 0.6 and 1."""
    return np.full(len(trip.t_s), rng.uniform(0.6, 1.0))


def by_engine_load(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    """The load fraction is the engine's own (PID 04)."""
    return np.nan_to_num(trip.signals["engine_load"] / 100, nan=0.3)


def only_idle(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    return np.where(trip.signals["engine_speed"] < 1000, rng.uniform(0.6, 1.0), 0.0)


def hot(trip: TripColumns, rng: np.random.Generator) -> np.ndarray:
    """It fails as it warms up: nothing in the first minute, most after five."""
    return np.clip((trip.t_s - trip.t_s[0] - 60) / 240, 0, 1) * rng.uniform(0.6, 1.0)


def inject(
    trip: TripColumns, severity: float, shape: Shape, rng: np.random.Generator, *, ripple: bool = True
) -> TripColumns:
    """Give the trip with V - 1.6*s*(load fraction) and, of a rectifier, ripple of 0.15*s V on each reading."""
    voltage, running = trip.signals["control_module_voltage"], trip.signals["engine_speed"] > 400
    fresh = np.cumsum(np.concatenate([[True], np.arange(1, len(voltage)) % 4 == 0]))
    noise = 0.15 * severity * rng.standard_normal(fresh[-1] + 1)[fresh] * ripple
    sick = np.where(running, voltage - 1.6 * severity * shape(trip, rng) + noise, voltage)
    return replace(trip, signals={**trip.signals, "control_module_voltage": np.round(sick, 3).astype(np.float32)})
