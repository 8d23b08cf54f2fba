"""The pressure in the fuel tank: what purge draws it down to, and how well it holds (faults.md F15)."""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled

_OPEN, _SHUT = 10.0, 1.0  # % of purge
_AFTER_S, _WAIT_S = 4.0, 25.0  # behind a purge: when the vacuum is looked at, and how much later again
_REST_S = 30.0
_VACUUM_PA = 220.0  # less of it says nothing


@compiled
def follow_vapour(state: NDArray[np.float64], pressure: float, purge: float, step: float) -> None:
    """Follow a second of tank pressure in Pa and of purge in %.

    `state`: seconds since the purge shut (0 while it is open, below 0 before the first), the vacuum then, the sums of
    vacuum and of what was lost of it, their number, sum and number of pressures at rest, readings.
    """
    if np.isnan(pressure):
        return
    state[7] += 1
    if purge > _OPEN:
        state[0] = step
        return
    if not purge <= _SHUT:
        return
    if state[0] > 0:
        before, state[0] = state[0], state[0] + step
        if before < _AFTER_S <= state[0]:
            state[1] = pressure
        elif before < _AFTER_S + _WAIT_S <= state[0] and state[1] < -_VACUUM_PA:
            state[2] -= state[1]
            state[3] += pressure - state[1]
            state[4] += 1
    if state[0] == 0 or state[0] > _REST_S:
        state[5] += pressure
        state[6] += 1


@compiled
def add_vapour(state: NDArray[np.float64], step: float) -> tuple[float, float]:
    """Give the % of the vacuum that was lost, and the Pa at rest; NaN where a trip does not show them."""
    lost = 100 * state[3] / state[2] if state[4] >= 1 else np.nan
    return lost, state[5] / state[6] if state[6] * step >= _REST_S else np.nan
