"""The vehicle: a 1 Hz petrol car with its 12 V system, stepped for many trips at once."""

from collections.abc import Mapping, Sequence

import numpy as np

from ingest.readings import Block, FloatArray
from simulators import air_path
from simulators.conditions import Conditions
from simulators.driveline import Driveline, StopStart, idle_speed
from simulators.electrical import Moment, TwelveVolt
from simulators.faults import Faults
from simulators.fuelling import Burning, Fuelling
from simulators.loads import draw_demand
from simulators.population import Cars
from simulators.thermal import Heat

BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]
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
)
_RESTING_A = 6.0  # what the key alone switches on
_ALTERNATOR_EFFICIENCY = 0.55


def simulate(
    cars: Cars, speed_kmh: FloatArray, conditions: Conditions, faults: Faults, rng: np.random.Generator
) -> Block:
    """Run trips and give their true signals at 1 Hz, before any sensor: `SIGNALS` x [time, trip].

    `cars`, `conditions` and `faults` hold one row per trip, `speed_kmh` is [time, trip], NaN behind a trip's end.
    A trip begins with `conditions.key_on_s` seconds of ignition without engine and ends with `key_off_s` such.
    """
    steps, count = speed_kmh.shape
    trip = _Trip(cars, np.nan_to_num(speed_kmh), conditions, faults, rng)
    values = np.empty((len(SIGNALS), steps, count), dtype=np.float32)
    for step in range(steps):
        seen = trip.step(step)
        for row, name in enumerate(SIGNALS):
            values[row, step] = seen[name]
    lengths = (~np.isnan(speed_kmh)).sum(axis=0).astype(np.int64)
    values[:, np.arange(steps)[:, None] >= lengths] = np.nan
    return Block(tuple(SIGNALS), 1.0, values, lengths)


def _above(values: FloatArray, limit: float) -> FloatArray:
    above: FloatArray = np.maximum(values - np.float32(limit), np.float32(0))
    return above


class _Trip:
    """The state of all trips between two seconds."""

    def __init__(
        self, cars: Cars, speed_kmh: FloatArray, conditions: Conditions, faults: Faults, rng: np.random.Generator
    ) -> None:
        steps, count = speed_kmh.shape
        self._cars, self._conditions, self._faults, self._rng = cars, conditions, faults, rng
        later = rng.spawn(1)[0]  # the fuel system draws from a stream of its own: the rest stays as it was
        self._speed = speed_kmh
        self._acceleration = np.gradient(speed_kmh / np.float32(3.6), axis=0).astype(np.float32)
        self._barometric = air_path.barometric_pressure(cars["altitude"] + conditions.climb)
        self._demand = draw_demand(rng, cars, conditions, steps)
        self._heat = Heat(cars, conditions, faults.thermostat)
        self._volts = TwelveVolt(cars, conditions, faults)
        self._driveline = Driveline(cars, conditions, self._barometric)
        self._stops = StopStart(cars, conditions)
        chance = rng.standard_normal((count,), dtype=np.float32)
        self._fuelling = Fuelling(cars, conditions, faults, chance, later)
        self._stop_at = conditions.duration_s - conditions.key_off_s
        zero = np.zeros(count, dtype=np.float32)
        self._since_start, self._run_time, self._moved_s, self._wobble = zero, zero, zero, zero
        self._cranking = zero  # s of starter still to come
        self._was_running = np.zeros(count, dtype=bool)
        self._loose = zero

    def _turn_key(self, step: int) -> None:
        """Decide who runs, who stands off, and who cranks in this second."""
        speed = self._speed
        soon = (speed[step] > 0) | (speed[min(step + 1, len(speed) - 1)] > 0)
        self._stops.step(soon, self._moved_s, self._heat.coolant, self._volts.charge)
        self._moved_s = np.where(self._stops.off, 0, self._moved_s + (speed[step] > 0)).astype(np.float32)
        conditions = self._conditions
        running = (step >= conditions.key_on_s) & (step < self._stop_at) & ~self._stops.off
        starting = running & ~self._was_running
        slow = 1 + 1.5 * self._faults.starter + 0.5 * self._faults.battery
        self._cranking = np.where(starting, self._cars["crank_time"] * slow, self._cranking - 1)
        self._cranking = np.clip(self._cranking, 0, None).astype(np.float32)
        self._since_start = np.where(running & ~starting, self._since_start + 1, 0).astype(np.float32)
        self._run_time = self._run_time + running
        self._was_running = running

    def step(self, step: int) -> Mapping[str, FloatArray]:
        """Advance by one second and give each of `SIGNALS` [trip]."""
        self._turn_key(step)
        cars, heat, volts = self._cars, self._heat, self._volts
        noise = self._rng.standard_normal((6, len(cars)), dtype=np.float32)
        chance = self._rng.random((2, len(cars)), dtype=np.float32)
        running, speed = self._was_running, self._speed[step]
        speed_ms = speed / np.float32(3.6)
        power = self._driveline.wheel_power(speed_ms, self._acceleration[step], noise[0])
        compressor = self._demand.compressor[step]
        # Idle is raised for the compressor, and for an alternator at its limit.
        idle = (
            idle_speed(cars, heat.coolant, self._since_start) + 40 * compressor + 400 * _above(volts.load_fraction, 0.8)
        )
        turning = self._driveline.engine_speed(speed, power, idle)
        self._wobble = 0.6 * self._wobble + 0.8 * cars["idle_noise"] * noise[1]
        turning = np.where(running, turning + self._wobble, 0).astype(np.float32)
        pushed = running & (power < -1500) & (turning > 1200)
        electric = volts.voltage * volts.current / _ALTERNATOR_EFFICIENCY
        drag = 1000 * cars["auxiliary_power"] + 1300 * compressor + electric
        shaft = np.clip(power, 0, None) / cars["driveline_efficiency"] + drag
        revolving = np.maximum(turning, 400)
        friction = air_path.friction_power(cars, revolving, heat.coolant) * running
        air = air_path.breathe(cars, self._barometric, revolving, shaft, friction, pushed, heat.intake, heat.coolant)
        volts.step(
            Moment(
                running=running,
                since_start=self._since_start,
                engine_speed=turning,
                regulator=heat.regulator,
                demand=np.where(running, self._demand.current[step], _RESTING_A + 0.4 * self._demand.current[step]),
                lights=self._conditions.dark,
                overrun=pushed,
                pulling=air.load > 75,
            )
        )
        heat.step(speed_ms, air.fuel_power * running, friction, air.load, volts.load_fraction)
        self._burn(air, turning, pushed, speed < 1, noise[2])
        turning = self._turned_by_starter(turning, chance[0])
        return self._row(step, turning, air, pushed, noise, chance)

    def _burn(
        self, air: air_path.Air, turning: FloatArray, cut: BoolArray, idling: BoolArray, noise: FloatArray
    ) -> None:
        self._fuelling.step(
            Burning(
                running=self._was_running,
                cut=cut,
                idling=idling,
                since_start=self._since_start,
                engine_speed=turning,
                load=air.load,
                air_flow=air.flow,
                vacuum=np.clip(1 - air.pressure / self._barometric, 0, 1),
                coolant=self._heat.coolant,
            ),
            noise,
        )

    def _turned_by_starter(self, turning: FloatArray, phase: FloatArray) -> FloatArray:
        """Give the engine speed at a random instant of the second: the starter's where that instant hits it."""
        return np.where(phase < self._cranking, 190 + 90 * phase, turning).astype(np.float32)

    def _unit_voltage(self, phase: FloatArray, noise: FloatArray, chance: FloatArray) -> FloatArray:
        """Give the voltage at the engine control unit: wiring, ripple, and the starter's dip if the instant hits it."""
        cars, faults, volts = self._cars, self._faults, self._volts
        dip = volts.crank(self._conditions.ambient)
        # The inrush of the first tenth of a second is deepest; then the voltage climbs with the speed of the starter.
        dip = dip - 0.8 * np.exp(-phase / 0.05) + 0.7 * np.clip(phase - 0.1, 0, 1)
        battery = np.where(phase < self._cranking, np.clip(dip, 5.5, None), volts.voltage)
        ripple = cars["voltage_noise"] + 0.15 * faults.undervoltage * (volts.load_fraction > 0)
        self._loose = np.where(chance < 0.02, 1 - self._loose, self._loose).astype(np.float32)
        loose = cars["loose_contact"] * self._loose * 0.35
        drop = 1e-3 * cars["wiring_resistance"] * cars["base_current"] + loose
        voltage: FloatArray = battery - drop + ripple * noise
        return voltage

    def _row(
        self, step: int, turning: FloatArray, air: air_path.Air, pushed: BoolArray,
        noise: FloatArray, chance: FloatArray,
    ) -> Mapping[str, FloatArray]:  # fmt: skip
        cars, heat, fuelling, running = self._cars, self._heat, self._fuelling, self._was_running
        idling = np.clip(1 - self._speed[step] / 8, 0, 1)
        advance = air_path.timing(cars, turning, air.load, idling, noise[3])
        zero = np.float32(0)
        return {
            "vehicle_speed": self._speed[step],
            "engine_speed": turning,
            "engine_load": np.where(running, air.load, zero),
            "intake_manifold_pressure": np.where(running, air.pressure + 0.5 * noise[4], self._barometric),
            "mass_air_flow": np.where(running, air.flow * (1 + 0.015 * noise[4]), zero),
            "throttle_position": np.where(running, air.throttle, cars["throttle_closed"] + 2),
            "timing_advance": np.where(running, advance, zero),
            "coolant_temperature": heat.coolant,
            "intake_air_temperature": heat.intake,
            "ambient_air_temperature": self._conditions.ambient,
            "barometric_pressure": self._barometric,
            "engine_run_time": self._run_time,
            "control_module_voltage": self._unit_voltage(chance[0], noise[5], chance[1]),
            "short_term_fuel_trim_1": np.where(running & ~pushed, fuelling.short, zero),
            "long_term_fuel_trim_1": fuelling.long,
            "fuel_level": self._conditions.fuel_level - np.float32(0.0015) * step,
            "commanded_evap": fuelling.purge,
            "commanded_equivalence_ratio": fuelling.ratio,
            "fuel_pressure": np.where(cars["rail_sensor"] > 0, fuelling.rail, np.float32(np.nan)),
        }
