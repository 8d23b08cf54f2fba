"""Booking: one slot for one owner, holds that run out, moves that keep the parts, and wishes of the owner's own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from aftersales.cases import Wish
from aftersales.visits import bookings
from aftersales.visits.occupancy import HoldExpired, SlotTaken
from aftersales.visits.slot_ids import SlotKey, write_slot
from aftersales.visits.slot_search import SlotQuery, find_slots
from aftersales.visits.sweep import expire_holds
from aftersales.visits.wishes import TooManyHolds, book
from foundation.refusals import Conflict, Invalid
from ingest.registry import Vehicles
from ingest.vehicles import Vehicle
from tests.aftersales.world import World, garage, local


def slots(world: World, **query: Any) -> list[dict[str, Any]]:
    with world.database.unit() as unit:
        return find_slots(unit, world.owner, Vehicles(), SlotQuery(**query))


def hold(world: World, slot: str, vehicle: Vehicle | None = None, wish: Wish = Wish.MAINTENANCE) -> dict[str, Any]:
    with world.database.unit() as unit:
        return book(unit, world.owner, vehicle or world.vehicle, slot, wish, "please")


def move(world: World, appointment: str, slot: str) -> dict[str, Any]:
    with world.database.unit() as unit:
        return bookings.reschedule(unit, world.owner, Vehicles(), appointment, slot)


def test_twenty_buyers_of_one_slot_and_exactly_one_gets_it(world: World) -> None:
    world.put(garage(bays=3))
    slot = slots(world)[0]["id"]
    cars = [world.another_car(f"fleet-{number}") for number in range(20)]

    def act(car: Vehicle) -> str | SlotTaken:
        try:
            return str(hold(world, slot, car)["id"])
        except SlotTaken as taken:
            return taken

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(act, cars))
    refused = [answer for answer in answers if isinstance(answer, SlotTaken)]
    assert len(refused) == 19
    assert world.occupied() == 2
    offered = refused[0].extra["slots"]
    assert offered
    assert slot not in [one["id"] for one in offered]
    assert hold(world, offered[0]["id"], cars[-1])["state"] == "held"


@pytest.mark.parametrize("wish", list(Wish))
def test_a_wish_becomes_a_held_visit_with_an_estimate(world: World, wish: Wish) -> None:
    slot = slots(world, wish=wish, vehicle="car-1")[0]
    visit = hold(world, slot["id"], wish=wish)
    assert (visit["state"], visit["service"], visit["words"]) == ("held", wish, "please")
    assert visit["start"] == slot["start"]
    first = visit["estimate"]["lines"][0]
    group = {"maintenance": "工时费", "repair": "维修诊断费", "inspection": "检测费"}[wish]
    assert (first["kind"], first["group"]) == ("labour", group)
    assert world.reserved() == ({"oil_filter": 1} if wish is Wish.MAINTENANCE else {})
    assert world.confirm(visit["id"])["state"] == "confirmed"


def test_an_expired_hold_is_free_for_another_before_any_sweep(world: World) -> None:
    slot = slots(world)[-1]["id"]
    first = hold(world, slot)
    assert slot not in [one["id"] for one in slots(world)]
    world.clock.advance(timedelta(hours=2))
    assert slot in [one["id"] for one in slots(world)]
    assert hold(world, slot, world.another_car("car-2"))["state"] == "held"
    with world.database.unit() as unit:
        assert expire_holds(unit) == 1
        assert expire_holds(unit) == 0
    assert world.occupied() == 2
    with pytest.raises(HoldExpired):
        world.confirm(first["id"])


def test_the_sweep_gives_everything_back_and_the_owner_may_book_again(world: World) -> None:
    case = world.open()
    world.clock.advance(timedelta(hours=4))
    assert world.case(case["id"])["appointment"]["state"] == "expired", "at once, by reading"
    with world.database.unit() as unit:
        assert expire_holds(unit) == 1
    assert world.nothing_is_held()
    view = world.case(case["id"])
    assert (view["state"], view["reasons"][0]["code"]) == ("open", "hold_expired")
    slot = slots(world, case=case["id"])[0]["id"]
    with world.database.unit() as unit:
        visit = book(unit, world.owner, world.vehicle, slot, Wish.REPAIR, None, case["id"])
    assert visit["case"] == case["id"]
    assert world.reserved() == {"alt_shelf": 1, "belt": 1}


def test_an_expired_hold_can_be_booked_anew_before_any_sweep(world: World) -> None:
    case = world.open()
    world.clock.advance(timedelta(hours=4))
    slot = slots(world, case=case["id"])[0]["id"]
    with world.database.unit() as unit:
        visit = book(unit, world.owner, world.vehicle, slot, Wish.REPAIR, None, case["id"])
    assert world.confirm(visit["id"])["state"] == "confirmed"
    assert world.occupied() == 2


def test_moving_keeps_parts_and_approvals(world: World) -> None:
    visit = world.open()["appointment"]
    world.confirm(visit["id"])
    other = slots(world, case=visit["case"])[3]
    moved = move(world, visit["id"], other["id"])
    assert (moved["start"], moved["sequence"], moved["state"]) == (other["start"], 1, "confirmed")
    assert moved["estimate"] == visit["estimate"]
    assert world.reserved() == {"alt_shelf": 1, "belt": 1}
    assert world.occupied() == 2


def test_a_holders_own_hold_hides_no_slot_from_him(world: World) -> None:
    visit = world.open()["appointment"]
    offered = [slot["start"] for slot in slots(world, case=visit["case"])]
    assert visit["start"] in offered
    overlapping = next(slot for slot in slots(world, case=visit["case"]) if slot["start"] > visit["start"])
    assert overlapping["start"] < visit["end"]
    assert move(world, visit["id"], overlapping["id"])["start"] == overlapping["start"]


def test_a_held_visit_can_go_to_another_workshop_with_new_parts(world: World) -> None:
    visit = world.open()["appointment"]
    world.put(garage("two", stock_location="loc_two", labour_rate=20_000))
    slot = slots(world, case=visit["case"], workshop="wks_two")[0]
    moved = move(world, visit["id"], slot["id"])
    assert moved["workshop"]["id"] == "wks_two"
    assert moved["estimate"]["lines"][0]["unit_price"]["amount"] == 20_000
    assert world.reserved() == {"alt_central": 1}, "the shelf of the first workshop has its parts back"
    assert world.occupied() == 2
    world.confirm(visit["id"])
    back = slots(world)[0]
    with pytest.raises((Conflict, Invalid)):
        move(world, visit["id"], back["id"])


def test_a_taken_slot_leaves_the_old_one_in_place(world: World) -> None:
    visit = world.open()["appointment"]
    wanted = slots(world, case=visit["case"])[-1]
    other = slots(world, after=datetime.fromisoformat(wanted["start"]))[0]
    assert hold(world, other["id"], world.another_car("car-2"))["start"] == wanted["start"]
    with pytest.raises(SlotTaken):
        move(world, visit["id"], wanted["id"])
    assert world.case(visit["case"])["appointment"]["start"] == visit["start"]
    assert world.occupied() == 4


FORGED: dict[str, dict[str, Any]] = {
    "length": {"minutes": 15},
    "grid": {"start": local("2026-11-24T08:40")},
    "sunday": {"start": local("2026-11-29T09:00")},
    "past": {"start": local("2026-11-23T09:00")},
    "far": {"start": local("2027-03-01T09:00")},
    "bay": {"bay": "bay_two_0"},
    "technician": {"technician": "nobody"},
    "workshop": {"workshop": "nowhere"},
    "wish": {"wish": Wish.INSPECTION},
}


def test_forged_slots_and_nonsense_are_refused(world: World) -> None:
    fields: dict[str, Any] = {
        "workshop": "wks_one",
        "start": local("2026-11-24T09:00"),
        "minutes": 60,
        "wish": Wish.MAINTENANCE,
        "bay": "bay_one_0",
        "technician": "tech_one_0",
    }
    forged = [write_slot(SlotKey(**(fields | change))) for change in FORGED.values()]
    for slot in (*forged, "", "x", "W10", "bnVsbA", "WzEsMl0", "é", "A" * 999, "WyJhIiwxZTQwMCwxLCJhIiwiYSIsImEiXQ"):
        with pytest.raises(Invalid):
            hold(world, slot)
    assert world.nothing_is_held()
    assert hold(world, write_slot(SlotKey(**fields)))["state"] == "held"


def test_hoarding_slots_is_capped(world: World) -> None:
    for number in range(5):
        hold(world, slots(world)[0]["id"], world.another_car(f"fleet-{number}"))
    with pytest.raises(TooManyHolds):
        hold(world, slots(world)[0]["id"])


def test_a_case_with_a_visit_is_not_booked_twice(world: World) -> None:
    visit = world.open()["appointment"]
    slot = slots(world, case=visit["case"])[-1]["id"]
    with pytest.raises(Conflict), world.database.unit() as unit:
        book(unit, world.owner, world.vehicle, slot, Wish.REPAIR, None, visit["case"])


def test_a_fault_whose_part_cannot_be_had_is_booked_for_diagnosis(world: World) -> None:
    case = world.open(world.finding(fault="water_pump"))
    slot = slots(world, case=case["id"])[0]
    with world.database.unit() as unit:
        visit = book(unit, world.owner, world.vehicle, slot["id"], Wish.REPAIR, None, case["id"])
    assert [line["operation"] for line in visit["estimate"]["lines"]] == ["diagnosis"]
    assert world.case(case["id"])["reasons"][0]["code"] == "no_fitting_part"
