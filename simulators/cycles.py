"""Speed over time: the regulatory cycles, cut into micro-trips from stop to stop and spliced into new trips."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray

Counts = NDArray[np.int64]
CYCLES: Sequence[str] = ("hwfet", "nedc", "udds", "us06", "wltc_3b")
_PARKED_SHARE = 0.05  # trips that never leave the spot, as the "idle" recordings of carOBD
_BRAKING = 6.0  # km/h per second at the end of a trip cut short


@dataclass(frozen=True, slots=True)
class Roads:
    """What trips are spliced from.

    `cycles`: names, or seconds of one, "wltc_3b[0:589]". A trip's pieces are of about one of `styles_kmh`. Each trip
    is driven some `gain` faster than the cycle, and `stretch` longer in time.
    """

    cycles: tuple[str, ...] = tuple(CYCLES)
    styles_kmh: tuple[float, ...] = (17.0, 28.0, 45.0, 80.0)  # jam, city, mixed, motorway
    style_shares: tuple[float, ...] = (0.15, 0.40, 0.30, 0.15)
    gain: tuple[float, float] = (0.85, 1.1)
    stretch: tuple[float, float] = (0.9, 1.25)


ALL_ROADS = Roads()


@cache
def speed_table(cycle: str) -> FloatArray:
    """Give the speeds of a regulatory cycle in km/h at 1 Hz."""
    lines = (files("simulators") / "cycles" / f"{cycle}.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    return np.array([line.split(",")[1] for line in lines], dtype=np.float32)


def phases(cycle: str) -> tuple[str, slice]:
    """Read "wltc_3b[0:589]": the name of the cycle, and which of its seconds."""
    read = re.fullmatch(r"(\w+)(?:\[(\d+):(\d+)\])?", cycle)
    if read is None:
        raise ValueError(f"{cycle!r} is neither a cycle nor seconds of one, NAME[FIRST:LAST]")
    name, begin, end = read.groups()
    return name, slice(None if begin is None else int(begin), None if end is None else int(end))


@cache
def micro_trips(cycles: tuple[str, ...] = tuple(CYCLES)) -> tuple[FloatArray, ...]:
    """Give all stretches from stop to stop of some cycles, each beginning and ending at 0 km/h."""
    found: list[FloatArray] = []
    for cycle in cycles:
        name, seconds = phases(cycle)
        speed = np.concatenate([[0], speed_table(name)[seconds], [0]]).astype(np.float32)
        moving = np.flatnonzero(np.diff((speed > 0).astype(np.int8)))
        for begin, end in zip(moving[::2], moving[1::2], strict=True):
            if end - begin >= 10:
                found.append(speed[begin : end + 2])
    return tuple(found)


@cache
def _choices(roads: Roads) -> NDArray[np.float64]:
    """Give [style, piece] the cumulated chance of each piece."""
    means = np.log([float(piece.mean()) for piece in micro_trips(roads.cycles)])
    weights = np.exp(-(((means - np.log(roads.styles_kmh)[:, None]) / 0.5) ** 2))
    weights /= weights.sum(axis=1, keepdims=True)
    sums = np.cumsum(weights, axis=1)
    cumulated: NDArray[np.float64] = sums / sums[:, -1:]
    return cumulated


def splice(
    rng: np.random.Generator, duration_s: Counts, lead_s: Counts, tail_s: Counts, roads: Roads = ALL_ROADS
) -> FloatArray:
    """Make trips of `duration_s` seconds: km/h [time, trip] at 1 Hz, NaN behind the end of a trip.

    The car stands for at least the first `lead_s` and the last `tail_s` seconds.
    """
    speed = np.full((len(duration_s), int(duration_s.max())), np.nan, dtype=np.float32)
    for trip, (seconds, lead, tail) in enumerate(zip(duration_s, lead_s, tail_s, strict=True)):
        speed[trip, :seconds] = 0
        speed[trip, lead : seconds - tail] = _ride(rng, int(seconds - tail - lead), roads)
    return speed.T


def _ride(rng: np.random.Generator, seconds: int, roads: Roads) -> FloatArray:
    pieces = micro_trips(roads.cycles)
    speed = np.zeros(seconds, dtype=np.float32)
    parked = rng.random() < _PARKED_SHARE
    style = int(rng.choice(len(roads.styles_kmh), p=roads.style_shares))
    chances = _choices(roads)[style]
    gain, stretch = rng.uniform(*roads.gain), rng.uniform(*roads.stretch)
    at = int(rng.lognormal(2.2, 0.7))
    while at < seconds - 15 and not parked:
        piece = pieces[int(chances.searchsorted(rng.random(), side="right"))]
        ride = gain * np.interp(np.arange(0, len(piece), 1 / stretch), np.arange(len(piece)), piece)
        room = min(len(ride), seconds - at)
        speed[at : at + room] = ride[:room]
        at += room + int(rng.lognormal(2.3, 0.9))
    brake = _BRAKING * np.arange(seconds - 1, -1, -1, dtype=np.float32)
    stopping: FloatArray = np.minimum(speed, brake)
    return stopping
