"""Whether a trip holds what the physics of a fault needs: `minimum_signals` of the fault table."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from diagnostics.compiled import compiled
from diagnostics.faults import FAULTS
from ingest.readings import Block, FloatArray

BoolArray = NDArray[np.bool_]


def observable(block: Block, faults: Iterable[str]) -> dict[str, BoolArray]:
    """Tell `[trip]` by fault whether the trip has a reading of one signal of every group the fault needs."""
    needed = {signal for fault in faults for group in FAULTS[fault].minimum_signals for signal in group}
    there = {name: _any_reading(block.signal(name)) for name in sorted(needed & set(block.signals))}
    trips = block.values.shape[2]
    nowhere = np.zeros(trips, dtype=np.bool_)
    made = {}
    for fault in faults:
        held = np.ones(trips, dtype=np.bool_)
        for group in FAULTS[fault].minimum_signals:
            held &= np.any([there.get(name, nowhere) for name in group], axis=0)
        made[fault] = held
    return made


@compiled
def _any_reading(values: FloatArray) -> BoolArray:
    """Tell which trips of `values[time, trip]` have any: most show it in the first seconds, and no more is read."""
    found = np.zeros(values.shape[1], dtype=np.bool_)
    missing = values.shape[1]
    for time in range(values.shape[0]):
        if missing == 0:
            break
        for trip in range(values.shape[1]):
            if not found[trip] and not np.isnan(values[time, trip]):
                found[trip] = True
                missing -= 1
    return found
