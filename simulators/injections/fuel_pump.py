"""A weak fuel pump in a recorded trip (faults.md F09, B3): what the lambda loop adds for the pressure that is gone."""

import numpy as np

from ingest.readings import FloatArray, TripColumns
from simulators import fuelling
from simulators.air_path import STOICHIOMETRIC
from simulators.compiled import Record, compiled
from simulators.faults import Faults
from simulators.fuelling import LIMIT
from simulators.population import Cars, draw_cars
from simulators.recorded import BoolArray, by_second, circumstances, engine, has, with_change

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
    idling = told.speed < 1000
    if has(trip, "vehicle_speed"):
        idling &= by_second(trip, "vehicle_speed") < 1
    faults, shapes = Faults.healthy(1).with_fault("fuel_pump", severity).rows()
    added = np.empty((3, len(idling)), dtype=np.float32)
    _follow(
        cars.rows()[0], faults[0], shapes[0], np.zeros(1, dtype=fuelling.FUEL)[0], float(conditions.ambient[0]),
        told.air / np.float32(STOICHIOMETRIC), told.load, idling, told.running & (told.since_start > _OPEN_S), added,
    )  # fmt: skip
    share = added[2]
    for name, more in zip((_SHORT, _LONG), added, strict=False):
        trip = with_change(trip, name, np.where(told.running, more, 0).astype(np.float32), LIMIT)
    return with_change(trip, _RAIL, by_second(trip, _RAIL) * (share - 1)) if has(trip, _RAIL) else trip


@compiled
def _follow(
    car: Record, fault: Record, shape: Record, fuel: Record, ambient: float, flow: FloatArray, load: FloatArray,
    idling: BoolArray, closed: BoolArray, added: FloatArray,
) -> None:  # fmt: skip
    """Run a lambda loop that sees nothing but the pump: short and long in %, and pressure over commanded, by second."""
    cells = np.empty(fuelling.MOST_CELLS, dtype=np.float32)
    for cell in range(len(cells)):
        cells[cell] = min(_MEMORY * fuelling.learned_balance(car, fault, shape, ambient, cell), LIMIT)
    for second in range(len(flow)):
        share = fuelling.pressure_share(car, fault.fuel_pump, flow[second], ambient)
        fuel.closed = 1.0 if closed[second] else 0.0
        cell = fuelling.load_cell(car, load[second], idling[second])
        fuelling.loop(fuel, cells, cell, fuelling.missing_fuel(share), 1.0, 0.0)
        added[0, second], added[1, second], added[2, second] = fuel.short, fuel.long, share
