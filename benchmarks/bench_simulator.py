"""Vehicle-seconds of full 1 Hz output per second on one core, over the same drive cycle, against FASTSim 3.

A fair reading: FASTSim solves trace misses and component efficiencies and is validated for energy; ours prescribes the
speed and adds what a control unit says, temperatures, trims, faults. `bench_fuel.py` compares the fuel of both.
"""

import json
import time

import fastsim
import numpy as np
from material import best

from ingest.readings import Block
from simulators.conditions import Conditions, draw_conditions
from simulators.cycles import speed_table
from simulators.faults import Faults
from simulators.population import Cars, draw_cars
from simulators.sensors import draw_bus, fitted, read
from simulators.vehicle import SIGNALS, simulate

CARS, ROUNDS = 512, 5


def fastsim_rate() -> float:
    cycle = fastsim.Cycle.from_resource("udds.csv")
    seconds = len(speed_table("udds"))

    def once() -> float:
        vehicle = fastsim.Vehicle.from_resource("2012_Ford_Fusion.yaml")
        vehicle.set_save_interval(1)
        drive = fastsim.SimDrive(vehicle, cycle)
        began = time.perf_counter()
        drive.run()
        return time.perf_counter() - began

    return seconds / min(once() for _ in range(4 * ROUNDS))


def fleet() -> tuple[Cars, np.ndarray, Conditions]:
    rng = np.random.default_rng(1)
    cars = draw_cars(rng, CARS)
    speed = np.repeat(speed_table("udds")[:, None], CARS, axis=1)
    conditions = draw_conditions(rng, cars, np.full(CARS, np.datetime64("2026-03-21T04:00:00", "s")))
    conditions.duration_s[:] = len(speed)
    conditions.key_on_s[:], conditions.key_off_s[:] = 0, 0
    return cars, speed, conditions


def main() -> None:
    cars, speed, conditions = fleet()
    healthy = Faults.healthy(CARS)
    bus = fitted(draw_bus(np.random.default_rng(2), SIGNALS, CARS, 1), cars)

    def true() -> Block:
        return simulate(cars, speed, conditions, healthy, np.random.default_rng(3))

    block = true()  # compiles
    read(block, cars, bus, np.random.default_rng(4))
    count = speed.size
    ours, dongle = (
        count / best(true, ROUNDS),
        count / best(lambda: read(block, cars, bus, np.random.default_rng(4)), ROUNDS),
    )
    theirs = fastsim_rate()
    results = [
        {"name": f"simulator, {len(SIGNALS)} signals at 1 Hz", "value": ours / theirs, "unit": "x",
         "against": "FASTSim 3 on UDDS, every step saved", "wanted": ">= 10"},
        {"name": "simulator", "value": ours / 1e6, "unit": "million vehicle-s/s", "against": None, "wanted": None},
        {"name": "dongle", "value": dongle / 1e6, "unit": "million vehicle-s/s", "against": None, "wanted": None},
        {"name": "FASTSim 3", "value": theirs / 1e6, "unit": "million vehicle-s/s", "against": None, "wanted": None},
    ]  # fmt: skip
    print(json.dumps(results))


if __name__ == "__main__":
    main()
