"""Opening cases: once per finding and fault, never half held, and the reason in words when nothing can be proposed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from aftersales.cases import CaseState
from aftersales.opening import open_case
from aftersales.tables import appointments, cases, estimates
from diagnostics.findings import Urgency
from foundation.refusals import Invalid
from parts_catalog.tables import stock
from tests.aftersales.world import CENTRAL, GARAGE, WAREHOUSE, World, garage, local
from tests.parts_catalog.pricing.scene import add_list


def test_the_same_finding_again_changes_nothing(world: World) -> None:
    case = world.open()
    assert world.open() == case
    assert world.events(case["id"]) == ["case_opened", "appointment_proposed"]


def test_another_finding_of_the_fault_joins_the_open_case(world: World) -> None:
    case = world.open()
    again = world.open(world.finding("f2", urgency=Urgency.S0))
    assert again["id"] == case["id"]
    assert [finding["id"] for finding in again["findings"]] == ["f1", "f2"]
    assert (again["urgency"], again["urgent"]) == ("S0", True)
    assert [advice["code"] for advice in again["advice"]] == ["stop", "tow"]
    assert world.events(case["id"])[2:] == ["finding_merged"]
    assert world.reserved() == {"alt_shelf": 1, "belt": 1}


def test_findings_at_the_same_moment_open_one_case_with_one_reservation(world: World) -> None:
    def act(key: str) -> str:
        with world.database.unit() as unit:
            return open_case(unit, world.finding(key), world.vehicle)

    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(act, ["f1", "f1", "f1", "f1", "f2", "f2", "f3", "f4"]))
    assert len(set(opened)) == 1
    assert world.reserved() == {"alt_shelf": 1, "belt": 1}
    assert world.occupied() == 2
    with world.database.unit() as unit:
        assert unit.connection.execute(select(func.count()).select_from(appointments)).scalar_one() == 1


def test_cars_that_fail_together_get_visits_one_after_the_other(world: World) -> None:
    cars = [world.another_car(f"fleet-{number}") for number in range(6)]

    def act(number: int) -> str:
        with world.database.unit() as unit:
            return open_case(unit, world.finding(f"f{number}", cars[number]), cars[number])

    with ThreadPoolExecutor(6) as pool:
        opened = [world.case(case) for case in pool.map(act, range(6))]
    assert [case["state"] for case in opened] == ["proposed"] * 6
    starts = sorted(case["appointment"]["start"] for case in opened)
    assert len(set(starts)) == 6
    alternators = [line["part"] for case in opened for line in case["appointment"]["estimate"]["lines"]]
    assert (alternators.count("alt_shelf"), alternators.count("alt_central")) == (1, 5), "the last one is promised once"


def test_a_doubtful_finding_books_a_diagnosis_first(world: World) -> None:
    lines = world.open(world.finding(probability=0.8))["appointment"]["estimate"]["lines"]
    assert [line["operation"] for line in lines[:2]] == ["short_diagnosis", "repair_alternator"]
    assert lines[0]["group"] == "维修诊断费"


def test_a_weak_finding_holds_no_parts(world: World) -> None:
    case = world.open(world.finding(probability=0.2))
    assert [line["operation"] for line in case["appointment"]["estimate"]["lines"]] == ["diagnosis"]
    assert world.reserved() == {}


def test_parts_from_the_warehouse_move_the_visit_to_the_next_day_and_say_so(world: World) -> None:
    visit = world.open(world.finding(fault="fuel_pump"))["appointment"]
    assert visit["start"] == local("2026-11-24T08:30").isoformat()
    assert (visit["reason_en"], visit["reason_zh"]) == ("The parts arrive on Tuesday", "配件周二到货")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("water_pump", "no_fitting_part"), ("starter", "part_unclear"), ("alternator", "part_out_of_stock")],
)
def test_a_missing_part_leaves_the_case_open_with_its_reason(world: World, fault: str, code: str) -> None:
    with world.database.unit() as unit:
        unit.connection.execute(update(stock).where(stock.c.part.like("alt%")).values(on_hand=0))
    case = world.open(world.finding(fault=fault))
    assert (case["state"], case["appointment"]) == ("open", None)
    assert [reason["code"] for reason in case["reasons"]] == [code]
    assert case["reasons"][0]["zh"]
    assert [question["attribute"] for question in case["questions"]] == (["drive"] if fault == "starter" else [])
    asked = ["question_asked"] if fault == "starter" else []
    assert world.events(case["id"]) == ["case_opened", "case_waiting", *asked]
    assert world.nothing_is_held()
    with world.database.unit() as unit:
        assert unit.connection.execute(select(func.count()).select_from(estimates)).scalar_one() == 0


def test_no_slot_within_the_urgency_leaves_the_case_open(world: World) -> None:
    closed: dict[str, list[list[str]]] = {f"2026-11-{day}": [] for day in range(23, 30)}
    world.put(garage(special_days=closed))
    case = world.open()
    assert [reason["code"] for reason in case["reasons"]] == ["no_slot_in_time"]
    assert world.nothing_is_held()
    stopped = world.open(world.finding("f2", fault="battery_12v", urgency=Urgency.S0, probability=0.2))
    assert stopped["appointment"]["start"] == local("2026-11-30T08:30").isoformat(), "a towed car waits at the workshop"


def test_work_longer_than_a_month_holds_is_refused_in_words(world: World) -> None:
    world.put(garage(opening_hours={}, special_days={"2026-11-30": [["09:00", "10:00"]]}))
    assert [reason["code"] for reason in world.open()["reasons"]] == ["work_too_long"]


def test_an_unequipped_workshop_is_never_proposed(world: World) -> None:
    case = world.open(world.finding(fault="dcdc_converter", probability=0.2))
    assert [reason["code"] for reason in case["reasons"]] == ["no_workshop_equipped"]


def test_a_declined_case_stays_declined_and_a_new_finding_opens_a_new_one(world: World) -> None:
    case = world.open()
    with world.database.unit() as unit:
        unit.connection.execute(update(cases).values(state=CaseState.DECLINED.value))
        unit.connection.execute(
            update(stock).where(stock.c.location == CENTRAL, stock.c.part == "alt_shelf").values(on_hand=0)
        )
    assert world.open()["id"] == case["id"]
    assert world.open(world.finding("f2"))["id"] != case["id"]


def test_only_a_stored_finding_of_this_vehicle_opens_a_case(world: World) -> None:
    other = world.another_car("car-2")
    for finding in (world.finding(id=None), world.finding(fault="gremlins"), world.finding(vehicle=other)):
        with pytest.raises(Invalid), world.database.unit() as unit:
            open_case(unit, finding, world.vehicle)


def test_a_later_finding_proposes_again_when_nothing_was_proposed(world: World) -> None:
    world.put(garage(special_days={f"2026-11-{day}": [] for day in range(23, 30)}))
    case = world.open()
    world.clock.advance(timedelta(days=6))
    again = world.open(world.finding("f2"))
    assert (again["id"], again["state"]) == (case["id"], "proposed")


def test_the_estimate_has_the_prices_of_the_houses_own_list(world: World) -> None:
    def net_of_the_belt(key: str) -> int:
        car = world.another_car(key)
        lines = world.open(world.finding(key, car), car)["estimate"]["lines"]
        return next(int(line["unit_price"]["amount"]) for line in lines if line["part"] == "belt")

    before = net_of_the_belt("car-before")
    with world.database.unit() as unit:
        add_list(unit, {"belt": before - 1}, organisation=GARAGE, channel="counter")
        add_list(unit, {"belt": 1}, organisation=WAREHOUSE, channel="counter")
    assert net_of_the_belt("car-after") == before - 1
