"""Kills in the middle of the way: everything is back within seconds, nothing is lost, nothing doubled."""

import random
import subprocess
import sys
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
PACE_S = 2.5  # a fresh start on a machine that keeps these seconds with ease


def fresh_start() -> float:
    """Give how long this machine takes, as it is loaded now, until Python has read what the web server consists of."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import forecourt.processes.api"], check=True, timeout=120)
    return time.monotonic() - began


def held_to(took: float, seconds: float, what: str) -> None:
    """Hold what was started again to its seconds; on a machine that starts nothing in that time, to its own pace."""
    if took > seconds:
        pace = fresh_start()
        assert took <= seconds * pace / PACE_S, f"{what} after {took:.1f} s, where a fresh start takes {pace:.1f} s"


def back_within(house: House, name: str, seconds: float) -> float:
    """Wait until a killed child runs and works again; gives the seconds that took."""
    before = house.pid(name)
    house.kill(name)
    began = time.monotonic()
    eventually(lambda: house.pid(name) not in {None, before} and house.works(name), 60, f"{name} is back")
    took = time.monotonic() - began
    held_to(took, seconds, f"{name} was back")
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
    held_to(again, READOPTED_S, "serve was ready again")
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
