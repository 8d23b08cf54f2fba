"""Heat of an engine per litre of displacement (faults.md B2, B3, B5), so that its size is not needed.

Two kinds of engine are told apart. The bounds are what a thermostat stuck open is held against: the low end of what
engines give, and more than they give. The usual one is B5 with the air that the engine load tells.
"""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from ingest.readings import FloatArray

CAPACITY_J = 23e3  # J/K
MOTORED_HEAT = 0.30  # of friction power, fuel cut
FRICTION_HEAT, TRACTION_HEAT = 0.8, 0.25  # of friction power, fired, and of traction power: at the low end
FULL_FRICTION_HEAT, FULL_TRACTION_HEAT = 0.97, 0.75  # and by B5 itself
FUEL_HEAT, OIL_HEAT = 0.27, 0.10  # of the fuel's power, into coolant and oil
FUEL_W = 0.2876  # of fuel per rpm, litre and % of absolute load, at a mixture of 1
LOAD_OF_FULL = 0.85  # absolute load over engine load (PID 43, 04), by the filling of an engine at full throttle
BLOCK_LOSS_W = 9.0  # W/K standing
RADIATOR_W = 370.0  # W/K at full opening
OIL_CAPACITY_J, OIL_TO_COOLANT_W, OIL_TO_AIR_W = 9e3, 60.0, 8.0
MASS_KG, DRAG = 750.0, 0.27  # kg; N per (m/s)^2
_CUT_RPM = 1200.0
_LOWEST, _BINS = -40, 256  # of the PIDs of temperature

Counts = NDArray[np.int32]


@compiled
def friction_w(turning: float) -> float:
    return (1.1e5 + 15 * turning) * turning / 120e3


@compiled
def traction_w(speed_ms: float, acceleration: float) -> float:
    return (MASS_KG * (1.05 * acceleration + 0.1) + DRAG * speed_ms * speed_ms) * speed_ms


@compiled
def is_pushed(traction: float, turning: float) -> bool:
    """Tell whether the road turns the engine: the fuel is cut."""
    return traction < 0 and turning > _CUT_RPM


@compiled
def heater_open(coolant: float) -> float:
    """Give 0..1, how much of its heat a cabin heater that is on takes."""
    return min(max((coolant - 45) / 30, 0.0), 1.0)


@compiled
def quantile(counts: Counts, level: float, least: float, low: float, width: float) -> float:
    """Give a quantile from a histogram whose first bin stands for `low`; NaN below `least` samples."""
    total = 0
    for count in counts:
        total += count
    if total < max(least, 1):
        return np.nan
    place = level * (total - 1)
    before = 0
    for index in range(len(counts)):
        before += counts[index]
        if before > place:
            return low + width * index
    return np.nan


@compiled
def of_trip(values: FloatArray, length: int, stride: int, level: float, counts: Counts) -> float:
    """Give a quantile of a slow temperature over a trip; NaN where it was never read. `counts` [256] is overwritten."""
    counts[:] = 0
    seen = 0
    for now in range(0, length, stride):
        if not np.isnan(values[now]):
            counts[min(max(int(np.rint(values[now])) - _LOWEST, 0), _BINS - 1)] += 1
            seen += 1
    return quantile(counts, level, 1, _LOWEST, 1) if seen else np.nan


def empty_counts() -> Counts:
    return np.zeros(_BINS, dtype=np.int32)
