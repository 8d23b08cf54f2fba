"""What the benchmarks of the predictor work on: simulated vehicle-days of an hour each, as a dongle reads them."""

import time
from collections.abc import Callable

import numpy as np

from ingest.readings import Block
from simulators.conditions import draw_conditions
from simulators.cycles import splice
from simulators.faults import Faults
from simulators.population import draw_cars
from simulators.sensors import draw_bus, fitted, read
from simulators.vehicle import SIGNALS, simulate

HOUR_S = 3600
# Twenty that most cars answer; every subsystem has something to measure.
TWENTY = (
    "engine_speed", "vehicle_speed", "engine_load", "intake_manifold_pressure", "mass_air_flow", "throttle_position",
    "coolant_temperature", "intake_air_temperature", "ambient_air_temperature", "barometric_pressure",
    "control_module_voltage", "short_term_fuel_trim_1", "long_term_fuel_trim_1", "commanded_evap",
    "commanded_equivalence_ratio", "absolute_load", "oxygen_sensor_b1s1_voltage", "oxygen_sensor_b1s2_voltage",
    "catalyst_temperature_b1s1", "engine_run_time",
)  # fmt: skip


def hours(vehicles: int, *, distinct: int = 100, seed: int = 1) -> Block:
    """Give `vehicles` hours of driving of `TWENTY` signals; beyond `distinct` cars the same hours come again."""
    rng = np.random.default_rng(seed)
    distinct = min(distinct, vehicles)
    cars = draw_cars(rng, distinct)
    start = np.full(distinct, np.datetime64("2026-03-21T04:00:00", "s"))
    conditions = draw_conditions(rng, cars, start, HOUR_S)
    conditions.duration_s[:] = HOUR_S
    speed = splice(rng, conditions.duration_s, conditions.key_on_s + 3, conditions.key_off_s)
    true = simulate(cars, speed, conditions, Faults.healthy(distinct), rng)
    seen = read(true, cars, fitted(draw_bus(rng, SIGNALS, distinct, 1), cars), rng)
    rows = [seen.signals.index(name) for name in TWENTY]
    again = -(-vehicles // distinct)
    values = np.ascontiguousarray(np.tile(seen.values[rows], (1, 1, again))[:, :, :vehicles])
    return Block(TWENTY, 1.0, values, np.full(vehicles, HOUR_S, dtype=np.int64))


def best(act: Callable[[], object], rounds: int) -> float:
    """Give the best of several rounds in seconds: the machine's noise only ever adds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return min(took)
