"""A restricted exhaust in a recorded trip (faults.md F21): the faster the engine turns, the less it breathes."""

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.population import draw_cars
from simulators.recorded import by_second, engine, has, with_change

NEEDS = (("engine_speed",), ("mass_air_flow", "absolute_load", "intake_manifold_pressure"))
_LOST, _POWER = 0.35, (1.7, 2.4)  # of the filling at 5000 rpm; shape: how fast that grows with engine speed
_RESIDUAL_KPA = 6.5
_LEARNED = (0.3, 0.7)  # share of a mixture error that the cells hold, the rest is short-term
_SEA_KPA = 101.3


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Give the same power the same air, at a higher manifold pressure; with the throttle open less air.

    A speed-density unit takes the pressure for air: its load rises and its trims fall. A diesel has no throttle that
    could make up for it: its air falls.
    """
    told = engine(trip, draw_cars(rng, 1))
    power, learned = rng.uniform(*_POWER), rng.uniform(*_LEARNED)
    lost = np.clip(_LOST * severity * (told.speed / 5000) ** power, 0, 0.8) * told.running
    kept = (1 - lost).astype(np.float32)
    flow = np.ones_like(kept)
    if has(trip, "intake_manifold_pressure") and told.throttled:
        pressure = by_second(trip, "intake_manifold_pressure")
        around = by_second(trip, "barometric_pressure") if has(trip, "barometric_pressure") else _SEA_KPA
        needed = _RESIDUAL_KPA + np.clip(pressure - _RESIDUAL_KPA, 0, None) / kept
        higher = np.minimum(needed, np.maximum(pressure, around))
        flow = kept * np.clip(higher - _RESIDUAL_KPA, 0.1, None) / np.clip(pressure - _RESIDUAL_KPA, 0.1, None)
        flow = np.where(told.running, flow, 1).astype(np.float32)
        trip = with_change(trip, "intake_manifold_pressure", ((higher - pressure) * told.running).astype(np.float32))
    else:
        flow = _short_of_air(kept, told.load, throttled=told.throttled)
    speed_density = not has(trip, "mass_air_flow") and has(trip, "intake_manifold_pressure")
    for name in ("mass_air_flow", "absolute_load", "engine_load"):
        if has(trip, name):
            gain = flow / kept if speed_density else flow
            trip = with_change(
                trip, name, by_second(trip, name) * (gain - 1), np.inf if name == "mass_air_flow" else 100
            )
    return _corrected(trip, kept, learned) if speed_density else trip


def _short_of_air(kept: FloatArray, load: FloatArray, *, throttled: bool) -> FloatArray:
    """Give the air over before: a throttle makes up for it as long as it is not open."""
    share = np.clip((load - 75) / 20, 0, 1) if throttled else 1.0
    short: FloatArray = (1 - share * (1 - kept)).astype(np.float32)
    return short


def _corrected(trip: TripColumns, kept: FloatArray, learned: float) -> TripColumns:
    """Take the fuel off that speed-density metering gives too much."""
    parts = {"short_term_fuel_trim_1": 1 - learned, "long_term_fuel_trim_1": learned}
    for name, part in parts.items():
        if has(trip, name):
            trim = by_second(trip, name)
            loop = trim != 0 if part == 1 - learned else True
            trip = with_change(trip, name, np.where(loop, part * 100 * (kept - 1), 0).astype(np.float32), 25)
    return trip
