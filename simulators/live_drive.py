"""A simulated car that drives on and on behind an ELM327: what its control units know, drive after drive."""

import time
from collections.abc import Callable
from datetime import datetime

import numpy as np

from ingest.readings import TripColumns
from simulators.garage import Character, drive
from simulators.played_trip import EndlessDrive, Monotonic

_SHORTEST_S, _LONGEST_S = 600, 1200


def endless_drive(
    character: Character, severity: Callable[[int], float], now: Callable[[], datetime], *, seed: int = 0,
    speed: float = 1.0, parked_s: float = 60.0, monotonic: Monotonic = time.monotonic,
) -> EndlessDrive:  # fmt: skip
    """Give a source of values for the car's control units, 1 Hz, ten to twenty minutes a drive.

    `severity` of the number of a drive (from 0) is that of the character's fault. `now` tells at what time of the
    year and day a drive begins (aware UTC). The same seed and times give the same drives. Close it in the end.
    """

    def driven(number: int) -> TripColumns:
        seconds = int(np.random.default_rng([seed, number]).integers(_SHORTEST_S, _LONGEST_S))
        return drive(character, severity(number), now(), seconds, seed * 1_000_003 + number)

    return EndlessDrive(driven, speed=speed, parked_s=parked_s, monotonic=monotonic)
