"""Spark: timing, and the firings that fail (faults.md B3, F12)."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

IGNITION = np.dtype(
    [
        ("misfire", np.float64),  # share of the firings that fail
        ("misfires", np.float64),  # of the last second
        ("roughness", np.float64),  # times the car's own restlessness at idle
        ("wobble", np.float64),  # rpm, of the idle speed about its target
    ]
)


@compiled
def timing(car: Record, engine_speed: float, load: float, idling: float, dice: Dice) -> float:
    """Give spark advance in degrees before top dead centre; `idling` 0..1."""
    driving = clip(14 + 0.006 * (engine_speed - 800) - 0.22 * (load - 35), 6.0, 36.0)
    return idling * car.idle_timing + (1 - idling) * driving + 1.6 * normal(dice)


@compiled
def fire(
    car: Record, fault: Record, shape: Record, spark: Record, engine_speed: float, load: float, dice: Dice
) -> None:
    """Draw how many of a second's firings fail."""
    firings = engine_speed * car.cylinders / 120
    spark.misfire = car.misfire
    expected = firings * spark.misfire
    whole = np.floor(expected)
    spark.misfires = whole + (1.0 if uniform(dice) < expected - whole else 0.0)
    spark.roughness = 1.0


@compiled
def wobble(car: Record, spark: Record, dice: Dice) -> float:
    """Give how far the engine speed is off its target in this second."""
    spark.wobble = 0.6 * spark.wobble + 0.8 * car.idle_noise * spark.roughness * normal(dice)
    return spark.wobble
