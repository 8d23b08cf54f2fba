"""A weak fuel pump in a recorded trip (faults.md F09, B3): what the lambda loop adds for the pressure that is gone."""

import numpy as np

from ingest.readings import TripColumns
from simulators.trimming import AIR, TRIMS, rerailed, retrimmed, setting

NEEDS = (*TRIMS, AIR)


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Lower the rail pressure by the flow of the measured air; pump and rail are those of a drawn car."""
    of = setting(trip, "fuel_pump", severity, rng)
    return rerailed(retrimmed(trip, of), of)
