"""A clogged air filter in a recorded trip (faults.md F26): pressure lost before the throttle, felt where it is open."""

import numpy as np

from ingest.readings import TripColumns
from simulators.population import draw_cars
from simulators.recorded import NotInjectable, by_second, engine, has, with_change

NEEDS = (("engine_speed",), ("intake_manifold_pressure", "absolute_load"))
_DROP_KPA = (0.5, 6.0)  # at 100 g/s and severity 1
_OPEN = 0.97  # of barometric, what an open throttle leaves of it
_RESIDUAL_KPA, _SEA_KPA = 6.5, 101.3


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Take dp = (MAF/100)^2 * (0.5 to 6)*s off what the open throttle lets through; a closed one opens and hides it.

    Where the trip does not tell its air flow it is that of a drawn engine. A compressor passes the loss on multiplied.
    """
    told, most = engine(trip, draw_cars(rng, 1)), rng.uniform(*_DROP_KPA)
    air = by_second(trip, "mass_air_flow") if has(trip, "mass_air_flow") else told.air
    if air is None:
        raise NotInjectable("the trip has neither air flow, nor manifold pressure, nor load")
    drop = most * severity * (air / 100) ** 2
    around = by_second(trip, "barometric_pressure") if has(trip, "barometric_pressure") else np.float32(_SEA_KPA)
    if has(trip, "intake_manifold_pressure"):
        pressure = by_second(trip, "intake_manifold_pressure")
        ratio = np.maximum(pressure / around, 1)
        least = np.maximum(pressure, _OPEN * around)  # what stands before the throttle, behind a compressor if any
        wide = pressure >= 0.9 * around
        lower = np.where(wide & told.running, np.minimum(pressure, least - drop * ratio), pressure)
        kept = np.clip(lower - _RESIDUAL_KPA, 0.1, None) / np.clip(pressure - _RESIDUAL_KPA, 0.1, None)
        trip = with_change(trip, "intake_manifold_pressure", (lower - pressure).astype(np.float32))
    else:
        kept = np.where(told.load > 85, 1 - drop / around, 1)
    for name in ("mass_air_flow", "absolute_load", "engine_load"):
        if has(trip, name):
            trip = with_change(trip, name, (by_second(trip, name) * (kept - 1)).astype(np.float32))
    return trip
