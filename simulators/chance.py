"""Random numbers inside the compiled loops: one stream (`dice`, uint64 [1]) for each trip and part of the vehicle.

SplitMix64 (Steele, Lea, Flood 2014). A part that draws more than before leaves the streams of the others alone. What is
drawn in a second must not depend on a fault: else a sick car and a healthy one of one seed differ in everything.
"""

import numpy as np
from numpy.typing import NDArray

from simulators.compiled import compiled

Dice = NDArray[np.uint64]
_GOLDEN, _FIRST, _SECOND = (np.uint64(it) for it in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_30, _27, _31, _11, _16, _32, _48 = (np.uint64(it) for it in (30, 27, 31, 11, 16, 32, 48))
_WORD = np.uint64(0xFFFF)
_UNIT = 2.0**-53
_MIDDLE, _SPREAD = 2.0 * 65535, 3**0.5 / 65536


@compiled
def bits(dice: Dice) -> np.uint64:
    """Draw 64 bits."""
    dice[0] += _GOLDEN
    mixed = dice[0]
    mixed = (mixed ^ (mixed >> _30)) * _FIRST
    mixed = (mixed ^ (mixed >> _27)) * _SECOND
    return mixed ^ (mixed >> _31)


@compiled
def uniform(dice: Dice) -> float:
    """Draw from 0 <= x < 1."""
    return float(bits(dice) >> _11) * _UNIT


@compiled
def normal(dice: Dice) -> float:
    """Draw a number of mean 0 and deviation 1, nearly normal: the sum of four 16-bit fields, never beyond 3.5."""
    drawn = bits(dice)
    total = (drawn & _WORD) + ((drawn >> _16) & _WORD) + ((drawn >> _32) & _WORD) + (drawn >> _48)
    return (float(total) - _MIDDLE) * _SPREAD


def streams(rng: np.random.Generator, parts: int, trips: int) -> NDArray[np.uint64]:
    """Give dice [part, trip, 1]."""
    return rng.integers(0, 2**64, size=(parts, trips, 1), dtype=np.uint64)
