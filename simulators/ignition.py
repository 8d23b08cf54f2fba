"""Spark: timing, and the firings that fail (faults.md B3, F12)."""

import numpy as np

from simulators.chance import Dice, normal, uniform
from simulators.compiled import Record, clip, compiled

IGNITION = np.dtype(
    [
        ("misfire", np.float64),  # share of the firings that fail
        ("misfires", np.float64),  # of the last second
        ("seen", np.float64),  # of these, the ones just before the instant at which sensors are read
        ("bad", np.float64),  # 1 while a coil that fails now and then does not fire
        ("roughness", np.float64),  # times the car's own restlessness at idle
        ("wobble", np.float64),  # rpm, of the idle speed about its target
    ]
)
_BURST_S, _BURST_SHARE = 15.0, 0.35  # how long a coil that comes and goes is gone, and how much of the time
_SEEN_S = 0.25  # for which a failed firing is felt in the engine speed


@compiled
def timing(car: Record, engine_speed: float, load: float, idling: float, dice: Dice) -> float:
    """Give spark advance in degrees before top dead centre; `idling` 0..1."""
    driving = clip(14 + 0.006 * (engine_speed - 800) - 0.22 * (load - 35), 6.0, 36.0)
    return idling * car.idle_timing + (1 - idling) * driving + 1.6 * normal(dice)


@compiled
def begin(spark: Record, dice: Dice) -> None:
    """Set the state of one trip before its first second."""
    spark.bad = 1.0 if uniform(dice) < _BURST_SHARE else 0.0


@compiled
def share(fault: Record, shape: Record, load: float, coolant: float) -> float:
    """Give the share of the firings that fail at `load` in % by F12, over the time of a coil that comes and goes.

    A tracking plug that is wet with cold fuel fails before the engine is warm; warm, next to nothing is left of it.
    """
    failing = 0.10 * fault.misfire * fault.misfire * (3.0 if load > 60 else 1.0)
    if shape.misfire_cold > 0:
        failing *= 0.15 + 1.85 * clip((65 - coolant) / 30, 0.0, 1.0)
    return clip(failing, 0.0, 0.6)


@compiled
def fire(
    car: Record, fault: Record, shape: Record, spark: Record, engine_speed: float, load: float, coolant: float,
    dice: Dice,
) -> None:  # fmt: skip
    """Draw how many of a second's firings fail."""
    firings = engine_speed * car.cylinders / 120
    switches, chance, when = uniform(dice), uniform(dice), uniform(dice)
    if switches < (1 / _BURST_S if spark.bad > 0 else _BURST_SHARE / (1 - _BURST_SHARE) / _BURST_S):
        spark.bad = 1 - spark.bad
    failing = share(fault, shape, load, coolant)
    if shape.misfire_coil > 0:
        failing = clip(failing / _BURST_SHARE, 0.0, 1 / car.cylinders) if spark.bad > 0 else 0.0
    spark.misfire = car.misfire + failing
    expected = firings * spark.misfire
    whole = np.floor(expected)
    spark.misfires = whole + (1.0 if chance < expected - whole else 0.0)
    spark.seen = min(np.floor(spark.misfires * _SEEN_S + when), 3.0)
    spark.roughness = 1 + 6 * failing + fault.injector_clogged * shape.injector_one


@compiled
def gap(spark: Record, engine_speed: float, speed_kmh: float, dice: Dice) -> float:
    """Give in rpm how far the engine speed is below its mean where it is read: 1 to 3 % behind a firing that failed.

    In gear the car's mass holds it up; the mean is the idle governor's or the driver's to keep.
    """
    depth = (0.01 + 0.02 * uniform(dice)) * spark.seen - 0.02 * _SEEN_S * spark.misfires
    return engine_speed * depth * (1.0 if speed_kmh < 1 else 0.35)


@compiled
def wobble(car: Record, spark: Record, dice: Dice) -> float:
    """Give how far the engine speed is off its target in this second."""
    spark.wobble = 0.6 * spark.wobble + 0.8 * car.idle_noise * spark.roughness * normal(dice)
    return spark.wobble
