"""What the fuel trims of a recorded trip make of a fault of air metering or fuel supply (faults.md 0.2, B3).

The kernel's own lambda loop and learned cells run over the air of the trip, and see nothing but the fault.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray, TripColumns
from simulators import evap, fuelling, metering
from simulators.air_path import STOICHIOMETRIC
from simulators.compiled import Record, compiled
from simulators.conditions import Conditions
from simulators.faults import Faults, draw_shapes
from simulators.fuelling import LIMIT
from simulators.population import Cars, draw_cars
from simulators.recorded import Engine, NotInjectable, by_second, circumstances, engine, has, with_change

TRIMS = (("short_term_fuel_trim_1",), ("long_term_fuel_trim_1",), ("engine_speed",))
AIR = ("mass_air_flow", "intake_manifold_pressure")
_MEMORY = 0.8  # share of the fault that the cells had learned on the trips before
_OPEN_S = 25.0
_AROUND_KPA = 101.0


@dataclass(frozen=True, slots=True)
class Setting:
    """The car drawn for a trip, its fault, and what its engine did; arrays by [second], flows in g/s of that car."""

    cars: Cars
    conditions: Conditions
    faults: Faults
    told: Engine
    air: FloatArray  # that the cylinders take
    idling: NDArray[np.bool_]
    vacuum: FloatArray  # 0..1

    @property
    def rows(self) -> tuple[Record, Record, Record, Record]:
        """The one row of car, trip, faults and shapes, for compiled code."""
        fault, shape = self.faults.rows()
        return self.cars.rows()[0], self.conditions.rows()[0], fault[0], shape[0]


def setting(trip: TripColumns, fault: str, severity: float, rng: np.random.Generator) -> Setting:
    """Draw a car and the shape of its fault for a trip. A trip without air flow is of a car without such a meter."""
    cars = draw_cars(rng, 1)
    conditions = circumstances(trip, cars, rng)
    known = {"speed_density": float(not has(trip, "mass_air_flow"))}
    if has(trip, "intake_manifold_pressure"):
        known["turbocharged"] = float(np.nanpercentile(trip.signals["intake_manifold_pressure"], 99.5) > 115)
    cars = Cars({**cars.values, **{name: np.full(1, value, dtype=np.float32) for name, value in known.items()}})
    told = engine(trip, cars)
    if told.air is None:
        raise NotInjectable("the trip has neither mass_air_flow nor intake_manifold_pressure nor engine_load")
    idling = told.speed < 1000
    if has(trip, "vehicle_speed"):
        idling &= by_second(trip, "vehicle_speed") < 1
    if has(trip, "intake_manifold_pressure"):
        vacuum = np.clip(1 - by_second(trip, "intake_manifold_pressure") / _AROUND_KPA, 0, 1)
    else:
        vacuum = np.clip(1 - told.load / 100, 0, 0.75)
    shape = {name: values[0] for name, values in draw_shapes(rng, 1).items()}
    faults = Faults.healthy(1).shaped(**shape).with_fault(fault, severity)
    return Setting(cars, conditions, faults, told, told.air, idling, vacuum.astype(np.float32))


def retrimmed(trip: TripColumns, of: Setting) -> TripColumns:
    """Add to both trims what a lambda loop with learned cells makes up for the fault; +-25 % at most."""
    told = of.told
    coolant = np.full(len(of.idling), 90, dtype=np.float32)
    if has(trip, "coolant_temperature"):
        coolant = by_second(trip, "coolant_temperature")
    added = np.empty((2, len(of.idling)), dtype=np.float32)
    _follow(
        *of.rows, np.zeros(1, dtype=fuelling.FUEL)[0], of.air, of.vacuum, told.load, of.idling,
        told.running & (told.since_start > _OPEN_S), told.since_start, coolant, added,
    )  # fmt: skip
    for (name,), more in zip(TRIMS, added, strict=False):
        trip = with_change(trip, name, np.where(told.running, more, 0).astype(np.float32), LIMIT)
    return trip


def rerailed(trip: TripColumns, of: Setting) -> TripColumns:
    """Give the rail its pressure where the trip tells it (F09, F11)."""
    if not has(trip, "fuel_pressure"):
        return trip
    share = np.empty(len(of.idling), dtype=np.float32)
    _rail(*of.rows, of.air / np.float32(STOICHIOMETRIC), of.told.running, share)
    return with_change(trip, "fuel_pressure", by_second(trip, "fuel_pressure") * (share - 1))


def rebreathed(trip: TripColumns, of: Setting) -> TripColumns:
    """Let the air that comes in past meter and throttle show in them, in the manifold and in the idle (F08, F15)."""
    car, _, fault, shape = of.rows
    past, more = np.empty(len(of.idling), dtype=np.float32), np.empty(len(of.idling), dtype=np.float32)
    _past(fault, shape, of.vacuum, of.idling, past, more)
    running = of.told.running
    past = np.where(running, np.minimum(past, 0.7 * of.air), 0).astype(np.float32)
    more = np.where(running, more, 0).astype(np.float32)
    air = np.maximum(of.air, 0.1)
    if has(trip, "mass_air_flow"):
        flow = by_second(trip, "mass_air_flow")
        trip = with_change(trip, "mass_air_flow", np.maximum(flow / air * (more - past), -0.8 * flow))
    if has(trip, "intake_manifold_pressure"):
        pressure = by_second(trip, "intake_manifold_pressure")
        raised = (pressure - car["residual_pressure"]) * more / air
        trip = with_change(trip, "intake_manifold_pressure", np.where(of.idling, raised, 0).astype(np.float32))
    closes = -_THROTTLE * (past - more) / float(car["displacement"])
    for name in ("throttle_position", "relative_throttle_position", "throttle_position_b"):
        if has(trip, name):
            way = by_second(trip, name) - np.nanmin(trip.signals[name])
            trip = with_change(trip, name, np.where(way < 12, closes, 0).astype(np.float32))
    faster = np.where(of.idling & running, metering.idle_lift(fault, shape), 0)
    return with_change(trip, "engine_speed", faster.astype(np.float32))


_THROTTLE = 2.2  # % of throttle per g/s and litre: 19 % per displacement filled 1000 times a minute


@compiled
def _follow(
    car: Record, trip: Record, fault: Record, shape: Record, fuel: Record, air: FloatArray, vacuum: FloatArray,
    load: FloatArray, idling: NDArray[np.bool_], closed: NDArray[np.bool_], since: FloatArray, coolant: FloatArray,
    added: FloatArray,
) -> None:  # fmt: skip
    """Run the loop: short and long in %, by second."""
    cells = np.empty(fuelling.MOST_CELLS, dtype=np.float32)
    for cell in range(len(cells)):
        learned = fuelling.learned_balance(car, fault, shape, trip.ambient, cell) if cell < car.trim_cells else 0.0
        cells[cell] = min(max(_MEMORY * learned, -LIMIT), LIMIT)
    for second in range(len(air)):
        flow = max(air[second], 0.3)
        needed = fuelling.balance(car, fault, shape, trip.ambient, flow, flow / STOICHIOMETRIC, vacuum[second])
        needed -= fuelling.flooded(trip, fault, shape, coolant[second], since[second])
        fresh = evap.freshness(trip, since[second])
        needed -= fresh * metering.stuck_purge(fault, shape, vacuum[second]) / max(flow, 0.5)
        fuel.closed = 1.0 if closed[second] else 0.0
        fuelling.loop(fuel, cells, fuelling.load_cell(car, load[second], idling[second]), needed, 1.0, 0.0)
        added[0, second], added[1, second] = fuel.short, fuel.long


@compiled
def _rail(
    car: Record, trip: Record, fault: Record, shape: Record, flow: FloatArray, running: NDArray[np.bool_],
    share: FloatArray,
) -> None:  # fmt: skip
    """Give rail pressure over that of the sound car, by second."""
    drips = fault.injector_leaking * (1 - shape.regulator_high)
    kept = np.exp(-drips)
    for second in range(len(flow)):
        kept = 1.0 if running[second] else kept * (1 - drips / 500)
        pumped = fuelling.pressure_share(car, fault.fuel_pump, flow[second], trip.ambient)
        share[second] = kept * pumped * fuelling.regulated(car, fault, shape, flow[second])


@compiled
def _past(
    fault: Record, shape: Record, vacuum: FloatArray, idling: NDArray[np.bool_], past: FloatArray, more: FloatArray
) -> None:  # fmt: skip
    """Give g/s that come in past the meter, and by how much the idle takes more for it."""
    for second in range(len(vacuum)):
        past[second] = metering.unmetered(fault, shape, vacuum[second])
        more[second] = metering.not_caught(fault, shape, vacuum[second]) if idling[second] else 0.0
