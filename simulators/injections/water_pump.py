"""A worn water pump in a recorded trip (faults.md F04, B5)."""

import numpy as np

from ingest.readings import TripColumns
from simulators import recorded_heat

NEEDS = recorded_heat.NEEDS


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let the coolant rise where the pump moves too little of it through radiator and heater."""
    return recorded_heat.with_fault(trip, "water_pump", severity, rng)
