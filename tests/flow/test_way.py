"""The whole way: real drives in over MQTT, a booked, progressing, settled and reviewed repair out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.readings import TripColumns
from simulators.fleet import history
from tests.flow.house import Follower, House, eventually
from tests.flow.trips import carobd, growing_alternator_fault, write_all

STEPS = [
    {"step": "check_in", "mileage_km": 84210},
    {"step": "inspect"},
    {"step": "start"},
    {"step": "issue_parts"},
    {"step": "work", "note": "alternator replaced"},
    {"step": "quality_check"},
    {"step": "complete"},
]


@pytest.fixture(params=["simulated", "carobd"])
def healthy(request: pytest.FixtureRequest) -> list[TripColumns]:
    """Twelve healthy trips of one car, in order."""
    if request.param == "carobd":
        return carobd(request.getfixturevalue("shared"))
    return history(seed=8, trips=12, severity=np.zeros(12))


def readings_in(trips: list[TripColumns]) -> int:
    return sum(int(np.count_nonzero(~np.isnan(column))) for trip in trips for column in trip.signals.values())


def settled_down(house: House, readings: int) -> dict[str, Any]:
    """Wait until every reading is stored and every closed trip was judged."""

    def look() -> Any:
        intake = house.get("/v1/ingest/counts")
        return intake if intake["stored"] >= readings and intake["trips_waiting"] == 0 else None

    return dict(eventually(look, 240, f"{readings} readings stored, no trip waiting"))


def test_healthy_trips_open_no_case(house: House, healthy: list[TripColumns], tmp_path: Path) -> None:
    house.replay(write_all(healthy, tmp_path))
    counts = settled_down(house, readings_in(healthy))
    assert (counts["stored"], counts["rejected"]) == (readings_in(healthy), {})
    assert house.get(f"/v1/vehicles/{house.vehicle}/findings")["items"] == []
    assert house.cases() == []


def test_a_growing_fault_becomes_one_repair_seen_to_its_end(
    house: House, healthy: list[TripColumns], tmp_path: Path
) -> None:
    faulty = growing_alternator_fault(healthy, seed=11)
    files = write_all(faulty, tmp_path)
    house.replay(files)
    [case] = eventually(lambda: [case for case in house.cases() if case["appointment"]], 60, "one proposed case")
    settled_down(house, readings_in(faulty))

    [finding] = house.get(f"/v1/vehicles/{house.vehicle}/findings")["items"]
    assert (finding["fault"], case["fault"]) == ("alternator", "alternator")
    assert len(finding["evidence"]) >= 1
    [alternator] = [line for line in case["estimate"]["lines"] if line.get("part_type") == "alternator"]
    answers = house.get("/v1/fitment", vehicle=house.vehicle, part_type="alternator")["items"]
    assert {answer["id"]: answer["fit"]["verdict"] for answer in answers}[alternator["part"]] == "fits"
    assert [r["part"] for r in case["reservations"]].count(alternator["part"]) == 1
    assert case["appointment"]["state"] == "held"

    order = repair(house, case)
    assert order["state"] == "settled"
    house.replay(files)
    settled_down(house, readings_in(faulty))
    assert [case["state"] for case in house.cases()] == ["settled"]
    assert house.get("/v1/ingest/counts")["stored"] == readings_in(faulty)


def repair(house: House, case: dict[str, Any]) -> dict[str, Any]:
    """Confirm, repair, settle and review; the follower sees every progress entry once and in order."""
    confirmed = house.post(f"/v1/appointments/{case['appointment']['id']}/confirm", {})
    path = f"/v1/repair-orders/{confirmed['repair_order']}"
    follower = Follower(house, f"{path}/progress")
    for number, step in enumerate(STEPS):
        house.post(f"{path}/steps", step, house.workshop)
        if number == 3:
            follower.cut()
    house.post(f"{path}/settlement", {}, house.workshop)
    sheet = house.get(f"{path}/settlement")
    assert {group["group"] for group in sheet["groups"] if group["lines"]} >= {"工时费", "材料费"}
    house.post(f"{path}/review", {"rating": 5, "words": "good"})
    order = dict(house.get(path))
    wanted = order["progress_count"]
    eventually(lambda: len(follower.seen) >= wanted, 20, f"{wanted} progress entries, saw {follower.seen}")
    follower.end()
    assert [entry["number"] for entry in follower.seen] == list(range(1, wanted + 1))
    assert follower.connections >= 2
    return order
