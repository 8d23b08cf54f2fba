"""A dripping injector or too high fuel pressure in a recorded trip (faults.md F11): rich where little fuel flows."""

import numpy as np

from ingest.readings import TripColumns
from simulators.trimming import AIR, TRIMS, rerailed, retrimmed, setting

NEEDS = (*TRIMS, (*AIR, "engine_load"))


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Take off the trims what drips in, or what a higher rail pressure brings; pressure falls while the engine stands.

    Not touched: how long the starter turns, for a recorded start is over in the same second.
    """
    of = setting(trip, "injector_leaking", severity, rng)
    return rerailed(retrimmed(trip, of), of)
