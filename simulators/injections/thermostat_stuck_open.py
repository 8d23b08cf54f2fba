"""A thermostat stuck open in a recorded trip (faults.md F01, B5): the coolant model with and without the leak."""

import numpy as np

from ingest.readings import TripColumns
from simulators import recorded_heat

NEEDS = (*recorded_heat.NEEDS, ("ambient_air_temperature", "intake_air_temperature"))


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Take off the coolant, and the intake air, what the leak takes off them in the model."""
    return recorded_heat.with_fault(trip, "thermostat_stuck_open", severity, rng)
