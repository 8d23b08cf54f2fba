"""Speed over time: the regulatory cycles, cut into micro-trips from stop to stop and spliced into new trips."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray

Counts = NDArray[np.int64]
CYCLES: Sequence[str] = ("hwfet", "nedc", "udds", "us06", "wltc_3b")
_STYLES_KMH = np.array([17.0, 28.0, 45.0, 80.0])  # jam, city, mixed, motorway
_STYLE_SHARES = np.array([0.15, 0.40, 0.30, 0.15])
_PARKED_SHARE = 0.05  # trips that never leave the spot, as the "idle" recordings of carOBD
_BRAKING = 6.0  # km/h per second at the end of a trip cut short


@cache
def speed_table(cycle: str) -> FloatArray:
    """Give the speeds of a regulatory cycle in km/h at 1 Hz."""
    lines = (files("simulators") / "cycles" / f"{cycle}.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    return np.array([line.split(",")[1] for line in lines], dtype=np.float32)


@cache
def micro_trips() -> tuple[FloatArray, ...]:
    """Give all stretches from stop to stop of all cycles, each beginning and ending at 0 km/h."""
    found: list[FloatArray] = []
    for cycle in CYCLES:
        speed = np.concatenate([[0], speed_table(cycle), [0]]).astype(np.float32)
        moving = np.flatnonzero(np.diff((speed > 0).astype(np.int8)))
        for begin, end in zip(moving[::2], moving[1::2], strict=True):
            if end - begin >= 10:
                found.append(speed[begin : end + 2])
    return tuple(found)


def splice(rng: np.random.Generator, duration_s: Counts, lead_s: Counts, tail_s: Counts) -> FloatArray:
    """Make trips of `duration_s` seconds: km/h [time, trip] at 1 Hz, NaN behind the end of a trip.

    The car stands for at least the first `lead_s` and the last `tail_s` seconds.
    """
    speed = np.full((int(duration_s.max()), len(duration_s)), np.nan, dtype=np.float32)
    means = np.log([float(piece.mean()) for piece in micro_trips()])
    for trip, (seconds, lead, tail) in enumerate(zip(duration_s, lead_s, tail_s, strict=True)):
        speed[:seconds, trip] = 0
        speed[lead : seconds - tail, trip] = _ride(rng, int(seconds - tail - lead), means)
    return speed


def _ride(rng: np.random.Generator, seconds: int, log_means: NDArray[np.float64]) -> FloatArray:
    pieces = micro_trips()
    speed = np.zeros(seconds, dtype=np.float32)
    parked = rng.random() < _PARKED_SHARE
    style = rng.choice(_STYLES_KMH, p=_STYLE_SHARES)
    weights = np.exp(-(((log_means - np.log(style)) / 0.5) ** 2))
    weights /= weights.sum()
    gain, stretch = rng.uniform(0.85, 1.1), rng.uniform(0.9, 1.25)
    at = int(rng.lognormal(2.2, 0.7))
    while at < seconds - 15 and not parked:
        piece = pieces[rng.choice(len(pieces), p=weights)]
        ride = gain * np.interp(np.arange(0, len(piece), 1 / stretch), np.arange(len(piece)), piece)
        room = min(len(ride), seconds - at)
        speed[at : at + room] = ride[:room]
        at += room + int(rng.lognormal(2.3, 0.9))
    brake = _BRAKING * np.arange(seconds - 1, -1, -1, dtype=np.float32)
    stopping: FloatArray = np.minimum(speed, brake)
    return stopping
