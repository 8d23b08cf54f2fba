"""Fuel vapour (faults.md B3, F15): the canister, its purge valve, and the pressure in the tank."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

_ANSWER_S, _HOLD_S = 9.0, 150.0  # how fast the tank follows an open purge valve, and how slowly it loses pressure
_FULL_PURGE = 1.0  # g/s of vapour and air at full vacuum

VAPOUR = np.dtype(
    [
        ("purges", np.float64),  # 1: the unit purges on this trip
        ("wanted", np.float64),  # %, where the ramp goes
        ("purge", np.float64),  # %, commanded
        ("flow", np.float64),  # g/s through the valve
        ("trim", np.float64),  # % of total trim that the vapour takes off
        ("pressure", np.float64),  # Pa in the tank over barometric
        ("leak", np.float64),  # mm
    ]
)


@compiled
def begin(car: Record, trip: Record, fault: Record, shape: Record, vapour: Record, dice: Dice) -> None:
    """Set the state of one trip before its first second."""
    vapour.purges = 1.0 if uniform(dice) < 0.85 else 0.0
    vapour.pressure = 12 * clip(trip.ambient - 5, 0.0, 40.0) * clip(trip.soak_h / 6, 0.0, 1.0)


@compiled
def step(
    car: Record, trip: Record, fault: Record, shape: Record, vapour: Record, allowed: bool, vacuum: float, dice: Dice
) -> None:
    """Open and close the canister's valve, as the Etios does: a minute or two each, by ramps.

    `allowed`: warm and in closed loop; `vacuum` 0..1 of manifold pressure under barometric.
    """
    switch, size = uniform(dice), uniform(dice)
    if vapour.wanted == 0:
        if switch < 1 / 45:
            vapour.wanted = clip(4 + 106 * size * np.sqrt(np.sqrt(size)), 0.0, 100.0) * vapour.purges
    elif switch < 1 / 100:
        vapour.wanted = 0.0
    vapour.purge = vapour.purge + clip(vapour.wanted - vapour.purge, -12.0, 6.0) if allowed else 0.0
    drawn = vapour.purge * 0.01 * clip(vacuum / 0.7, 0.0, 1.0)
    vapour.flow = _FULL_PURGE * drawn
    vapour.trim = trip.vapour * drawn
    # Vapour lifts the pressure until the relief valve of the cap, purge pulls it down to that of the canister's vent.
    rise = car.vapour_rise * clip((trip.ambient + 5) / 30, 0.1, 1.5)
    pulled = -car.vapour_pull * drawn
    share = 1 / _ANSWER_S if drawn > 0.01 else 1 / _HOLD_S
    vapour.pressure += ((pulled if drawn > 0.01 else rise) - vapour.pressure) * share + 4 * normal(dice)
    vapour.leak = 0.0
