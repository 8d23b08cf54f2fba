"""Whether a trip holds what the physics of a fault needs: `minimum_signals` of the fault table."""

from collections.abc import Iterable

import numpy as np

from diagnostics.faults import FAULTS
from diagnostics.held import BoolArray, Held


def observable(held: Held, faults: Iterable[str]) -> dict[str, BoolArray]:
    """Tell `[trip]` by fault whether the trip has a reading of one signal of every group the fault needs."""
    made = {}
    for fault in faults:
        there = np.ones(held.trips, dtype=np.bool_)
        for group in FAULTS[fault].minimum_signals:
            there &= np.any([held.shown(name) for name in group], axis=0)
        made[fault] = there
    return made
