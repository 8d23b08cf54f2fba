"""SIGKILL of car end, broker and ingest process while a car streams: nothing lost, nothing stored twice."""

import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from ingest.publisher import STATUS_S
from simulators.played_trip import SteppedTrip
from tests.flow.car_end import Driver, archived, counting_trip, elm_of
from tests.flow.house import House, eventually
from tests.flow.test_kill import back_within

BACK_S = 5.0
STEPS = {"engine_speed": 0.25, "mass_air_flow": 0.01, "distance_with_mil": 1.0}
PLAN = '{"fast": {"signals": ["engine_speed", "mass_air_flow", "distance_with_mil"], "period_s": 0.05}}'


class Answered(SteppedTrip):
    """A car that tells each value once, and remembers what it has told."""

    def __init__(self) -> None:
        super().__init__(counting_trip(60_000, **STEPS))
        self.told: dict[str, list[float]] = {name: [] for name in STEPS}

    def ask(self, signals: "list[str] | tuple[str, ...]") -> "dict[str, float]":
        found = dict(super().ask(signals))
        for name, value in found.items():
            self.told[name].append(value)
        return found


def test_kills_on_the_way_from_the_port_to_the_archive(house: House, tmp_path: Path) -> None:
    matrix(house, tmp_path, kills=1)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_twenty_kills_of_each_on_the_way_from_the_port_to_the_archive(house: House, tmp_path: Path) -> None:
    matrix(house, tmp_path, kills=20)


def matrix(house: House, folder: Path, kills: int) -> None:
    """Kill each of the three `kills` times at random moments of a stream, then count every value."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    victims = ["edge", "broker", "ingest"] * kills
    rng.shuffle(victims)
    (folder / "plan.json").write_text(PLAN, "utf-8")
    plan = ("--plan", str(folder / "plan.json"), "--rate", "200")
    car = Answered()
    with elm_of(car) as (_, server), Driver(house, server.address, folder / "spool") as driver:
        driver.start(*plan)
        eventually(lambda: stored(house) > 0, 60, "the first readings are stored")
        for victim in victims:
            await_more(car)
            time.sleep(rng.uniform(0.0, 3.0))
            if victim == "edge":
                driver.end(signal.SIGKILL)
                driver.start(*plan)
            else:
                back_within(house, victim, BACK_S)
        await_more(car)
        driver.end(signal.SIGTERM)
        server.stop()
        # What is still in the spool goes with the next start, which finds no car.
        driver.start(*plan)
        count = settle(house)
        driver.end(signal.SIGTERM)
    judge(house, {name: np.array(values) for name, values in car.told.items()}, kills, count, driver.said)


def await_more(car: Answered) -> None:
    told = len(car.told["engine_speed"])
    eventually(lambda: len(car.told["engine_speed"]) > told + 5, 60, "the car is asked")


def stored(house: House) -> int:
    return int(house.get("/v1/ingest/counts")["stored"])


def settle(house: House) -> int:
    """Wait until nothing more arrives: the device is online with an empty spool, and the count stands."""

    def empty() -> bool:
        devices = house.get(f"/v1/vehicles/{house.vehicle}/state")["devices"]
        return any(device["online"] and device["spool"] == 0 for device in devices)

    eventually(empty, 2 * STATUS_S + 60, "the spool is empty")  # it is told again after so long
    before = -1
    while (now := stored(house)) != before:
        before = now
        time.sleep(2)
    return now


def judge(house: House, told: "dict[str, np.ndarray]", kills: int, count: int, said: list[str]) -> None:
    """A value that the car told is in the archive once. One that was on the wire when its asker died was never had."""
    found = archived(house, sorted(told))
    lost, twice = {}, {}
    for name, values in told.items():
        wire = np.round(values / STEPS[name]).astype(np.int64)
        kept = np.round(found[name].astype(np.float64) / STEPS[name]).astype(np.int64)
        assert set(kept.tolist()) <= set(wire.tolist()), f"{name}: a value that no car told"
        lost[name] = sorted(set(wire.tolist()) - set(kept.tolist()))
        twice[name] = len(kept) - len(set(kept.tolist()))
    total = sum(map(len, told.values()))
    redelivered = house.get("/v1/ingest/counts")["redelivered"]
    gone = sum(map(len, lost.values()))
    print(
        f"{3 * kills} kills, {kills} each; {total} values told, {count} stored; stored twice {sum(twice.values())}, "
        f"not in the archive {gone} ({lost}), redelivered {redelivered} messages"
    )
    assert sum(twice.values()) == 0
    assert gone <= kills, f"more than what was on the wire at {kills} kills of the car end: {lost}; {said[-20:]}"
