"""What the tank holds in each trip and what the fuel trims remember of it: refuelling, and resets of the unit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray

_REFUEL_SHARE = 0.15  # of the trips begin behind a filling station
_OTHER_SHARE = 0.1  # of the fillings are of another ethanol share
_OTHER = (3.0, 9.0)  # % of total trim, either way (faults.md B3)
_RESET_SHARE = 0.008  # of the trips follow a disconnected battery or cleared codes
_LEARNED = 0.8  # share of what is missing that a trip learns


@dataclass(frozen=True, slots=True)
class Tank:
    """All [trip]. Shifts are in % of total trim."""

    shift: FloatArray  # by the fuel that is burnt in this trip, and the weather
    known: FloatArray  # shift that the long-term trim had learned before it
    memory: FloatArray  # share of everything else it had learned before; 0 after a reset
    vapour: FloatArray  # what full purge would take off the trims at closed throttle; below 0: it adds air


def draw_tank(rng: np.random.Generator, car: NDArray[np.int64], refuelled: NDArray[np.bool_] | None = None) -> Tank:
    """Draw the tank of trips in order of time; trips of one `car` [trip] follow each other.

    `refuelled` [trip]: which begin behind a filling station, when that is known.
    """
    count = len(car)
    filled, other, reset = (rng.random(count) < share for share in (_REFUEL_SHARE, _OTHER_SHARE, _RESET_SHARE))
    filled = filled if refuelled is None else refuelled
    usual = rng.normal(0, 0.6, count)
    strange = rng.uniform(*_OTHER, count) * rng.choice((-1.0, 1.0), count)
    fuel = np.where(other, strange, usual)
    shift, known, memory = (np.empty(count) for _ in range(3))
    state: dict[int, tuple[float, float, float]] = {}
    for trip, number in enumerate(car.tolist()):
        first = number not in state
        now, learned, share = state.get(number, (float(fuel[trip]), float(fuel[trip]), _LEARNED))
        if filled[trip] and not first:
            now = float(fuel[trip])
        if reset[trip]:
            learned = share = 0.0
        shift[trip], known[trip], memory[trip] = now, learned, share
        state[number] = now, learned + _LEARNED * (now - learned), share + _LEARNED * (_LEARNED - share)
    return Tank(
        (shift + rng.normal(0, 1.3, count)).astype(np.float32),
        known.astype(np.float32),
        memory.astype(np.float32),
        rng.normal(1.0, 3.5, count).astype(np.float32),
    )
