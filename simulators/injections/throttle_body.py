"""A fouled throttle body in a recorded trip (faults.md F20): the plate stands further open near idle, and idle dips."""

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.recorded import RUNNING_RPM, by_second, has, with_change

NEEDS = (("throttle_position", "relative_throttle_position"), ("engine_speed",), ("vehicle_speed",))
_ABSOLUTE = ("throttle_position", "throttle_position_b", "throttle_actuator")
_RELATIVE = "relative_throttle_position"
_REACH = (3.0, 8.0)  # %, of throttle way over which the soot's part fades
_OPENS, _DIPS = 3.0, 80.0  # %, rpm, per severity
_SPENT = (1.0, 1.3)  # severity at which the unit has no more to add
_RELEARNED = 0.4  # share of the units that count what they have learned as closed
_DIP = (1.0, 0.7, 0.35, 0.1)  # by second after the return to idle


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Open the throttle near idle for the same air, as far as the unit may learn; let engine speed dip below idle.

    The unit has taught itself the same idle air, so pressure and flow stay.
    """
    reach, spent, relearned = rng.uniform(*_REACH), rng.uniform(*_SPENT), rng.random() < _RELEARNED
    turning = by_second(trip, "engine_speed")
    name = _ABSOLUTE[0] if has(trip, _ABSOLUTE[0]) else _RELATIVE
    throttle = by_second(trip, name)
    way = throttle - np.percentile(throttle, 1)
    opened = _OPENS * min(severity, spent) * np.exp(-np.clip(way, 0, None) / reach) * (turning > RUNNING_RPM)
    for told in (*_ABSOLUTE, _RELATIVE):
        if has(trip, told) and not (told == _RELATIVE and name != _RELATIVE and relearned):
            trip = with_change(trip, told, opened.astype(np.float32))
    dips = np.zeros(len(turning))
    for at in _returns(turning, by_second(trip, "vehicle_speed")):
        dips[at : at + len(_DIP)] = np.array(_DIP)[: len(dips) - at]
    low = -np.minimum(_DIPS * severity * dips, np.clip(turning - RUNNING_RPM - 50, 0, None))
    return with_change(trip, "engine_speed", low.astype(np.float32))


def _returns(turning: FloatArray, speed: FloatArray) -> list[int]:
    """Give the seconds in which the engine comes back to idle from above it."""
    idle = float(np.median(turning[(turning > RUNNING_RPM) & (speed < 1)])) if (speed < 1).any() else 750.0
    near = turning < idle + 60
    before = np.maximum(np.roll(turning, 2), np.roll(turning, 1))
    back = near & ~np.roll(near, 1) & (before > idle + 200) & (turning > RUNNING_RPM)
    back[:2] = False
    return [int(at) for at in np.flatnonzero(back)]
