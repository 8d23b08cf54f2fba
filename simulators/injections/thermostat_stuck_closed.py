"""A thermostat stuck closed or slow in a recorded trip (faults.md F02, B5)."""

import numpy as np

from ingest.readings import TripColumns
from simulators import recorded_heat

NEEDS = recorded_heat.NEEDS


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let the coolant rise where its thermostat would have had to open further or sooner."""
    return recorded_heat.with_fault(trip, "thermostat_stuck_closed", severity, rng)
