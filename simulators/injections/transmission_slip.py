"""Slip between engine and wheels in a recorded trip (faults.md F25): of a lock-up clutch, or of a dry one at torque."""

from enum import StrEnum

import numpy as np

from ingest.readings import TripColumns
from simulators.recorded import RUNNING_RPM, by_second, has, with_change

NEEDS = (("engine_speed",), ("vehicle_speed",))
_SLIP = 0.08  # of the engine speed, at severity 1
_LOCKED_KMH, _STEADY_KMH_S = 45.0, 2.5
_IN_GEAR = 75.0  # rpm per km/h: more is first gear, or no gear
_PUSHED = -0.25  # of the slip, when the wheels drive the engine


class Shape(StrEnum):
    """What slips."""

    LOCKUP = "lockup"
    CLUTCH = "clutch"


def inject(
    trip: TripColumns, severity: float, rng: np.random.Generator, *, shape: Shape | None = None
) -> TripColumns:  # fmt: skip
    """Let the engine run ahead of its gear by 8 % at severity 1; the same power then takes less torque.

    A lock-up slips a little more under load and runs behind on the overrun; a dry clutch slips at high torque alone.
    """
    shape = shape or Shape(str(rng.choice(list(Shape), p=[0.75, 0.25])))
    follows = rng.uniform(0.0, 0.7)  # how far slip goes with torque
    turning, speed = by_second(trip, "engine_speed"), by_second(trip, "vehicle_speed")
    load = by_second(trip, "engine_load") if has(trip, "engine_load") else np.full(len(turning), 40, np.float32)
    geared = (turning > RUNNING_RPM) & (speed > 20) & (turning < _IN_GEAR * np.maximum(speed, 1))
    if shape is Shape.CLUTCH:
        slip = _SLIP * np.clip((load - 50) / 25, 0, 1.5)
    else:
        geared &= (speed >= _LOCKED_KMH) & (np.abs(np.gradient(speed)) <= _STEADY_KMH_S)
        torque = np.where(load < 18, _PUSHED, np.clip(load / 45, 0.4, 1.8))
        slip = _SLIP * (1 - follows + follows * torque)
        slip = np.where(load < 18, np.minimum(slip, _SLIP * _PUSHED * follows), slip)
    slip = np.where(geared, severity * slip, 0)
    trip = with_change(trip, "engine_speed", (turning * slip).astype(np.float32))
    for name in ("engine_load", "absolute_load", "intake_manifold_pressure"):
        if has(trip, name):
            less = by_second(trip, name) * (1 / (1 + np.clip(slip, 0, None)) - 1)
            trip = with_change(trip, name, less.astype(np.float32))
    return trip
