"""Clogged injectors in a recorded trip (faults.md F10): lean alike at every flow; one of them alone shakes the idle."""

import numpy as np

from ingest.readings import TripColumns
from simulators.recorded import by_second, with_change
from simulators.trimming import AIR, TRIMS, retrimmed, setting

NEEDS = (*TRIMS, (*AIR, "engine_load"))
_MEAN_S = 9  # over which the idle's own speed is its mean


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Add to the trims what the injectors keep back; where it is one, widen the idle's restlessness by 1 + severity."""
    of = setting(trip, "injector_clogged", severity, rng)
    trip = retrimmed(trip, of)
    if of.rows[3]["injector_one"] == 0:
        return trip
    turning = by_second(trip, "engine_speed")
    mean = np.convolve(np.pad(turning, _MEAN_S // 2, mode="edge"), np.full(_MEAN_S, 1 / _MEAN_S), mode="valid")
    off = np.clip(turning - mean, -80, 80)  # what is more is a load that was switched
    calm = of.idling & of.told.running & (np.abs(turning - mean) < 80)
    return with_change(trip, "engine_speed", np.where(calm, severity * off, 0).astype(np.float32))
