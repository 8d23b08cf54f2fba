"""The whole way at the desk: a finding becomes a settled, reviewed repair, told in order and nothing else."""

import pytest
from sqlalchemy import update

from aftersales import settlement
from aftersales.cases import SettlementGroup
from aftersales.repair import reviews
from aftersales.repair.repair_orders import StepBlocked
from aftersales.repair.repairs import repaired
from aftersales.settlement import NotSettleable
from aftersales.tables import settlements
from aftersales.visits import bookings
from aftersales.visits.occupancy import HoldExpired
from foundation.events import read
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog import stock
from tests.aftersales.world import STEPS, World, local


def test_a_finding_is_proposed_with_parts_bay_and_technician(world: World) -> None:
    case = world.open()
    visit = case["appointment"]
    assert (case["state"], visit["state"], case["reasons"]) == ("proposed", "held", [])
    # Monday noon plus four hours' notice; 1.6 h end before 18:00; the dearer alternator is here, the cheaper is not.
    assert visit["start"] == local("2026-11-23T16:00").isoformat()
    assert visit["end"] == local("2026-11-23T17:45").isoformat()
    assert [(line["kind"], line["part"], line["quantity"]) for line in visit["estimate"]["lines"]] == [
        ("labour", None, 1.6),
        ("part", "alt_shelf", 1),
        ("part", "belt", 1),
    ]
    assert visit["estimate"]["lines"][0]["evidence"]["probability"] == 0.97
    assert world.reserved() == {"alt_shelf": 1, "belt": 1}
    assert world.occupied() == 2
    assert visit["expires_at"] == visit["start"], "a hold never outlives the start of its visit"


def test_the_whole_way_is_told_in_order_and_nothing_else(world: World) -> None:
    case = world.open()
    order = world.confirm(case["appointment"]["id"])["repair_order"]
    for step in STEPS:
        possible = [one["step"] for one in world.step(order, **step)["next_steps"]]
    assert possible == []
    sheet = world.settle(order)
    with world.database.unit() as unit:
        reviews.review(unit, world.owner, order, 5, "good")
        told = [event.data["step"] for event in read(unit, order)]
    assert told == [*(step["step"] for step in STEPS), "settle"]
    assert set(world.events(order)) == {"progress"}
    assert world.events(case["id"]) == [
        "case_opened",
        "appointment_proposed",
        "appointment_confirmed",
        "car_arrived",
        "case_settled",
        "reviewed",
    ]
    assert world.events("car-1") == ["case_opened"]
    assert sheet["mileage_km"] == 84_210
    assert world.case(case["id"])["state"] == "settled"
    assert world.nothing_is_held()


def test_the_sheet_is_the_sum_of_its_lines_in_the_six_groups(world: World) -> None:
    order = world.confirm(world.open(world.finding(probability=0.8))["appointment"]["id"])["repair_order"]
    for step in STEPS:
        world.step(order, **step)
    sheet = world.settle(order)
    assert [group["group"] for group in sheet["groups"]] == list(SettlementGroup)
    net = {group["group"]: group["totals"]["net"]["amount"] for group in sheet["groups"]}
    # Half an hour of checking, 1.6 h of repair at 300 yuan, alternator and belt.
    assert net == {
        "维修诊断费": 15_000,
        "检测费": 0,
        "材料费": 128_001,
        "工时费": 48_000,
        "加工费": 0,
        "其他费用": 0,
    }
    tax = 1_950 + 15_600 + 1_040 + 6_240  # 13 % of each line, rounded on the line: 8 001 gives 1 040.13
    assert {name: money["amount"] for name, money in sheet["totals"].items()} == {
        "net": 191_001,
        "tax": tax,
        "gross": 191_001 + tax,
    }
    assert world.settle(order) == sheet, "settling again gives the same sheet"


def test_what_was_repaired_is_known_and_a_mere_look_repairs_nothing(world: World) -> None:
    """Nothing before the settlement; and nothing of a case whose work the owner declined."""
    order = world.confirm(world.open(world.finding(probability=0.8))["appointment"]["id"])["repair_order"]
    for step in STEPS:
        world.step(order, **step)
    with world.database.unit() as unit:
        assert repaired(unit, ["car-1"]) == {}
    world.settle(order)
    with world.database.unit() as unit:
        assert repaired(unit, ["car-1", "car-2"]) == {"car-1": {"alternator": [world.clock.now()]}}
        assert repaired(unit, ["car-2"]) == {}
        sheet = settlement.sheet(unit, world.owner, order)
        looked = [group | {"lines": group["lines"] if group["group"] == SettlementGroup.DIAGNOSIS else []}
                  for group in sheet["groups"]]  # fmt: skip
        unit.connection.execute(update(settlements).values(sheet=sheet | {"groups": looked}))
        assert repaired(unit, ["car-1"]) == {}


def test_guards_refuse_steps_out_of_turn(world: World) -> None:
    order = world.confirm(world.open()["appointment"]["id"])["repair_order"]
    with pytest.raises(Invalid, match="mileage_km"):
        world.step(order, step="check_in")
    with pytest.raises(StepBlocked):
        world.step(order, step="start")
    view = world.step(order, step="check_in", mileage_km=10)
    assert [step["step"] for step in view["next_steps"]] == ["inspect", "start"]
    world.step(order, step="start")
    with pytest.raises(StepBlocked, match="handed out"):
        world.step(order, step="quality_check")
    with pytest.raises(Invalid, match="note"):
        world.step(order, step="work", note="  ")
    world.step(order, step="issue_parts")
    with pytest.raises(StepBlocked):
        world.step(order, step="issue_parts")
    with pytest.raises(NotSettleable):
        world.settle(order)
    with pytest.raises(Invalid, match="no step"):
        world.step(order, step="fly")
    with pytest.raises(NotFound), world.database.unit() as unit:
        settlement.sheet(unit, world.owner, order)


def test_a_review_needs_a_settlement_and_comes_once(world: World) -> None:
    order = world.confirm(world.open()["appointment"]["id"])["repair_order"]
    with pytest.raises(Conflict), world.database.unit() as unit:
        reviews.review(unit, world.owner, order, 5)
    for step in STEPS:
        world.step(order, **step)
    world.settle(order)
    with pytest.raises(Invalid), world.database.unit() as unit:
        reviews.review(unit, world.owner, order, 6)
    with world.database.unit() as unit:
        assert reviews.review(unit, world.owner, order, 4, "fine")["rating"] == 4
    with pytest.raises(reviews.AlreadyReviewed), world.database.unit() as unit:
        reviews.review(unit, world.owner, order, 5)


def test_confirming_again_is_no_harm(world: World) -> None:
    visit = world.open()["appointment"]["id"]
    first = world.confirm(visit)
    assert world.confirm(visit) == first
    assert first["expires_at"] is None
    assert [line["reserved_until"] for line in first["reservations"]] == [None, None]


@pytest.mark.parametrize("stage", ["held", "confirmed"])
def test_declining_frees_everything(world: World, stage: str) -> None:
    case = world.open()
    visit = case["appointment"]["id"]
    order = world.confirm(visit)["repair_order"] if stage == "confirmed" else None
    for _ in range(2):  # again is no harm
        with world.database.unit() as unit:
            assert bookings.decline(unit, world.owner, visit)["state"] == "declined"
        assert world.nothing_is_held()
    assert world.case(case["id"])["state"] == "declined"
    assert world.events(case["id"])[-1] == "case_declined"
    assert world.events(case["id"]).count("case_declined") == 1
    if order is not None:
        assert world.events(order) == ["progress"]
    with pytest.raises(Conflict):
        world.confirm(visit)


def test_a_case_is_declined_with_or_without_a_visit(world: World) -> None:
    waiting = world.open(world.finding("f2", fault="water_pump"))["id"]
    for case in (world.open()["id"], waiting):
        for _ in range(2):
            with world.database.unit() as unit:
                assert bookings.decline_case(unit, world.owner, case)["state"] == "declined"
        assert world.events(case).count("case_declined") == 1
    assert world.nothing_is_held()


def test_a_visit_whose_parts_have_gone_is_not_confirmed(world: World) -> None:
    visit = world.open()["appointment"]
    with world.database.unit() as unit:
        stock.release(unit, visit["case"])
    with pytest.raises(HoldExpired):
        world.confirm(visit["id"])
    assert world.case(visit["case"])["appointment"]["state"] == "held"


def test_a_car_that_has_arrived_is_not_declined(world: World) -> None:
    visit = world.open()["appointment"]["id"]
    world.step(world.confirm(visit)["repair_order"], **STEPS[0])
    with pytest.raises(Conflict), world.database.unit() as unit:
        bookings.decline(unit, world.owner, visit)
    assert world.occupied() == 2
