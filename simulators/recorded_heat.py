"""The coolant of a recorded trip with and without a fault: the model of `simulators/thermal.py`, fitted to the trip."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray, TripColumns
from simulators.air_path import STOICHIOMETRIC, friction_power
from simulators.chance import streams
from simulators.compiled import Record, compiled
from simulators.driveline import GRAVITY, air_density
from simulators.faults import Faults, draw_shapes
from simulators.population import Cars, draw_cars
from simulators.recorded import Engine, by_second, circumstances, engine, has, with_change
from simulators.thermal import HEAT, begin, least_opening, seen_coolant, step, warmth_kept

NEEDS = (("coolant_temperature",), ("engine_speed",), ("vehicle_speed",))
_HEAT_PER_GRAM = 43e3  # J of fuel
# Times the heat capacity: the one that warms up as recorded is taken. Not the heat itself, for that would also move
# the balance with the fault: the Etios warms up nearly twice as fast at idle as B5 has it, but its fuel is known.
_MASSES = np.geomspace(0.4, 2.5, 15)
_COLD_K = 6.0  # under the thermostat: nothing but its leak cools there
_AVERAGE = 0.5  # load fraction of the alternator
_HOTTEST_C = 135.0
_COOLED_C, _COOLED = 22.0, 0.7  # ambient from where, and share of the trips in which, the A/C runs


@dataclass(frozen=True, slots=True)
class Change:
    """What the fault adds, by [second]: K on what the coolant sensor shows, on intake air and on oil."""

    coolant: FloatArray
    intake: FloatArray
    oil: FloatArray


def with_fault(trip: TripColumns, fault: str, severity: float, rng: np.random.Generator) -> TripColumns:
    """Give the trip with what the fault of the cooling system does to coolant, intake air and oil in the model.

    Where the trip shows a warm-up, the model's mass is fitted to it, and its thermostat set to where the trip settles.
    """
    change = _change(trip, fault, severity, rng)
    changed = with_change(trip, "coolant_temperature", change.coolant)
    for name, more in (("intake_air_temperature", change.intake), ("oil_temperature", change.oil)):
        if has(trip, name):
            changed = with_change(changed, name, more)
    return changed


def _change(trip: TripColumns, fault: str, severity: float, rng: np.random.Generator) -> Change:
    measured = by_second(trip, "coolant_temperature")
    drawn = draw_cars(rng, 1)
    conditions = circumstances(trip, drawn, rng)
    # An engine is never cooler than the air; intake air in a warm engine room may say so.
    conditions = replace(conditions, ambient=np.minimum(conditions.ambient, measured.min()))
    own = rng.spawn(1)[0]
    shape = draw_shapes(own, 1)
    compressor = float(conditions.ambient[0] > _COOLED_C and own.random() < _COOLED)
    warm = measured[measured > 75]
    settled = np.full(1, np.percentile(warm, 75) + 1, dtype=np.float32) if len(warm) > 120 else drawn["thermostat"]
    cars = Cars({**drawn.values, "thermostat": settled, "map_thermostat": np.zeros(1, dtype=np.float32)})

    columns = 2 * len(_MASSES)  # without, then with the fault
    many = cars.take(np.zeros(columns, dtype=np.int64)).values
    masses = (many["heat_capacity"] * np.tile(_MASSES, 2)).astype(np.float32)
    wanted = np.repeat(np.array([0, severity], dtype=np.float32), len(_MASSES))
    ways = {name: float(values[0]) for name, values in shape.items()}
    faults, shapes = Faults.healthy(columns).with_fault(fault, wanted).shaped(**ways).rows()
    rows = Cars({**many, "heat_capacity": masses}).rows()
    told = engine(trip, cars)
    speed_ms = by_second(trip, "vehicle_speed") / np.float32(3.6)
    friction = np.array(
        [
            friction_power(rows[0], max(turning, 400.0), warmth)
            for turning, warmth in zip(told.speed.tolist(), measured.tolist(), strict=True)
        ],
        dtype=np.float32,
    )
    friction *= told.running
    coolant, intake, oil = np.empty((3, len(measured), columns), dtype=np.float32)
    dice = np.repeat(streams(own, 1, 1), columns, axis=1)[0]
    _run(
        rows, conditions.rows()[0], faults, shapes, np.zeros(columns, dtype=HEAT), dice, float(measured[0]),
        compressor, speed_ms, _fuel_power(told, cars, speed_ms, friction, conditions.ambient), friction, told.load,
        told.speed, coolant, intake, oil,
    )  # fmt: skip
    best = _as_recorded(coolant[:, : len(_MASSES)], measured, float(settled[0]))
    sick = best + len(_MASSES)
    more = np.clip(coolant[:, sick] - coolant[:, best], conditions.ambient - measured, _HOTTEST_C - measured)
    return Change(more.astype(np.float32), intake[:, sick] - intake[:, best], oil[:, sick] - oil[:, best])


@compiled
def _run(
    cars: Record, trip: Record, faults: Record, shapes: Record, heats: Record, dice: NDArray[np.uint64], first: float,
    compressor: float, speed_ms: FloatArray, fuel: FloatArray, friction: FloatArray, load: FloatArray,
    turning: FloatArray, coolant: FloatArray, intake: FloatArray, oil: FloatArray,
) -> None:  # fmt: skip
    """Fill coolant as shown, intake air and oil [second, column]; without the fault the coolant begins at `first`."""
    for column in range(len(cars)):
        car, fault, shape, heat = cars[column], faults[column], shapes[column], heats[column]
        begin(car, trip, fault, shape, heat)
        kept = warmth_kept(heat.least) / warmth_kept(least_opening(car, 0.0))
        heat.coolant = trip.ambient + (first - trip.ambient) * kept
        heat.oil = heat.seen = heat.coolant
        for second in range(len(fuel)):
            shown = seen_coolant(car, fault, shape, heat, dice[column])
            coolant[second, column], intake[second, column], oil[second, column] = shown, heat.intake, heat.oil
            step(
                car, fault, shape, heat, speed_ms[second], fuel[second], friction[second], load[second],
                turning[second], _AVERAGE, compressor,
            )  # fmt: skip


def _fuel_power(
    told: Engine, cars: Cars, speed_ms: FloatArray, friction: FloatArray, ambient: FloatArray
) -> FloatArray:
    """Give W by [second]: from the air where the engine is throttled, else from what the road asks for."""
    if told.air is not None and told.throttled:
        return told.air / np.float32(STOICHIOMETRIC) * np.float32(_HEAT_PER_GRAM)
    drag = 0.5 * air_density(float(ambient[0]), 101.3) * cars["drag_area"] * speed_ms**2
    pull = cars["mass"] * (GRAVITY * cars["rolling_resistance"] + 1.05 * np.gradient(speed_ms)) + drag
    shaft = np.clip(pull * speed_ms, 0, None) / cars["driveline_efficiency"] + 1000 * cars["auxiliary_power"]
    burnt = (shaft + friction) / cars["willans_efficiency"] * told.running
    return burnt.astype(np.float32)


def _as_recorded(modelled: FloatArray, measured: FloatArray, thermostat: float) -> int:
    """Give the column that warms up most like the trip; the one nearest to 1 where the trip shows no warm-up."""
    warm = measured >= thermostat - _COLD_K
    until = int(np.argmax(warm)) if warm.any() else len(measured)
    if until < 60 or measured[:until].max() - measured[0] < 8:
        return int(np.argmin(np.abs(np.log(_MASSES))))
    return int(np.argmin(np.abs(modelled[:until] - measured[:until, None]).mean(axis=0)))
