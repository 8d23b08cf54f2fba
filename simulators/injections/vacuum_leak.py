"""A leak behind the air flow meter in a recorded trip (faults.md F08), or in one of a car without such a meter."""

import numpy as np

from ingest.readings import TripColumns
from simulators.trimming import AIR, TRIMS, rebreathed, retrimmed, setting

NEEDS = (("engine_speed",), AIR)


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let in air by the manifold's vacuum, not metered or seen by the pressure; throttle and idle speed answer."""
    of = setting(trip, "vacuum_leak", severity, rng)
    if all(name in trip.signals for (name,) in TRIMS):
        trip = retrimmed(trip, of)
    return rebreathed(trip, of)
