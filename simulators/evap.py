"""Fuel vapour (faults.md B3, F15): the canister, its purge valve, and the pressure in the tank."""

import numpy as np

from simulators import metering
from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

_ANSWER_S, _HOLD_S = 9.0, 150.0  # how fast the tank follows an open purge valve, and how slowly it loses pressure
_FULL_PURGE = 1.0  # g/s of vapour and air at full vacuum
_HOLE = 8.0  # per mm2 of a leak: how much faster the tank loses its pressure
_EMPTIES_S = 600.0  # a canister that is drawn from without a pause

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
    vapour.leak = fault.evap * (1 - shape.purge_stuck)
    held = 12 * clip(trip.ambient - 5, 0.0, 40.0) * clip(trip.soak_h / 6, 0.0, 1.0)
    vapour.pressure = held / (1 + _HOLE * vapour.leak * vapour.leak)


@compiled
def freshness(trip: Record, since_start: float) -> float:
    """Give the % of fuel by which the vapour of this trip differs from the car's usual: less as the canister empties.

    In % of the vapour's flow.
    """
    return 5 * (trip.vapour - 1) + 45 * (np.exp(np.float32(-since_start / _EMPTIES_S)) - 0.5)


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
    stuck = metering.stuck_purge(fault, shape, vacuum) / _FULL_PURGE
    vapour.flow = _FULL_PURGE * max(drawn, stuck)
    vapour.trim = trip.vapour * max(drawn - stuck, 0.0)  # a valve that stands open opens no further
    drawn = max(drawn, stuck)
    # Vapour lifts the pressure until the relief valve of the cap, purge pulls it down to that of the canister's vent.
    # Through a leak of 0.5 mm it goes three times as fast, to a third.
    loses = 1 + _HOLE * vapour.leak * vapour.leak
    rise = car.vapour_rise * clip((trip.ambient + 5) / 30, 0.1, 1.5) / loses
    pulled = -car.vapour_pull * drawn / (1 + vapour.leak * vapour.leak)
    share = 1 / _ANSWER_S if drawn > 0.01 else 1 - np.exp(np.float32(-loses / _HOLD_S))
    vapour.pressure += ((pulled if drawn > 0.01 else rise) - vapour.pressure) * share + 4 * normal(dice)
