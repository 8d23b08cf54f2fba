"""Too little coolant in a recorded trip (faults.md F03, B5)."""

import numpy as np

from ingest.readings import TripColumns
from simulators import recorded_heat

NEEDS = recorded_heat.NEEDS


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Let what coolant is left warm up faster and cool worse, and show vapour when little is left."""
    return recorded_heat.with_fault(trip, "coolant_leak", severity, rng)
