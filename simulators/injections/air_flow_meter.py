"""A dirty air flow meter in a recorded trip (faults.md F07): less air shows, or at low flow more; the trims follow."""

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators import metering
from simulators.compiled import Record, compiled
from simulators.recorded import by_second, has, with_change
from simulators.trimming import TRIMS, retrimmed, setting

NEEDS = (("mass_air_flow",), ("engine_speed",))
_FOLLOW = ("mass_air_flow", "mass_air_flow_a", "absolute_load", "engine_load")  # what the unit makes of its meter


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Change what the meter says, and the loads that follow from it, by its gain at the air of each second."""
    of = setting(trip, "air_flow_meter", severity, rng)
    if all(name in trip.signals for (name,) in TRIMS):
        trip = retrimmed(trip, of)
    car, _, fault, shape = of.rows
    gain = np.empty(len(of.idling), dtype=np.float32)
    _gain(car, fault, shape, of.air, gain)
    for name in _FOLLOW:
        if has(trip, name):
            trip = with_change(trip, name, by_second(trip, name) * (gain - 1))
    return trip


@compiled
def _gain(car: Record, fault: Record, shape: Record, air: FloatArray, gain: FloatArray) -> None:
    for second in range(len(air)):
        gain[second] = metering.meter_gain(car, fault, shape, air[second])
