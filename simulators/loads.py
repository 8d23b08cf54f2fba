"""Electrical consumers: light, weather and season choose which a trip uses, a random telegraph when they run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.readings import FloatArray
from simulators.chance import Dice, bits, streams, uniform
from simulators.compiled import Record, compiled
from simulators.conditions import Conditions
from simulators.population import Cars

_ALWAYS = 1e6  # s


@dataclass(frozen=True, slots=True)
class Load:
    """A consumer of `low`..`high` ampere.

    Its chance to be used in a trip is `share` plus what dark, wet, cold and hot add. In use it is on for `on_s` and
    off for `off_s` on average; a pulsing one beats too fast to be followed, so that a second catches it on or off.
    """

    name: str
    low: float
    high: float
    share: float
    dark: float
    wet: float
    cold: float
    hot: float
    on_s: float
    off_s: float
    pulsing: bool = False


# Currents and habits: engineering judgement. The flasher's beat is seen in the hazard-light minutes of carOBD.
LOADS: Sequence[Load] = (
    #     name               low high share dark  wet  cold  hot  on_s     off_s
    Load("lights", 8, 12, 0.15, 0.85, 0.5, 0.0, 0.0, _ALWAYS, 5),
    Load("rear_window_heater", 11, 19, 0.0, 0.0, 0.3, 0.6, 0.0, 480, 2400),
    Load("blower", 2, 13, 0.6, 0.0, 0.1, 0.3, 0.4, 600, 150),
    Load("air_conditioning", 7, 15, 0.12, 0.0, 0.3, 0.0, 0.85, 45, 25),
    Load("wipers", 3, 6, 0.0, 0.0, 0.9, 0.0, 0.0, 90, 30, pulsing=True),
    Load("seat_heaters", 5, 10, 0.0, 0.0, 0.0, 0.8, 0.0, 400, 300),
    Load("infotainment", 2, 8, 0.95, 0.0, 0.0, 0.0, 0.0, _ALWAYS, 5),
    Load("flasher", 4, 10, 0.8, 0.0, 0.0, 0.0, 0.0, 8, 90, pulsing=True),
    Load("hazard_lights", 6, 11, 0.04, 0.0, 0.02, 0.0, 0.0, 300, 200, pulsing=True),
    Load("power_steering", 6, 30, 0.7, 0.0, 0.0, 0.0, 0.0, 1.5, 40),
    Load("brake_lights", 2, 5, 1.0, 0.0, 0.0, 0.0, 0.0, 5, 20),
    Load("heavy_electrics", 12, 45, 0.7, 0.1, 0.0, 0.0, 0.0, 300, 120, pulsing=True),
)
_INDEX = {load.name: row for row, load in enumerate(LOADS)}
CLUTCH = _INDEX["air_conditioning"]
_ON_S, _OFF_S = (np.array([getattr(load, it) for load in LOADS], dtype=np.float32) for it in ("on_s", "off_s"))
_PULSING = np.array([load.pulsing for load in LOADS])


@dataclass(frozen=True, slots=True)
class Demand:
    """`current` in ampere with the engine on, `compressor` 1 while the A/C clutch is closed; both [time, trip]."""

    current: FloatArray
    compressor: FloatArray


def _column(name: str) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([[getattr(load, name)] for load in LOADS], dtype=np.float32)


def used(rng: np.random.Generator, cars: Cars, conditions: Conditions) -> FloatArray:
    """Give amperes [trip, load] of each consumer while on; 0 where the trip does not use it."""
    count = len(cars)
    cold = np.clip((12 - conditions.ambient) / 14, 0, 1)
    hot = np.clip((conditions.ambient - 18) / 8, 0, 1)
    chance = (
        _column("share")
        + _column("dark") * conditions.dark
        + _column("wet") * conditions.wet
        + _column("cold") * cold
        + _column("hot") * hot
    )
    low, high = _column("low"), _column("high")
    amperes = cars["load_scale"] * (low + (high - low) * rng.random((len(LOADS), count), dtype=np.float32))
    amperes[_INDEX["lights"]] *= 1 - 0.55 * cars["led_lights"]
    chance[_INDEX["seat_heaters"]] *= cars["heated_seats"]
    chance[_INDEX["heavy_electrics"]] *= cars["heavy_electrics"]
    taken = np.where(rng.random((len(LOADS), count), dtype=np.float32) < chance, amperes, 0)
    return np.ascontiguousarray(taken.T, dtype=np.float32)


@compiled
def begin(amperes: FloatArray, left: FloatArray, dice: Dice) -> None:
    """Draw which consumers of one trip are on: `left` [load] is the seconds until each switches, below 0 while off."""
    for load in range(len(amperes)):
        on = uniform(dice) < _ON_S[load] / (_ON_S[load] + _OFF_S[load])
        left[load] = _spell(_ON_S[load], dice) if on else -_spell(_OFF_S[load], dice)


@compiled
def _spell(mean_s: float, dice: Dice) -> float:
    """Draw a time, at least a second, of which no moment is likelier than another to be the last."""
    return 1 - mean_s * np.log(np.float32(1) - uniform(dice))


@compiled
def step(car: Record, amperes: FloatArray, left: FloatArray, dice: Dice) -> float:
    """Move all consumers of one trip by a second and give the ampere that they take."""
    beat = bits(dice)
    total = np.float32(0)
    for load in range(len(amperes)):
        remaining = left[load]
        if remaining > 0:
            # Each has a bit of the number for its beat.
            if not _PULSING[load] or (beat >> np.uint64(load)) & np.uint64(1):
                total += amperes[load]
            left[load] = remaining - 1 if remaining > 1 else -_spell(_OFF_S[load], dice)
        else:
            left[load] = remaining + 1 if remaining < -1 else _spell(_ON_S[load], dice)
    return car.base_current + total


@compiled
def _fill(cars: Record, amperes: FloatArray, dice: Dice, current: FloatArray, compressor: FloatArray) -> None:
    left = np.empty(amperes.shape[1], dtype=np.float32)
    for trip in range(len(amperes)):
        begin(amperes[trip], left, dice[trip])
        for second in range(current.shape[1]):
            compressor[trip, second] = 1.0 if left[CLUTCH] > 0 and amperes[trip, CLUTCH] > 0 else 0.0
            current[trip, second] = step(cars[trip], amperes[trip], left, dice[trip])


def draw_demand(rng: np.random.Generator, cars: Cars, conditions: Conditions, steps: int) -> Demand:
    """Draw what the consumers take in each second of each trip."""
    amperes = used(rng, cars, conditions)
    current = np.empty((len(cars), steps), dtype=np.float32)
    compressor = np.empty_like(current)
    _fill(cars.rows(), amperes, streams(rng, 1, len(cars))[0], current, compressor)
    return Demand(current.T, compressor.T)
