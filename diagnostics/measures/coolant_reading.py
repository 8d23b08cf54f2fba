"""Which readings of the coolant sensor are the coolant's, and the first moment at which it is too hot (faults.md A2).

Coolant cannot leap: it moves by less than a kelvin in a second. A reading that does is the sensor's (F06), or that of
vapour at the sensor (F03), and is left out of all that is said of the coolant.
"""

from typing import Any

import numpy as np

from diagnostics.compiled import compiled

PLAUSIBLE_C = (-40.0, 130.0)
HOLD_S = 60.0  # coolant is slow: even a poll of twice a minute shows it
_REACH_K, _REACH_K_PER_S, _REACH_S = 5.0, 1.0, 30.0  # rounding and mixing; how fast; for how long a gap adds to it
_LEAP_K = 40.0  # more than vapour does
_ANEW_S, _ANEW_READINGS = 20.0, 3  # readings elsewhere that agree with each other: from there on it is believed again
_NEAR_S = 5.0  # between readings whose scatter counts
_SCATTER_C = 70.0
STOP_C, STOP_S, STOP_READINGS = 115.0, 10.0, 3  # faults.md A2, S0
_UNDONE_C = 105.0  # a sensor that leapt upwards is believed to be hot after it was below

Record = Any
READING = np.dtype(
    [
        ("believed", np.float64),  # degC, NaN before the first
        ("age", np.float64),  # s, of it
        ("other", np.float64),  # degC, the last reading that was not believed
        ("other_s", np.float64),  # for how long readings there have agreed
        ("others", np.int64),
        ("leapt", np.int64),  # 1: believed after a leap upwards
        ("before", np.float64),  # the two readings before, for their scatter
        ("before_s", np.float64),
        ("earlier", np.float64),
        ("earlier_s", np.float64),
        ("hot_s", np.float64),
        ("hot", np.int64),  # readings of at least `STOP_C` in a row
        ("readings", np.int64),
        ("wrong", np.int64),  # leaps, and values that no coolant has
        ("scatter", np.float64),
        ("scatters", np.int64),
    ]
)


@compiled
def begin(reading: Record) -> None:
    """Set the state before the first reading of a trip."""
    reading.believed = reading.other = reading.before = reading.earlier = np.nan
    reading.age = reading.other_s = reading.before_s = reading.earlier_s = reading.hot_s = reading.scatter = 0.0
    reading.others = reading.leapt = reading.hot = reading.readings = reading.wrong = reading.scatters = 0


@compiled
def take(reading: Record, value: float) -> None:
    """Take one reading, `reading.age` seconds after the last that was believed."""
    reading.readings += 1
    if not (PLAUSIBLE_C[0] < value < PLAUSIBLE_C[1]):
        reading.wrong += 1
        return
    _scatter(reading, value)
    off = abs(value - reading.believed)
    if not off > _REACH_K + _REACH_K_PER_S * min(reading.age, _REACH_S):
        _believe(reading, value)
        return
    reading.wrong += off > _LEAP_K
    if reading.others and abs(value - reading.other) <= _REACH_K:
        reading.others += 1
    else:
        reading.others, reading.other_s = 1, 0.0
    reading.other = value
    if reading.other_s >= _ANEW_S and reading.others >= _ANEW_READINGS:
        reading.leapt = 1 if value > reading.believed else 0
        _believe(reading, value)


@compiled
def _believe(reading: Record, value: float) -> None:
    if value < STOP_C:
        reading.hot, reading.hot_s = 0, 0.0
        reading.leapt = 0 if value < _UNDONE_C else reading.leapt
    elif reading.leapt == 0:
        reading.hot_s += reading.age if reading.hot else 0.0
        reading.hot += 1
    reading.believed, reading.age, reading.others = value, 0.0, 0


@compiled
def _scatter(reading: Record, value: float) -> None:
    """Add by how much the middle one of three readings is off the line through the outer ones."""
    near = 0 < reading.before_s <= _NEAR_S and 0 < reading.earlier_s <= _NEAR_S
    if near and reading.before > _SCATTER_C and abs(value - reading.before) < _LEAP_K:
        off = abs(value - 2 * reading.before + reading.earlier)
        if off < 2 * _LEAP_K:
            reading.scatter += off
            reading.scatters += 1
    reading.earlier, reading.earlier_s = reading.before, reading.before_s
    reading.before, reading.before_s = value, 0.0


@compiled
def too_hot(reading: Record) -> bool:
    """Tell whether the coolant has been at 115 degC or more for ten seconds of genuine readings."""
    return bool(reading.hot_s >= STOP_S and reading.hot >= STOP_READINGS)
