"""A weak fuel pump in a recorded trip (faults.md F09, B3): what the lambda loop adds for the pressure that is gone."""

from collections.abc import Mapping

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators.fuelling import (
    LIMIT,
    STOICHIOMETRIC,
    LambdaLoop,
    learned_shortage,
    load_cell,
    missing_fuel,
    pressure_share,
)
from simulators.population import Cars, draw_cars
from simulators.recorded import Engine, by_second, circumstances, engine, has, with_change

NEEDS = (
    ("short_term_fuel_trim_1",),
    ("long_term_fuel_trim_1",),
    ("engine_speed",),
    ("mass_air_flow", "intake_manifold_pressure"),
)
_SHORT, _LONG, _RAIL = "short_term_fuel_trim_1", "long_term_fuel_trim_1", "fuel_pressure"
_MEMORY = 0.8  # share of the shortage that the cells had learned on the trips before
_OPEN_S = 25.0


def inject(trip: TripColumns, severity: float, rng: np.random.Generator) -> TripColumns:
    """Add to the trims what a lambda loop with learned cells needs where the pump falls short; +-25 % at most.

    The fuel flow is that of the measured air; pump and rail are those of a drawn car.
    """
    cars = draw_cars(rng, 1)
    conditions = circumstances(trip, cars, rng)
    if has(trip, "intake_manifold_pressure"):
        boosted = float(np.nanpercentile(trip.signals["intake_manifold_pressure"], 99.5)) > 115
        cars = Cars({**cars.values, "turbocharged": np.full(1, boosted, dtype=np.float32)})
    told = engine(trip, cars)
    if told.air is None:
        raise ValueError("the trip has neither mass_air_flow nor intake_manifold_pressure")
    grade = np.full(1, severity, dtype=np.float32)
    share = pressure_share(cars, grade, told.air / np.float32(STOICHIOMETRIC), conditions.ambient)
    learned = _MEMORY * learned_shortage(cars, grade, conditions.ambient)
    idling = told.speed < 1000
    if has(trip, "vehicle_speed"):
        idling &= by_second(trip, "vehicle_speed") < 1
    added = _loop(LambdaLoop(learned), told, missing_fuel(share), idling)
    for name, more in added.items():
        trip = with_change(trip, name, np.where(told.running, more, 0).astype(np.float32), LIMIT)
    return with_change(trip, _RAIL, by_second(trip, _RAIL) * (share - 1)) if has(trip, _RAIL) else trip


def _loop(
    loop: LambdaLoop, told: Engine, missing: FloatArray, idling: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Mapping[str, FloatArray]:
    """Give [second] what the loop adds to each trim."""
    cells = load_cell(told.load, idling)
    closed = told.running & (told.since_start > _OPEN_S)
    silent = np.zeros(1, dtype=np.float32)
    short, long = np.empty_like(missing), np.empty_like(missing)
    for second in range(len(missing)):
        one = slice(second, second + 1)
        loop.step(missing[one], cells[one], closed[one], silent)
        short[second], long[second] = loop.short[0], loop.long[0]
    return {_SHORT: short, _LONG: long}
