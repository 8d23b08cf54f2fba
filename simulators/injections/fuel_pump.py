"""A weak fuel pump in a recorded trip (faults.md F09, B3): what the lambda loop adds for the pressure that is gone."""

from dataclasses import replace

import numpy as np

from ingest.readings import TripColumns
from simulators.population import Cars
from simulators.trimming import AIR, TRIMS, rerailed, retrimmed, setting

NEEDS = (*TRIMS, AIR)
_SCARCE = 0.5  # share of the pumps that have less to spare than those of simulated cars: weak, they starve the idle too
_HEAD = (1.15, 1.95)  # pressure at no flow over that of the rail


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Lower the rail pressure by the flow of the measured air; pump and rail are those of a drawn car."""
    of = setting(trip, "fuel_pump", severity, rng)
    head = rng.uniform(*_HEAD)
    if rng.random() < _SCARCE:
        of = replace(of, cars=Cars({**of.cars.values, "pump_head": np.full(1, head, dtype=np.float32)}))
    return rerailed(retrimmed(trip, of), of)
