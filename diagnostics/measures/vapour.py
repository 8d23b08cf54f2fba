"""The pressure in the fuel tank: what purge draws it down to, and how well it holds (faults.md F15)."""

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled

_OPEN, _SHUT = 10.0, 1.0  # % of purge
_AFTER_S, _WAIT_S = 4.0, 25.0  # behind a purge: when the vacuum is looked at, and how much later again
_REST_S = 30.0
_VACUUM_PA = 220.0  # less of it says nothing
_ANSWERS_S, _DRAWS = 9.0, 0.1  # in which the tank follows a purge, and the share of full purge from which that shows
_DRAWN_S, _LEAST_PA = 15.0, 50.0  # of full purge, for an answer; less vacuum is none
VAPOUR = 11  # numbers of the state


@compiled
def follow_vapour(state: NDArray[np.float64], pressure: float, purge: float, vacuum: float, step: float) -> None:
    """Follow a second of tank pressure in Pa, of purge in % and of the vacuum in the manifold, 0..1.

    `state`: seconds since the purge shut (0 while it is open, below 0 before the first), the vacuum then, the sums of
    vacuum and of what was lost of it, their number, sum and number of pressures at rest, readings, what is drawn as
    the tank has followed it, and the sums of that and of the vacuum under it.
    """
    if np.isnan(pressure) or np.isnan(purge):
        return
    state[7] += 1
    drawn = 0.01 * purge * min(max(vacuum, 0.0) / 0.7, 1.0)
    state[8] += min(step / _ANSWERS_S, 1.0) * (drawn - state[8])
    if state[8] > _DRAWS:
        state[9] += state[8]
        state[10] -= pressure
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
def add_vapour(state: NDArray[np.float64], step: float) -> tuple[float, float, float]:
    """Give the % of the vacuum that was lost, the Pa at rest, and the log % of the vacuum that full purge draws.

    NaN where a trip does not show them.
    """
    lost = 100 * state[3] / state[2] if state[4] >= 1 else np.nan
    pull = 100 * np.log(max(state[10] / state[9], _LEAST_PA)) if state[9] * step >= _DRAWN_S else np.nan
    return lost, state[5] / state[6] if state[6] * step >= _REST_S else np.nan, pull
