"""Electrical consumers: light, weather and season choose which a trip uses, a random telegraph when they run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.readings import FloatArray
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


@dataclass(frozen=True, slots=True)
class Demand:
    """`current` in ampere with the engine on, `compressor` 1 while the A/C clutch is closed; both [time, trip]."""

    current: FloatArray
    compressor: FloatArray


def _column(name: str) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([[getattr(load, name)] for load in LOADS], dtype=np.float32)


def _used(rng: np.random.Generator, cars: Cars, conditions: Conditions) -> FloatArray:
    """Give amperes [load, trip] of each consumer while on; 0 where the trip does not use it."""
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
    used: FloatArray = np.where(rng.random((len(LOADS), count), dtype=np.float32) < chance, amperes, 0).astype(
        np.float32
    )
    return used


def draw_demand(rng: np.random.Generator, cars: Cars, conditions: Conditions, steps: int) -> Demand:
    """Draw what the consumers take in each second of each trip."""
    amperes = _used(rng, cars, conditions)
    on_s, off_s = _column("on_s"), _column("off_s")
    pulsing = np.array([[load.pulsing] for load in LOADS])
    on = rng.random(amperes.shape, dtype=np.float32) < on_s / (on_s + off_s)
    current = np.empty((steps, len(cars)), dtype=np.float32)
    compressor = np.empty_like(current)
    clutch = _INDEX["air_conditioning"]
    for step in range(steps):
        chance = rng.random(amperes.shape, dtype=np.float32)
        on = on ^ (chance < np.where(on, 1 / on_s, 1 / off_s))
        # The same number serves the beat: far from the small switching chances it is as good as a fresh one.
        beating = on & (~pulsing | (chance > 0.5))
        current[step] = cars["base_current"] + (amperes * beating).sum(axis=0)
        compressor[step] = on[clutch] & (amperes[clutch] > 0)
    return Demand(current, compressor)
