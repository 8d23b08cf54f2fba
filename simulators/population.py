"""The parameters by which cars differ, one prior per row, and the drawing of a population from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.readings import FloatArray


@dataclass(frozen=True, slots=True)
class Prior:
    """A parameter between `low` and `high` of `unit`.

    `size` in -1..1 says how far it follows the size of the car (segment) instead of chance; `skew` above 1 makes
    values near `low` more common. A `later` row draws from a stream of its own, so that it leaves the cars of earlier
    seeds what they were.
    """

    name: str
    low: float
    high: float
    unit: str
    size: float = 0.0
    skew: float = 1.0
    later: bool = False
    whole: bool = False  # a number of things


# Ranges: faults.md B2, B3, B5, B6, B7; regulator temperature and noise from the Etios of carOBD (B4). The rest is
# engineering judgement, wide on purpose.
PRIORS: Sequence[Prior] = (
    # chassis and driveline
    Prior("mass", 1000, 2200, "kg", 0.9),
    Prior("drag_area", 0.58, 0.95, "m2", 0.8),
    Prior("rolling_resistance", 0.008, 0.012, "1"),
    Prior("top_gear_speed", 2000, 2900, "rpm at 100 km/h", -0.6),
    Prior("driveline_efficiency", 0.88, 0.94, "1"),
    Prior("slip", 0.0, 0.10, "1"),
    # engine
    Prior("displacement", 1.0, 3.0, "L", 0.85, 1.3),
    Prior("willans_efficiency", 0.38, 0.42, "1"),
    Prior("idle_efficiency", 0.82, 0.98, "1"),
    Prior("auxiliary_power", 0.15, 0.5, "kW", 0.5),
    Prior("idle_speed", 650, 780, "rpm", -0.5),
    Prior("idle_noise", 4, 26, "rpm", 0.0, 1.5),
    Prior("volumetric_efficiency", 0.80, 0.92, "1"),
    Prior("residual_pressure", 5, 9, "kPa"),
    Prior("throttle_closed", 10, 18, "%"),
    Prior("trim_bias", -5, 5, "%"),
    Prior("idle_timing", -2, 12, "deg"),
    # heat
    Prior("heat_capacity", 20, 26, "kJ/K per L"),
    Prior("radiator", 320, 420, "W/K per L"),
    Prior("block_loss", 7, 11, "W/K per L"),
    Prior("thermostat", 84, 93, "degC"),
    Prior("heat_soak", 3, 18, "degC"),
    # place
    Prior("climate_mean", 2, 27, "degC"),
    Prior("climate_swing", 4, 16, "degC"),
    Prior("altitude", 0, 2.4, "km", 0.0, 4.0),
    # 12 V system
    Prior("alternator_rating", 90, 175, "A", 0.7),
    Prior("base_current", 8, 14, "A", 0.6),
    Prior("load_scale", 0.8, 1.2, "1", 0.4),
    Prior("regulator_voltage", 13.9, 14.6, "V at 25 degC"),
    Prior("regulator_slope", 0.0, 0.014, "V/K"),
    Prior("regulator_droop", 0.0, 0.25, "V at full load"),
    Prior("float_voltage", 12.6, 13.5, "V"),
    Prior("regeneration_voltage", 14.5, 15.0, "V"),
    Prior("response_rate", 12, 60, "A/s"),
    Prior("response_delay", 1.0, 5.0, "s"),
    Prior("transient_resistance", 0.005, 0.05, "ohm"),
    Prior("battery_capacity", 42, 85, "Ah", 0.75),
    Prior("battery_resistance", 4.0, 6.0, "mOhm", -0.4),
    Prior("battery_charge", 0.72, 0.97, "1"),
    Prior("crank_current", 150, 320, "A", 0.8),
    Prior("crank_time", 0.35, 0.9, "s"),
    Prior("wiring_resistance", 1, 9, "mOhm"),
    Prior("voltage_noise", 0.006, 0.05, "V", 0.0, 1.6),
    # tolerance of the sensors
    Prior("voltage_offset", -0.10, 0.05, "V"),
    Prior("pressure_offset", -1.5, 1.5, "kPa"),
    Prior("coolant_offset", -2, 2, "degC"),
    Prior("flow_gain", 0.95, 1.05, "1"),
    Prior("speed_gain", 1.0, 1.04, "1"),
    # thermostat: most seal fully, some healthy ones leak a little; a map-controlled one runs hotter at low load (B5)
    Prior("thermostat_leak", 0.0, 0.02, "1", 0.0, 3.0, later=True),
    Prior("thermostat_lift", 6, 11, "K at low load", later=True),
    # Fuel supply (F09). A pump is sized for the full flow of the engine with hot fuel and a tired battery in mind:
    # `pump_margin` is its healthy flow at rail pressure over that full flow, so that no healthy car is ever limited.
    # `pump_head` is its pressure at no flow over rail pressure, where its relief valve stands: above 1.95, so that a
    # pump of severity 1 still feeds an idling engine. `pump_clogging` is how much the resistance on the way (k of F09)
    # grows with severity, for the filter in the tank has its part: with it severity 0.4 is felt at the highest
    # everyday flows, and severity 1 from a gentle cruise on. With k constant only full power showed anything below 0.8.
    Prior("pump_margin", 1.05, 1.25, "1", later=True),
    Prior("pump_head", 1.95, 2.2, "1", later=True),
    Prior("pump_clogging", 0.5, 2.0, "1", later=True),
    Prior("rail_pressure", 290, 400, "kPa", later=True),
    # What else moves the trims. The slope of the Etios of carOBD is -0.1, its wander within a trip 3 % in all.
    Prior("trim_slope", -0.13, 0.07, "% per % of load", later=True),
    Prior("trim_wander", 0.5, 3.5, "%", later=True),
    Prior("trim_altitude", -1.5, 1.5, "% per km", later=True),
    Prior("wall_film", 0.0, 0.15, "% per % of load and second", later=True),
    Prior("trim_cells", 3, 16, "load cells of the long-term trim", later=True, whole=True),
    # engine and air path
    Prior("cylinders", 2.6, 6.4, "1", 0.8, 2.2, later=True, whole=True),
    Prior("boost", 45, 95, "kPa over barometric at full load", later=True),
    Prior("boost_lag", 0.35, 0.8, "s", later=True),
    Prior("filter_drop", 0.1, 0.6, "kPa at 100 g/s", later=True),
    Prior("throttle_soot", 0.0, 0.9, "% of throttle", 0.0, 2.0, later=True),
    Prior("pedal_rest", 13, 17, "%", later=True),
    Prior("pedal_full", 70, 86, "%", later=True),
    Prior("misfire", 0.0, 2e-4, "1", 0.0, 3.0, later=True),
    # exhaust: a front sensor switches at 0.5 to 2 Hz and answers within tenths of a second (B3, F13)
    Prior("sensor_lag", 0.08, 0.22, "s", 0.0, 1.5, later=True),
    Prior("switching_rate", 0.6, 1.9, "Hz", later=True),
    Prior("loop_delay", 0.25, 0.6, "s", later=True),
    Prior("oxygen_storage", 0.8, 1.0, "of a new catalyst", later=True),
    Prior("rear_offset", -0.06, 0.06, "V", later=True),
    # fuel vapour
    Prior("vapour_rise", 150, 900, "Pa at 25 degC", later=True),
    Prior("vapour_pull", 500, 2200, "Pa at full purge", later=True),
    # heat
    Prior("fan_current", 8, 22, "A", 0.4, later=True),
    # tolerance of the sensors added since
    Prior("intake_offset", -2, 2, "degC", later=True),
    Prior("ambient_offset", -1.5, 1.5, "degC", later=True),
    Prior("oil_offset", -2.5, 2.5, "degC", later=True),
    Prior("lambda_gain", 0.994, 1.006, "1", later=True),
    Prior("catalyst_gain", 0.96, 1.04, "1", later=True),
    # The Etios of carOBD: 54 takes its idle, and its full load at 2000 rpm.
    Prior("throttle_bore", 42, 78, "g/s of choked air per litre, wide open", later=True),
    # Coolant: what goes through the radiator at rest without a fan (the Etios idles up to its fan at 27 degC); the fan.
    Prior("still_air", 0.01, 0.10, "of the radiator's rating", later=True),
    Prior("thermostat_lag", 2, 25, "s", later=True),
    Prior("fan_on", 95, 101, "degC", later=True),
    Prior("fan_band", 4, 7, "K", later=True),
)

# What a car has or has not: share of the population. A flag is 1.0 or 0.0.
SHARES: Mapping[str, float] = {
    "smart_alternator": 0.35,
    "stop_start": 0.25,
    "turbocharged": 0.35,
    "stepless_gear": 0.25,
    "led_lights": 0.35,
    "heated_seats": 0.4,
    "heavy_electrics": 0.04,  # audio amplifiers, work lamps
    "loose_contact": 0.02,  # a worn plug in the unit's own supply: the battery never sees it
    "map_thermostat": 0.2,
    "open_loop_power": 0.5,  # older units leave the lambda loop at full load, newer ones with a wide-band sensor do not
    "rail_sensor": 0.1,  # answers PID 0A
    "speed_density": 0.35,  # meters its air by manifold pressure alone
    "pressure_sensor": 0.46,  # of the others: has one beside the air flow meter
    "wide_band": 0.45,  # front sensor that measures lambda; else one that switches
    "converter": 0.6,  # of the stepped gears: an automatic, with a torque converter that slips until it is locked
    "two_speed_fan": 0.5,
}
_FIRST_SHARES = 8  # of the rows above; those behind draw with the rows that are `Prior.later`
# One row of many cars: a field for each parameter and share.
CAR = np.dtype([(name, np.float64) for name in (*(prior.name for prior in PRIORS), *SHARES)])


@dataclass(frozen=True, slots=True)
class Cars:
    """Parameters of many cars: `cars["mass"]` is float32 [car]."""

    values: Mapping[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        return self.values[name]

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def rows(self) -> NDArray[np.void]:
        """Give structured rows [car], for compiled code."""
        table = np.empty(len(self), dtype=CAR)
        for name in CAR.names or ():
            table[name] = self.values[name]
        return table

    def take(self, index: NDArray[np.int64]) -> "Cars":
        """Give the cars at `index`, repeated where it repeats."""
        return Cars({name: values[index] for name, values in self.values.items()})


def draw_cars(
    rng: np.random.Generator, count: int, priors: Sequence[Prior] = PRIORS, shares: Mapping[str, float] = SHARES
) -> Cars:
    """Draw `count` cars. Parameters of one car hang together through its size alone."""
    own = rng.spawn(1)[0]
    size = rng.random(count)
    values: dict[str, FloatArray] = {}
    for prior in priors:
        follow = size if prior.size >= 0 else 1 - size
        chance = (own if prior.later else rng).random(count)
        share = (1 - abs(prior.size)) * chance + abs(prior.size) * follow
        drawn = prior.low + (prior.high - prior.low) * share**prior.skew
        values[prior.name] = (np.rint(drawn) if prior.whole else drawn).astype(np.float32)
    for number, (name, share_of_cars) in enumerate(shares.items()):
        chance = (rng if number < _FIRST_SHARES else own).random(count)
        values[name] = (chance < share_of_cars).astype(np.float32)
    return Cars(values)
