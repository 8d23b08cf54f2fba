"""Kills in the middle of the way: everything is back within seconds, nothing is lost, nothing doubled."""

import os
import random
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from simulators.fleet import history
from tests.flow.house import House, eventually
from tests.flow.test_way import readings_in, repair, settled_down
from tests.flow.trips import growing_alternator_fault, write_all

BACK_S = 5.0
READOPTED_S = 15.0


def crowd() -> float:
    """Give how many processes wait for each core: everything takes so many times longer."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def back_within(house: House, name: str, seconds: float) -> float:
    """Wait until a killed child runs and works again; gives the seconds that took."""
    before = house.pid(name)
    house.kill(name)
    began = time.monotonic()
    eventually(lambda: house.pid(name) not in {None, before} and house.works(name), 30, f"{name} is back")
    took = time.monotonic() - began
    assert took <= seconds * crowd(), f"{name} was back after {took:.1f} s"
    return took


def test_killed_processes_come_back_and_lose_nothing(house: House, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    order = ["ingest", "broker", "database", "api", "tasks"]
    random.Random(seed).shuffle(order)
    trips = growing_alternator_fault(history(seed=8, trips=12, severity=np.zeros(12)), seed=11)
    files = write_all(trips, tmp_path)
    sending = threading.Thread(target=house.replay, args=(files, "--speed", "400"))
    sending.start()
    eventually(lambda: house.get("/v1/ingest/counts")["stored"] > 0, 60, "the first readings are stored")
    took = {name: back_within(house, name, BACK_S) for name in order}
    print(f"back within (s): { {name: round(seconds, 2) for name, seconds in took.items()} }")

    house.kill_serve()
    again = house.start()
    print(f"serve killed and ready again after {again:.1f} s")
    assert again <= READOPTED_S * crowd()
    sending.join(200)
    assert not sending.is_alive()
    assert house.replay_failure is None

    counts = settled_down(house, readings_in(trips))
    assert (counts["stored"], counts["rejected"]) == (readings_in(trips), {})
    [case] = eventually(lambda: [case for case in house.cases() if case["appointment"]], 60, "one proposed case")
    assert len(house.get(f"/v1/vehicles/{house.vehicle}/findings")["items"]) == 1
    assert repair(house, case)["state"] == "settled"
    assert len(house.cases()) == 1


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_thirty_kills_at_random_moments_lose_and_double_nothing(house: House, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)
    trips = growing_alternator_fault(history(seed=8, trips=12, severity=np.zeros(12)), seed=11)
    sending = threading.Thread(target=house.replay, args=(write_all(trips, tmp_path), "--speed", "60"))
    sending.start()
    eventually(lambda: house.get("/v1/ingest/counts")["stored"] > 0, 60, "the first readings are stored")
    took: dict[str, list[float]] = {}
    for _ in range(30):
        time.sleep(rng.uniform(0.2, 4))
        name = rng.choice(["ingest", "broker", "database", "api", "tasks"])
        took.setdefault(name, []).append(back_within(house, name, BACK_S))
    sending.join(600)
    counts = settled_down(house, readings_in(trips))
    lost = readings_in(trips) - counts["stored"]
    worst = {name: round(max(seconds), 2) for name, seconds in sorted(took.items())}
    print(
        f"seed {seed}: 30 kills, lost or doubled {lost}, redelivered {counts['redelivered']}, worst return (s) {worst}"
    )
    assert house.replay_failure is None
    assert (lost, counts["rejected"]) == (0, {})
    assert len(house.get(f"/v1/vehicles/{house.vehicle}/findings")["items"]) == 1
    assert len(house.cases()) == 1
