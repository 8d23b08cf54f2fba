"""Fuel from the pump to the mixture (faults.md B3, F09 to F11): pressure, injectors, lambda loop, learned trims."""

import numpy as np

from ingest.readings import FloatArray
from simulators import evap, metering
from simulators.air_path import STOICHIOMETRIC
from simulators.chance import Dice, normal
from simulators.compiled import Record, clip, compiled
from simulators.exhaust import front_bias
from simulators.ignition import share as misfires

LIMIT = 25.0  # %, of either trim
MOST_CELLS = 16
_FULL_FLOW, _FULL_FLOW_BOOSTED = 2.85, 4.35  # g/s of fuel per litre at full power
# Where the cells have learned before a trip: load in %, and fuel in g/s per litre without and with a turbocharger, as
# the simulated cars drive. The first is idle.
_LOADS = np.array([20.0, 25.0, 45.0, 75.0], dtype=np.float32)
_FLOWS = np.array([0.09, 0.14, 0.38, 0.75], dtype=np.float32)
_FLOWS_BOOSTED = np.array([0.10, 0.20, 0.70, 1.30], dtype=np.float32)
_IDLE_FUEL = 0.095  # g/s per litre
_ONE = 0.35  # of one cylinder's fuel is lost at severity 1
_REGULATED = 0.56  # over the commanded pressure at severity 1 and no flow: a quarter more fuel
_DECAY_S = 500.0  # in which a dripping injector of severity 1 takes the pressure off a standing rail
_FLOODED, _FLOODED_S = 12.0, 45.0  # % too rich behind a hot start at severity 1, and how long
_RICH = 0.88  # commanded lambda at full power
_OPEN_S = 25.0  # after the start, before the sensor is hot
_WARM_C = 85.0
_KEPT = np.float32(np.exp(-1 / 20.0))  # a second's share of the wander

FUEL = np.dtype(
    [
        ("flow", np.float64),  # g/s of fuel that the engine burns
        ("full", np.float64),  # g/s at full power
        ("ratio", np.float64),  # commanded lambda
        ("rail", np.float64),  # kPa
        ("share", np.float64),  # rail pressure over commanded
        ("kept", np.float64),  # of the rail pressure, while the engine stands
        ("required", np.float64),  # %, the total trim that the mixture needs
        ("error", np.float64),  # %, of the mixture, lean above 0
        ("felt", np.float64),  # %, the error as the front sensor shows it
        ("short", np.float64),  # %
        ("long", np.float64),  # %
        ("shown", np.float64),  # %, short with the limit cycle of the loop on top
        ("closed", np.float64),  # 1: the lambda loop is at work
        ("wander", np.float64),
        ("film", np.float64),  # %, what the wall of the port takes from the mixture
        ("load", np.float64),  # of the second before
        ("bias", np.float64),
    ]
)


@compiled
def full_flow(car: Record) -> float:
    """Give the fuel in g/s that the engine takes at full power."""
    return (_FULL_FLOW_BOOSTED if car.turbocharged > 0 else _FULL_FLOW) * car.displacement


@compiled
def pressure_share(car: Record, severity: float, fuel_flow: float, ambient: float) -> float:
    """Give rail pressure over commanded: what the pump can, falling with its flow in g/s, and at most 1 (F09).

    Hot fuel takes a little off the pump.
    """
    head = car.pump_head * (1 - 0.0008 * max(ambient - 25, 0.0))
    fall = (car.pump_head - 1) / (car.pump_margin * full_flow(car)) * (1 + car.pump_clogging * severity)
    return clip(head * (1 - 0.5 * severity) - fall * fuel_flow, 0.1, 1.0)


@compiled
def missing_fuel(share: float) -> float:
    """Give the total trim in % that makes up for a rail pressure of `share`."""
    return 100 * (1 / np.sqrt(share) - 1)


@compiled
def regulated(car: Record, fault: Record, shape: Record, fuel_flow: float) -> float:
    """Give rail pressure over what the regulator should leave: it returns too little, least where little is burnt."""
    if fault.injector_leaking == 0 or shape.regulator_high == 0:
        return 1.0
    left = clip(1 - fuel_flow / full_flow(car), 0.0, 1.0)
    return 1 + _REGULATED * fault.injector_leaking * left * left


@compiled
def injected(car: Record, fault: Record, shape: Record, fuel_flow: float) -> float:
    """Give the fuel that the injectors let through over what they should (F10, F11), `fuel_flow` in g/s."""
    delivered = 1.0
    if fault.injector_clogged > 0:
        loss = _ONE / car.cylinders if shape.injector_one > 0 else shape.injector_loss
        delivered -= loss * fault.injector_clogged
    if fault.injector_leaking > 0 and shape.regulator_high == 0:
        idle = _IDLE_FUEL * car.displacement
        delivered += shape.injector_drip * fault.injector_leaking * idle / max(fuel_flow, 0.5 * idle)
    return delivered * np.sqrt(regulated(car, fault, shape, fuel_flow))


@compiled
def flooded(trip: Record, fault: Record, shape: Record, coolant: float, since_start: float) -> float:
    """Give the % that fuel dripped into the intake of a standing hot engine takes off the trims (F11)."""
    if fault.injector_leaking == 0 or shape.regulator_high > 0 or coolant < 55 or trip.soak_h > 6:
        return 0.0
    return _FLOODED * fault.injector_leaking * np.exp(np.float32(-since_start / _FLOODED_S))


@compiled
def slow_start(trip: Record, fault: Record, shape: Record) -> float:
    """Give how many times as long the starter turns while pressure builds up that an injector has let go (F11)."""
    if fault.injector_leaking == 0 or shape.regulator_high > 0:
        return 1.0
    return 1 + 1.5 * fault.injector_leaking * (1 - np.exp(np.float32(-trip.soak_h / 0.3)))


@compiled
def balance(
    car: Record, fault: Record, shape: Record, ambient: float, air_flow: float, fuel_flow: float, vacuum: float
) -> float:
    """Give the total trim in % that the faults of air metering and fuel supply call for at one working point (0.2).

    Flows in g/s, `vacuum` 0..1 of manifold pressure under barometric. The loop needs it each second, and the cells
    have learned it before the trip.
    """
    needed = metering.mixture(car, fault, shape, air_flow, vacuum)
    share = pressure_share(car, fault.fuel_pump, fuel_flow, ambient)
    return 100 * (needed / (np.sqrt(share) * injected(car, fault, shape, fuel_flow)) - 1)


@compiled
def load_cell(car: Record, load: float, idling: bool) -> int:
    """Give the number of the long-term trim in use, 0 at idle; the others share the loads alike."""
    if idling:
        return 0
    others = int(car.trim_cells) - 1
    return 1 + min(int(load * others / 100), others - 1)


@compiled
def cell_load(car: Record, cell: int) -> float:
    """Give the load in % at which a cell is used most."""
    if cell == 0:
        return 20.0
    return clip(100 * (cell - 0.5) / (car.trim_cells - 1), 25.0, 90.0)


@compiled
def learned_balance(car: Record, fault: Record, shape: Record, ambient: float, cell: int) -> float:
    """Give in % what a cell would have learned in full about the faults before the trip."""
    load = cell_load(car, cell)
    fuel_flow = np.interp(load, _LOADS, _FLOWS_BOOSTED if car.turbocharged > 0 else _FLOWS) * car.displacement
    vacuum = clip(1 - load / 100, 0.0, 0.75)
    misread = front_bias(fault, shape) + 100 * misfires(fault, shape, load, _WARM_C)
    return balance(car, fault, shape, ambient, STOICHIOMETRIC * fuel_flow, fuel_flow, vacuum) + misread


@compiled
def begin(car: Record, trip: Record, fault: Record, shape: Record, fuel: Record, cells: FloatArray, dice: Dice) -> None:
    """Set the state of one trip before its first second, and the learned `cells` [`MOST_CELLS`]."""
    off = 1.2 * normal(dice) if trip.memory > 0 else 0.0
    for cell in range(int(car.trim_cells)):
        own = car.trim_bias + car.trim_slope * (cell_load(car, cell) - 35) + 100 * (1 / trip.flow_gain - 1)
        known = trip.memory * (own + learned_balance(car, fault, shape, trip.ambient, cell)) + trip.known
        cells[cell] = clip(known + off, -LIMIT, LIMIT)
    fuel.long = cells[0]
    fuel.full = full_flow(car)
    fuel.ratio = 1.0
    # Held by a valve when the engine stands.
    drips = fault.injector_leaking * (1 - shape.regulator_high)
    fuel.kept = np.exp(-drips * trip.soak_h * 3600 / _DECAY_S)
    fuel.rail = car.rail_pressure * fuel.kept
    fuel.share = 1.0
    fuel.bias = car.trim_bias + car.trim_altitude * trip.climb


@compiled
def loop(fuel: Record, cells: FloatArray, cell: int, required: float, quick: float, noise: float) -> None:
    """Correct by one second towards the `required` total trim in %; an open loop has no short-term trim (B3).

    `quick` 0..1: the share of a change that the front sensor shows within a second.
    """
    learned = cells[cell]
    if fuel.closed == 0:
        fuel.short, fuel.long, fuel.felt = 0.0, learned, 0.0
        return
    fuel.felt += quick * (required - fuel.short - learned - fuel.felt)
    fuel.short = clip(fuel.short + 0.35 * fuel.felt + noise, -LIMIT, LIMIT)
    fuel.long = clip(learned + 0.004 * fuel.short, -LIMIT, LIMIT)
    cells[cell] = fuel.long


@compiled
def step(
    car: Record, trip: Record, fault: Record, shape: Record, fuel: Record, cells: FloatArray, air: Record,
    running: bool, cut: bool, idling: bool, since_start: float, engine_speed: float, coolant: float, vacuum: float,
    purged: float, misread: float, response: float, cycle: float, dice: Dice,
) -> None:  # fmt: skip
    """Move on by one second: what the engine burns, what mixture that leaves, and what the loop makes of it.

    `purged`: % of total trim that purge takes off; `misread`: % by which the front sensor sees the mixture leaner than
    it is; `response` s of the front sensor; `cycle` -1..1: at which point of
    its limit cycle the loop is caught.
    """
    power = car.open_loop_power > 0 and air.load > 88 and engine_speed > 3000
    started = since_start > _OPEN_S
    cold = 1 / (1 + 0.25 * clip((70 - coolant) / 90, 0.0, 1.0))
    fuel.ratio = _RICH if power else (1.0 if started else cold)
    wanted = min(air.flow / (STOICHIOMETRIC * fuel.ratio), fuel.full)
    fuel.flow = wanted if running and not cut else 0.0
    fuel.share = pressure_share(car, fault.fuel_pump, fuel.flow, trip.ambient)
    drips = fault.injector_leaking * (1 - shape.regulator_high)
    fuel.kept = 1.0 if running else fuel.kept * (1 - drips / _DECAY_S)
    fuel.rail = car.rail_pressure * fuel.share * regulated(car, fault, shape, fuel.flow) * fuel.kept
    fuel.rail += 1.5 * normal(dice)
    fuel.closed = 1.0 if running and not cut and started and not power else 0.0
    fuel.wander = _KEPT * fuel.wander + np.sqrt(1 - _KEPT * _KEPT) * car.trim_wander * normal(dice)
    # Fuel that stays on the wall of the port when the load rises, and leaves it when it falls.
    rise = clip(air.load - fuel.load, -25.0, 25.0)
    fuel.film = 0.5 * fuel.film + (car.wall_film * rise if running else 0.0)
    fuel.load = air.load
    steady = fuel.bias + car.trim_slope * (air.load - 35) + trip.shift + 100 * (1 / trip.flow_gain - 1)
    missing = balance(car, fault, shape, trip.ambient, air.flow, fuel.flow, vacuum)
    missing -= flooded(trip, fault, shape, coolant, since_start)
    missing -= evap.freshness(trip, since_start) * metering.stuck_purge(fault, shape, vacuum) / max(air.flow, 0.5)
    fuel.required = steady + fuel.wander + fuel.film - purged + missing + air.mixture
    cell = load_cell(car, air.load, idling)
    quick = 1 - np.exp(np.float32(-1 / response))
    loop(fuel, cells, cell, fuel.required + misread, quick, 1.1 * normal(dice))
    fuel.error = fuel.required - fuel.short - fuel.long
    swing = 0.9 * (response + car.loop_delay) / (0.15 + car.loop_delay)
    fuel.shown = clip(fuel.short + swing * cycle, -LIMIT, LIMIT) if fuel.closed > 0 else 0.0
