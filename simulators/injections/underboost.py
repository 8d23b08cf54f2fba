"""Too little boost in a recorded trip of a turbocharged car (faults.md F19): a weak turbo, a leak, a slow one."""

from enum import StrEnum

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.recorded import RUNNING_RPM, NotInjectable, by_second, has, with_change

NEEDS = (("intake_manifold_pressure",), ("engine_speed",))
_BOOST_KPA, _SEA_KPA = 8.0, 99.0
_RESIDUAL_KPA = 6.5


class Shape(StrEnum):
    """The ways in which boost is lost."""

    DEFICIT = "deficit"
    LEAK = "leak"
    LAG = "lag"


def inject(
    trip: TripColumns, severity: float, rng: np.random.Generator, *, shape: Shape | None = None
) -> TripColumns:  # fmt: skip
    """Deficit: half of the boost at severity 1. Leak: a fifth, and 30 % of the metered air. Lag: 0.5 + 2*s seconds.

    A trip without boost raises `ValueError`: there is nothing that could be missing.
    """
    shape = shape or Shape(str(rng.choice(list(Shape), p=[0.5, 0.25, 0.25])))
    pressure, turning = by_second(trip, "intake_manifold_pressure"), by_second(trip, "engine_speed")
    running = turning > RUNNING_RPM
    boost = np.where(running, np.clip(pressure - _around(trip, pressure, turning), 0, None), 0)
    if not (boost > _BOOST_KPA).sum() >= 5:
        raise NotInjectable("the trip shows no boost")
    match shape:
        case Shape.DEFICIT:
            sick = boost * (1 - 0.5 * severity)
        case Shape.LEAK:
            sick = boost * (1 - 0.2 * severity)
        case Shape.LAG:
            sick = np.minimum(_late(boost, 0.5 + 2 * severity), np.maximum(boost, _late(boost, 0.5)))
    change = (sick - boost).astype(np.float32)
    arrived = np.clip(pressure + change - _RESIDUAL_KPA, 1, None) / np.clip(pressure - _RESIDUAL_KPA, 1, None)
    lost = 0.3 * severity * np.clip(boost / 30, 0, 1) if shape is Shape.LEAK else np.zeros_like(boost)
    trip = with_change(trip, "intake_manifold_pressure", change)
    for name, gain in (("mass_air_flow", arrived * (1 + lost)), ("absolute_load", arrived), ("engine_load", arrived)):
        if has(trip, name):
            more = by_second(trip, name) * (np.where(running, gain, 1) - 1)
            trip = with_change(trip, name, more.astype(np.float32))
    if has(trip, "mass_air_flow") and has(trip, "short_term_fuel_trim_1"):
        rich = 100 * (1 / (1 + lost) - 1)
        trip = with_change(trip, "short_term_fuel_trim_1", rich.astype(np.float32), 25)
    return trip


def _around(trip: TripColumns, pressure: FloatArray, turning: FloatArray) -> FloatArray:
    """Give the barometric pressure: as told, else the manifold's while the engine stands."""
    if has(trip, "barometric_pressure"):
        return by_second(trip, "barometric_pressure")
    standing = (turning < 50) & (pressure > 60) & (pressure < 108)
    level = float(np.median(pressure[standing])) if standing.sum() >= 3 else _SEA_KPA
    return np.full(len(pressure), level, dtype=np.float32)


def _late(values: FloatArray, tau_s: float) -> FloatArray:
    """Give the values behind a lag of the first order."""
    late, now, pace = np.empty_like(values), float(values[0]), 1 - np.exp(-1 / tau_s)
    for at, value in enumerate(values):
        now += pace * (value - now)
        late[at] = now
    return late
