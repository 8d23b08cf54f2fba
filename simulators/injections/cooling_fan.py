"""A dead or weak cooling fan in a recorded trip (faults.md F05, B5)."""

import numpy as np

from ingest.readings import TripColumns
from simulators import recorded_heat

NEEDS = recorded_heat.NEEDS


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let the coolant rise where the fan would have cooled it."""
    return recorded_heat.with_fault(trip, "cooling_fan", severity, rng)
