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
    values near `low` more common.
    """

    name: str
    low: float
    high: float
    unit: str
    size: float = 0.0
    skew: float = 1.0


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
}


@dataclass(frozen=True, slots=True)
class Cars:
    """Parameters of many cars: `cars["mass"]` is float32 [car]."""

    values: Mapping[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        return self.values[name]

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def take(self, index: NDArray[np.int64]) -> "Cars":
        """Give the cars at `index`, repeated where it repeats."""
        return Cars({name: values[index] for name, values in self.values.items()})


def draw_cars(
    rng: np.random.Generator, count: int, priors: Sequence[Prior] = PRIORS, shares: Mapping[str, float] = SHARES
) -> Cars:
    """Draw `count` cars. Parameters of one car hang together through its size alone."""
    size = rng.random(count)
    values: dict[str, FloatArray] = {}
    for prior in priors:
        follow = size if prior.size >= 0 else 1 - size
        share = (1 - abs(prior.size)) * rng.random(count) + abs(prior.size) * follow
        values[prior.name] = (prior.low + (prior.high - prior.low) * share**prior.skew).astype(np.float32)
    for name, share_of_cars in shares.items():
        values[name] = (rng.random(count) < share_of_cars).astype(np.float32)
    return Cars(values)
