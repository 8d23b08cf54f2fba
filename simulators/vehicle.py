"""The vehicle: a 1 Hz petrol car with its 12 V system, in one compiled loop over trips and seconds."""

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from ingest.readings import Block, FloatArray
from simulators import air_path, driveline, electrical, evap, exhaust, fuelling, ignition, loads, metering, thermal
from simulators.chance import normal, streams, uniform
from simulators.compiled import Record, clip, compiled
from simulators.conditions import Conditions
from simulators.faults import Faults
from simulators.population import Cars

SIGNALS: Sequence[str] = (
    "vehicle_speed",
    "engine_speed",
    "engine_load",
    "intake_manifold_pressure",
    "mass_air_flow",
    "throttle_position",
    "timing_advance",
    "coolant_temperature",
    "intake_air_temperature",
    "ambient_air_temperature",
    "barometric_pressure",
    "engine_run_time",
    "control_module_voltage",
    "short_term_fuel_trim_1",
    "long_term_fuel_trim_1",
    "fuel_level",
    "commanded_evap",
    "commanded_equivalence_ratio",
    "fuel_pressure",
    "absolute_load",
    "oil_temperature",
    "oxygen_sensor_b1s1_voltage",
    "oxygen_sensor_b1s1_lambda",
    "oxygen_sensor_b1s2_voltage",
    "catalyst_temperature_b1s1",
    "evap_vapor_pressure",
    "relative_throttle_position",
    "accelerator_pedal_position_d",
)
# What only the control unit knows: its monitors look at these, no dongle asks for them.
INTERNALS: Sequence[str] = (
    "modelled_coolant",  # degC, of an engine with a sound thermostat
    "misfire_rate",  # % of the firings
    "boost_command",  # kPa over barometric
    "boost",  # kPa over barometric that there is
    "idle_error",  # rpm over the target, at idle; else 0
    "sensor_response",  # s, of the front oxygen sensor
    "catalyst_storage",  # 0..1
    "lockup_slip",  # rpm
    "rail_error",  # % of the commanded pressure
    "purge_flow",  # g/s
    "tank_leak",  # mm
    "true_air_flow",  # g/s
    "fuel_flow",  # g/s
    "closed_loop",  # 1: the lambda loop is at work
    "fan_lack",  # 0..1 of the fan that the unit asks for and does not get
)
SEEN = np.dtype([(name, np.float32) for name in (*SIGNALS, *INTERNALS)])
_STATES = (
    driveline.DRIVELINE, ignition.IGNITION, air_path.AIR, fuelling.FUEL, evap.VAPOUR, exhaust.EXHAUST, thermal.HEAT,
    electrical.VOLTS,
)  # fmt: skip
_ROAD, _SPARK, _FUEL, _VAPOUR, _GAS, _HEAT, _VOLTS, _LOADS, _SENSORS = range(9)  # the parts that draw numbers
_PARTS = 9
_RESTING_A = 6.0  # what the key alone switches on
_ALTERNATOR_EFFICIENCY = 0.55


@overload
def simulate(
    cars: Cars, speed_kmh: FloatArray, conditions: Conditions, faults: Faults, rng: np.random.Generator,
    *, internals: Literal[False] = False,
) -> Block: ...  # fmt: skip
@overload
def simulate(
    cars: Cars, speed_kmh: FloatArray, conditions: Conditions, faults: Faults, rng: np.random.Generator,
    *, internals: Literal[True],
) -> tuple[Block, Block]: ...  # fmt: skip
def simulate(
    cars: Cars, speed_kmh: FloatArray, conditions: Conditions, faults: Faults, rng: np.random.Generator,
    *, internals: bool = False,
) -> Block | tuple[Block, Block]:  # fmt: skip
    """Run trips and give their true signals at 1 Hz, before any sensor: `SIGNALS` x [time, trip].

    `cars`, `conditions` and `faults` hold one row per trip, `speed_kmh` is [time, trip], NaN behind a trip's end.
    A trip begins with `conditions.key_on_s` seconds of ignition without engine and ends with `key_off_s` such. With
    `internals`, a second block holds `INTERNALS`. The memory of both is laid out trip by trip.
    """
    steps, count = speed_kmh.shape
    lengths = (~np.isnan(speed_kmh)).sum(axis=0).astype(np.int64)
    rows = len(SIGNALS) + (len(INTERNALS) if internals else 0)
    values = np.empty((rows, count, steps), dtype=np.float32)
    seen = np.zeros(1, dtype=SEEN)
    amperes = loads.used(rng, cars, conditions)
    _drive(
        cars.rows(), conditions.rows(), *faults.rows(), np.ascontiguousarray(speed_kmh.T), lengths, amperes,
        streams(rng, _PARTS, count), np.zeros((count, fuelling.MOST_CELLS), dtype=np.float32),
        tuple(np.zeros(count, dtype=state) for state in _STATES), seen, seen.view(np.float32), values,
    )  # fmt: skip
    by_time = values.transpose(0, 2, 1)
    truth = Block(tuple(SIGNALS), 1.0, by_time[: len(SIGNALS)], lengths)
    if not internals:
        return truth
    return truth, Block(tuple(INTERNALS), 1.0, by_time[len(SIGNALS) :], lengths)


@compiled
def _drive(  # noqa: PLR0915 - one loop
    cars: Record, trips: Record, faults: Record, shapes: Record, speeds: FloatArray, lengths: NDArray[np.int64],
    amperes: FloatArray, dice: NDArray[np.uint64], learned: FloatArray, states: tuple[Record, ...], seen_rows: Record,
    seen_values: FloatArray, values: FloatArray,
) -> None:  # fmt: skip
    """Drive all trips: only the order of the steps stands here, in one piece because it is one loop.

    `seen_rows` and `seen_values` are the same memory: what is set by name is written to `values` [row, trip, time].
    """
    seen = seen_rows[0]
    left = np.empty(amperes.shape[1], dtype=np.float32)
    drives, sparks, airs, fuels, vapours, gases, heats, electrics = states
    for number in range(len(cars)):
        car, trip, fault, shape = cars[number], trips[number], faults[number], shapes[number]
        drive, spark, air, fuel = drives[number], sparks[number], airs[number], fuels[number]
        vapour, gas, heat, volts = vapours[number], gases[number], heats[number], electrics[number]
        cells, speed, length = learned[number], speeds[number], lengths[number]
        road, cylinder, mixture, canister = (
            dice[_ROAD, number],
            dice[_SPARK, number],
            dice[_FUEL, number],
            dice[_VAPOUR, number],
        )
        exhausts, warmth, supply, consumers = (
            dice[_GAS, number],
            dice[_HEAT, number],
            dice[_VOLTS, number],
            dice[_LOADS, number],
        )
        sensing = dice[_SENSORS, number]

        usual_kpa = air_path.barometric_pressure(car.altitude + trip.climb)
        driveline.begin(car, trip, drive, usual_kpa)
        air_path.begin(car, fault, shape, air)
        fuelling.begin(car, trip, fault, shape, fuel, cells, mixture)
        evap.begin(car, trip, fault, shape, vapour, canister)
        exhaust.begin(car, trip, fault, shape, gas, exhausts)
        ignition.begin(spark, cylinder)
        thermal.begin(car, trip, fault, shape, heat)
        electrical.begin(car, trip, fault, shape, volts)
        loads.begin(amperes[number], left, consumers)
        was_running, since_start, run_time = False, 0.0, 0.0

        for second in range(length):
            now, after = speed[second], speed[min(second + 1, length - 1)]
            speed_ms = now / 3.6
            acceleration = (after - speed[max(second - 1, 0)]) / (3.6 if second == 0 or second == length - 1 else 7.2)

            # Who runs, who stands off, who cranks.
            driveline.stop_start(drive, now > 0, now > 0 or after > 0, heat.coolant, volts.charge)
            running = trip.key_on_s <= second < trip.duration_s - trip.key_off_s and drive.off == 0
            starting = running and not was_running
            electrical.turn_starter(car, fault, shape, volts, starting)
            volts.cranking *= fuelling.slow_start(trip, fault, shape) if starting and run_time == 0 else 1.0
            since_start = since_start + 1 if running and not starting else 0.0
            run_time += 1.0 if running else 0.0
            was_running = running

            # From the road to the crankshaft. Idle is raised for the compressor, and for an alternator at its limit.
            power = driveline.wheel_power(car, trip, drive, speed_ms, acceleration, road)
            clutch = 1.0 if left[loads.CLUTCH] > 0 and amperes[number, loads.CLUTCH] > 0 else 0.0
            demand = loads.step(car, amperes[number], left, consumers)
            idle = driveline.idle_speed(car, heat.coolant, since_start)
            idle += 40 * clutch + 400 * max(volts.load_fraction - 0.8, 0.0)
            lifted = metering.idle_lift(fault, shape)
            turning = driveline.engine_speed(car, trip, fault, shape, drive, now, acceleration, power, idle + lifted)
            off_target = ignition.wobble(car, spark, cylinder)
            turning = turning + off_target if running else 0.0
            ignition.fire(car, fault, shape, spark, turning, air.load, heat.coolant, cylinder)
            cut = running and power < -1500 and turning > 1200
            electric = volts.voltage * volts.current / _ALTERNATOR_EFFICIENCY
            shaft = max(power, 0.0) / car.driveline_efficiency + 1000 * car.auxiliary_power + 1300 * clutch + electric

            # Air, heat and current.
            kpa = usual_kpa * (1 - drive.climbed / 8.4)
            revolving = max(turning, 400.0)
            friction = air_path.friction_power(car, revolving, heat.coolant) if running else 0.0
            air_path.breathe(
                car, trip, fault, shape, air, kpa, revolving, shaft, friction, cut, heat.intake, heat.coolant
            )
            wanted = demand + car.fan_current * heat.fan if running else _RESTING_A + 0.4 * demand
            electrical.step(
                car, trip, fault, shape, volts, running, since_start, turning, heat.regulator, wanted, cut,
                air.load > 75,
            )  # fmt: skip
            heat.ambient = trip.ambient + trip.drift * second / 3600
            thermal.step(
                car, fault, shape, heat, speed_ms, air.fuel_power if running else 0.0, friction, air.load, turning,
                volts.load_fraction, clutch,
            )  # fmt: skip

            # Mixture and exhaust.
            vacuum = clip(1 - air.pressure / kpa, 0.0, 1.0)
            closed = running and not cut and since_start > 60 and fuel.ratio == 1
            evap.step(car, trip, fault, shape, vapour, closed and heat.coolant > 60, vacuum, canister)
            period = exhaust.turn(car, gas, exhausts)
            fuelling.step(
                car, trip, fault, shape, fuel, cells, air, running, cut, now < 1, since_start, turning, heat.coolant,
                vacuum, vapour.trim, gas.bias + 100 * spark.misfire, gas.response, gas.cycle, mixture,
            )  # fmt: skip
            exhaust.step(
                car, trip, fault, shape, gas, running, cut, fuel.closed > 0, since_start, air.flow, fuel.ratio,
                fuel.error, period, spark, exhausts,
            )  # fmt: skip

            # What the sensors have before them, at a random instant of the second.
            instant = uniform(sensing)
            idling = clip(1 - now / 8, 0.0, 1.0)
            flutter = normal(sensing)
            advance = ignition.timing(car, turning, air.load, idling, cylinder)
            missed = ignition.gap(spark, turning, now, cylinder)
            seen.vehicle_speed = now * trip.speed_gain
            # The starter's speed where the instant hits it.
            seen.engine_speed = 190 + 90 * instant if instant < volts.cranking else turning - missed
            seen.engine_load = air.load if running else 0.0
            seen.intake_manifold_pressure = air.pressure + 0.5 * flutter if running else kpa
            seen.mass_air_flow = air.metered * (1 + 0.015 * flutter) if running else 0.0
            seen.throttle_position = air.throttle if running else car.throttle_closed + 2
            seen.relative_throttle_position = seen.throttle_position - car.throttle_closed
            seen.accelerator_pedal_position_d = car.pedal_rest
            if running and now > 0:
                seen.accelerator_pedal_position_d = car.pedal_rest + (car.pedal_full - car.pedal_rest) * air.pedal
            seen.absolute_load = air.absolute_load if running else 0.0
            seen.timing_advance = advance if running else 0.0
            seen.coolant_temperature = thermal.seen_coolant(car, fault, shape, heat, warmth)
            seen.oil_temperature = heat.oil
            seen.intake_air_temperature = heat.intake
            seen.ambient_air_temperature = heat.ambient + heat.sun
            seen.barometric_pressure = kpa
            seen.engine_run_time = run_time
            seen.control_module_voltage = electrical.unit_voltage(car, trip, fault, shape, volts, instant, supply)
            seen.short_term_fuel_trim_1 = fuel.shown
            seen.long_term_fuel_trim_1 = fuel.long
            seen.fuel_level = trip.fuel_level - 0.0015 * second
            seen.commanded_evap = vapour.purge
            seen.commanded_equivalence_ratio = fuel.ratio
            seen.fuel_pressure = fuel.rail if car.rail_sensor > 0 else np.nan
            seen.oxygen_sensor_b1s1_voltage = np.nan if car.wide_band > 0 else gas.front
            seen.oxygen_sensor_b1s1_lambda = gas.lambda_ if car.wide_band > 0 else np.nan
            seen.oxygen_sensor_b1s2_voltage = gas.rear
            seen.catalyst_temperature_b1s1 = gas.temperature
            seen.evap_vapor_pressure = vapour.pressure
            seen.modelled_coolant = heat.expected
            seen.misfire_rate = 100 * spark.misfire
            seen.boost_command = air.boost_command
            seen.boost = air.boost
            seen.idle_error = turning - idle if running and now < 1 else 0.0
            seen.sensor_response = gas.response
            seen.catalyst_storage = gas.storage
            seen.lockup_slip = drive.slip_rpm
            seen.rail_error = 100 * (fuel.share - 1)
            seen.purge_flow = vapour.flow
            seen.tank_leak = vapour.leak
            seen.true_air_flow = air.flow if running else 0.0
            seen.fuel_flow = fuel.flow
            seen.closed_loop = fuel.closed
            seen.fan_lack = heat.asked - heat.fan
            for row in range(len(values)):
                values[row, number, second] = seen_values[row]
        values[:, number, length:] = np.nan
