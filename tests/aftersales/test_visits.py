"""Visits as stories over HTTP: given up at each stage, missed, in the calendar, over clock changes and a holiday."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from aftersales.visits.holds import OWN_HOLD
from aftersales.workshop.workshops import Bay, Technician, Timing
from diagnostics.faults import FAULTS
from diagnostics.findings import Urgency
from forecourt import access
from foundation.grants import open_to
from foundation.identity import Role, add_account
from foundation.keys import add_key
from ingest.registry import add_vehicle
from ingest.vehicles import Fuel, VehicleConfig
from tests.aftersales.voices import HOUR_A_DAY, Town, Voice
from tests.aftersales.world import FAMILY, GARAGE, SKILLS, STEPS, garage, local


@pytest.mark.parametrize("stage", ["proposed", "moved", "confirmed", "with another time on offer", "missed"])
def test_giving_up_at_each_stage_frees_everything(street: Town, stage: str) -> None:
    case = street.world.open()
    visit = case["appointment"]["id"]
    if stage == "moved":
        slot = street.owner.slots(case=case["id"])[2]
        street.owner.post(f"appointments/{visit}/reschedule", {"slot": slot["id"]})
    if stage in {"confirmed", "with another time on offer", "missed"}:
        slot = street.owner.slots(case=case["id"])[-1]
        street.owner.post(f"appointments/{visit}/reschedule", {"slot": slot["id"]})
        street.owner.post(f"appointments/{visit}/confirm")
    if stage == "with another time on offer":
        street.owner.post("waitlist", {"case": case["id"]}, 201)
        street.sweep()
        assert street.world.occupied() == 4
    if stage == "missed":
        street.world.clock.advance(timedelta(days=30))
        street.sweep()
    for _ in range(2):  # again is no harm
        assert street.owner.post(f"cases/{case['id']}/decline")["state"] == "declined"
    assert street.world.nothing_is_held()
    assert [one["state"] for one in street.owner.get("waitlist")["items"]] in ([], ["left"])
    street.sweep()
    assert street.world.nothing_is_held()
    street.owner.post(f"appointments/{visit}/confirm", status=409)


def test_a_car_that_has_arrived_is_not_given_up_nor_missed(street: Town) -> None:
    case = street.world.open()
    order = street.owner.post(f"appointments/{case['appointment']['id']}/confirm")["repair_order"]
    street.technician.post(f"repair-orders/{order}/steps", STEPS[0], 201)
    street.owner.post(f"cases/{case['id']}/decline", status=409)
    street.technician.post(f"appointments/{case['appointment']['id']}/no-show", status=409)
    street.world.clock.advance(timedelta(days=1))
    street.sweep()
    assert street.owner.get(f"cases/{case['id']}")["state"] == "in_repair"


@pytest.mark.parametrize("who", ["workshop", "sweep"])
def test_a_car_that_does_not_come(street: Town, who: str) -> None:
    case = street.world.open()
    visit = case["appointment"]
    order = street.owner.post(f"appointments/{visit['id']}/confirm")["repair_order"]
    missed = f"appointments/{visit['id']}/no-show"
    assert street.technician.post(missed, status=409)["start"] == visit["start"]
    street.world.clock.advance(datetime.fromisoformat(visit["start"]) - street.world.clock.now())
    street.owner.post(missed, status=403)
    street.stranger.post(missed, status=403)
    street.sweep()
    assert street.owner.get(f"appointments/{visit['id']}")["state"] == "confirmed", "he may be a little late"
    if who == "workshop":
        for _ in range(2):
            street.technician.post(missed)
    else:
        street.world.clock.advance(timedelta(hours=1))
        street.sweep()
        street.sweep()
    view = street.owner.get(f"appointments/{visit['id']}")
    assert (view["state"], view["sequence"], view["no_shows"]) == ("no_show", 1, 1)
    assert street.world.nothing_is_held()
    after = street.owner.get(f"cases/{case['id']}")
    assert (after["state"], after["reasons"][0]["code"]) == ("open", "no_show")
    assert street.owner.get(f"repair-orders/{order}")["state"] == "cancelled"
    assert street.world.events(case["id"]).count("no_show") == 1
    assert street.owner.told() == ["no_show", "visit_confirmed", "visit_proposed"]
    slot = street.owner.slots(case=case["id"])[0]
    again = street.owner.hold("car-1", slot, case=case["id"])
    assert again["state"] == "held"


def event(text: str) -> tuple[str, Any]:
    calendar = Calendar.from_ical(text)
    (found,) = calendar.walk("VEVENT")
    return str(calendar["method"]), found


def test_the_calendar_file_follows_the_visit(street: Town) -> None:
    case = street.world.open()
    visit = case["appointment"]
    path = f"appointments/{visit['id']}/calendar"
    method, held = event(street.owner.text(path))
    assert (method, held["status"], held["sequence"]) == ("PUBLISH", "TENTATIVE", 0)
    assert held["summary"] == "one: Alternator"
    assert held.start == datetime.fromisoformat(visit["start"])
    assert held.end == datetime.fromisoformat(visit["end"])
    _, chinese = event(street.owner.text(path, **{"Accept-Language": "zh-CN,zh;q=0.9"}))
    assert chinese["summary"] == f"one：{FAULTS['alternator'].zh}"
    other = street.owner.slots(case=case["id"])[5]
    street.owner.post(f"appointments/{visit['id']}/reschedule", {"slot": other["id"]})
    _, moved = event(street.owner.text(path))
    assert (moved["uid"], moved["sequence"]) == (held["uid"], 1)
    assert moved.start == datetime.fromisoformat(other["start"])
    street.owner.post(f"appointments/{visit['id']}/confirm")
    assert event(street.owner.text(path))[1]["status"] == "CONFIRMED"
    street.owner.post(f"appointments/{visit['id']}/decline")
    method, over = event(street.owner.text(path))
    assert (method, over["status"], over["uid"], over["sequence"]) == ("CANCEL", "CANCELLED", held["uid"], 2)
    street.stranger.get(path, 404)


def test_a_hold_that_ran_out_cancels_itself_before_and_after_the_sweep(street: Town) -> None:
    visit = street.world.open()["appointment"]["id"]
    street.world.clock.advance(timedelta(hours=5))
    before = event(street.owner.text(f"appointments/{visit}/calendar"))
    street.sweep()
    after = event(street.owner.text(f"appointments/{visit}/calendar"))
    assert [one[0] for one in (before, after)] == ["CANCEL", "CANCEL"]
    assert (before[1]["sequence"], after[1]["sequence"]) == (1, 1)


# zone, the Sunday on which its clocks change, and how many real hours lie between one and five o'clock on it.
CHANGES = [
    ("Europe/Berlin", "2027-03-28", 3.0),
    ("America/New_York", "2026-11-01", 5.0),
    ("Australia/Lord_Howe", "2027-04-04", 4.5),
]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES)
def test_a_visit_on_the_night_of_a_clock_change(street: Town, zone: str, day: str, hours: float) -> None:
    home = ZoneInfo(zone)
    early = garage(zone=home, opening_hours={"sun": [["01:00", "05:00"]]}, place=(52.5, 13.4))
    street.world.put(early)
    eve = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=home) - timedelta(days=1)
    street.world.clock.advance(eve.astimezone(UTC) - street.world.clock.now())
    found = [one for one in street.owner.slots() if one["start"] < f"{day}T23"]
    starts = [datetime.fromisoformat(one["start"]) for one in found]
    assert starts[0] == datetime.fromisoformat(f"{day}T01:00").replace(tzinfo=home).astimezone(UTC)
    assert {second - first for first, second in itertools.pairwise(starts)} == {timedelta(minutes=15)}
    assert len(starts) == (hours - 1) * 4 + 1, "an hour of work, begun every quarter of an hour"
    for slot in found:
        assert datetime.fromisoformat(slot["end"]) - datetime.fromisoformat(slot["start"]) == timedelta(hours=1)
    visit = street.owner.confirmed("car-1", found[4])
    wanted = {"vehicle": "car-2", "slot": found[7]["id"], "service": "maintenance"}
    taken = street.stranger.post("appointments", wanted, 409)
    assert (taken["code"], taken["slots"][0]["start"]) == ("slot_taken", found[0]["start"])
    _, entry = event(street.owner.text(f"appointments/{visit['id']}/calendar"))
    assert entry.start == starts[4]


def test_booking_over_a_holiday(street: Town) -> None:
    closed: dict[str, Any] = {"2026-11-24": [], "2026-11-25": [], "2026-11-29": [["10:00", "11:00"]]}
    street.world.put(garage(opening_hours=HOUR_A_DAY, special_days=closed))
    starts = [slot["start"][:10] for slot in street.owner.slots()]
    assert starts[:4] == ["2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29"], "and the Sunday is worked"
    visit = street.owner.confirmed("car-1", street.owner.slots()[0])
    assert visit["start"] == local("2026-11-26T09:00").isoformat()


def test_work_over_several_days_and_a_public_holiday(street: Town) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    mornings = {key: [["09:00", "12:00"]] for key in ("mon", "tue", "wed", "thu", "fri", "sat")}
    eight_hours = {"maintenance": Timing(minutes=480, before=30, after=30)}
    place = garage(zone=berlin, place=(52.5, 13.4), country="DE", opening_hours=mornings, services=eight_hours)
    street.world.put(place)
    eve = datetime(2026, 12, 30, 14, tzinfo=berlin)
    street.world.clock.advance(eve.astimezone(UTC) - street.world.clock.now())
    first = street.owner.slots()[0]
    # Three hours on New Year's Eve, none on New Year's Day, three on Saturday, none on Sunday, two on Monday.
    assert first["start"] == datetime(2026, 12, 31, 9, tzinfo=berlin).astimezone(UTC).isoformat()
    assert first["end"] == datetime(2027, 1, 4, 11, tzinfo=berlin).astimezone(UTC).isoformat()
    visit = street.owner.confirmed("car-1", first)
    _, entry = event(street.owner.text(f"appointments/{visit['id']}/calendar"))
    assert entry.end == datetime.fromisoformat(first["end"])
    after = street.stranger.slots()[0]
    assert after["start"] == datetime(2027, 1, 5, 9, tzinfo=berlin).astimezone(UTC).isoformat(), "the bay is taken"
    wanted = {"vehicle": "car-2", "slot": first["id"], "service": "maintenance"}
    assert street.stranger.post("appointments", wanted, 409)["code"] == "slot_taken"
    street.world.put(replace(place, special_days={"2027-01-01": [["09:00", "12:00"]]}))
    street.owner.post(f"appointments/{visit['id']}/decline")
    assert street.world.nothing_is_held()
    assert street.owner.slots()[0]["end"] == datetime(2027, 1, 2, 11, tzinfo=berlin).astimezone(UTC).isoformat()


def test_a_stopped_car_is_told_at_once_and_can_be_helped(street: Town) -> None:
    street.world.clock.advance(timedelta(hours=11))  # in the night
    case = street.world.open(street.world.finding(urgency=Urgency.S0))
    assert (case["state"], case["urgent"], street.owner.told()) == ("proposed", True, ["stop_car", "visit_proposed"])
    path = f"cases/{case['id']}/assistance"
    wanted = {"kind": "towing", "words": "Exit 12", "latitude": 31.1, "longitude": 121.3}
    first = street.owner.post(path, wanted, 201)
    assert street.owner.post(path, {"kind": "towing"}, 201) == first
    assert (first["workshop"], first["place"]) == ("wks_one", [31.1, 121.3])
    street.owner.post(path, {"kind": "mobile_service"}, 201)
    street.owner.post(path, {"kind": "towing", "latitude": 31.1}, 422)
    street.owner.post(path, {"kind": "flying"}, 422)
    street.stranger.post(path, wanted, 404)
    street.technician.post(path, wanted, 403)
    asked = street.owner.get(f"cases/{case['id']}")["assistance"]
    assert {one["kind"] for one in asked} == {"towing", "mobile_service"}
    assert street.advisor.told() == ["assistance_asked", "assistance_asked"]
    assert all("Car Volkswagen Golf 2016" in one["text_en"] for one in street.advisor.get("messages")["items"])
    street.world.open(street.world.finding("f2", urgency=Urgency.S0))
    assert street.owner.told().count("stop_car") == 1
    calm = street.world.open(street.world.finding("f3", fault="battery_12v", probability=0.2))
    assert street.owner.post(f"cases/{calm['id']}/assistance", wanted, 409)["code"] == "not_stopped"


def test_high_voltage_work_goes_to_its_bay_and_technician_only(street: Town) -> None:
    electric = VehicleConfig(make="BYD", model_line="Dolphin", model_year=2023, fuel=Fuel.ELECTRIC)
    with street.world.database.unit() as unit:
        car = add_vehicle(unit, FAMILY, "car-ev", config=electric)
    doubtful = {"fault": "traction_battery_fade", "probability": 0.2}
    case = street.world.open(street.world.finding("e1", car, **doubtful), car)
    assert [one["code"] for one in case["reasons"]] == ["no_workshop_equipped"]
    bays = (Bay("bay_plain", "1", frozenset({"lift"})), Bay("bay_hv", "2", frozenset({"lift", "high_voltage"})))
    people = (
        Technician("tech_plain", "Wang", "王", SKILLS),
        Technician("tech_hv", "Ma", "马", SKILLS | {"high_voltage"}),
    )
    street.world.put(replace(garage(), bays=bays, technicians=people))
    again = street.world.open(street.world.finding("e2", car, **doubtful), car)
    assert again["id"] == case["id"]
    visit = again["appointment"]
    assert (visit["bay"]["id"], visit["technician"]["id"]) == ("bay_hv", "tech_hv")
    slots = street.owner.slots(case=case["id"])
    assert {(one["bay"]["id"], one["technician"]["id"]) for one in slots} == {("bay_hv", "tech_hv")}


def test_holds_are_capped_per_car_and_never_extended(street: Town) -> None:
    for _ in range(3):
        street.owner.hold("car-1", street.owner.slots()[-1])
    wanted = {"vehicle": "car-1", "slot": street.owner.slots()[-1]["id"], "service": "maintenance"}
    assert street.owner.post("appointments", wanted, 409)["code"] == "too_many_holds"
    visit = street.owner.hold("car-4", street.owner.slots()[-1])
    ends = street.world.clock.now() + OWN_HOLD
    for number in range(4):
        street.world.clock.advance(timedelta(minutes=10))
        slot = street.owner.slots(case=visit["case"])[-1 - number]
        moved = street.owner.post(f"appointments/{visit['id']}/reschedule", {"slot": slot["id"]})
        assert datetime.fromisoformat(moved["expires_at"]) == ends


def with_key(street: Town, *scopes: str) -> Voice:
    """Give a voice that speaks with a key of the first family."""
    known = access.whole().scopes()
    with street.world.database.unit() as unit:
        boss = add_account(unit, f"{'.'.join(scopes)}@li.example", Role.ADMINISTRATOR, FAMILY)
        _, secret = add_key(unit, boss, "fleet software", scopes, known)
    return street.owner.speaking_with(secret)


def test_a_key_books_for_its_house_as_far_as_its_scopes_reach(street: Town) -> None:
    narrow, broad = with_key(street, "desk.book", "slots.list"), with_key(street, "read", "write")
    visit = narrow.hold("car-1", narrow.slots(vehicle="car-1")[0])
    narrow.post(f"appointments/{visit['id']}/confirm", status=403)
    order = broad.post(f"appointments/{visit['id']}/confirm")["repair_order"]
    broad.post(f"repair-orders/{order}/approvals", {"lines": ["x"], "decision": "approved"}, 403)
    broad.post("appointments", {"vehicle": "car-2", "slot": "x", "service": "maintenance"}, 404)
    broad.post(f"appointments/{visit['id']}/decline")
    assert street.world.nothing_is_held()


def test_for_a_car_that_is_opened_to_his_house_an_integrator_holds_a_time_and_its_owner_confirms(street: Town) -> None:
    with street.world.database.unit() as unit:
        dealer = add_account(unit, "dms@garage.example", Role.INTEGRATOR, GARAGE)
    software = street.owner.speaking_with(None, dealer)
    slot = software.slots()[0]
    asked = {"vehicle": "car-1", "slot": slot["id"], "service": slot["service"]}
    software.post("appointments", asked, 404)
    with street.world.database.unit() as unit:
        open_to(unit, "car-1", GARAGE, Role.TECHNICIAN, "desk")
    street.technician.post("appointments", asked, 403)
    visit = software.post("appointments", asked, 201)
    software.post(f"appointments/{visit['id']}/confirm", status=403)
    assert street.owner.told() == ["visit_proposed"]
    street.owner.post(f"appointments/{visit['id']}/confirm")
    assert street.owner.told() == ["visit_confirmed", "visit_proposed"]
    assert software.get(f"appointments/{visit['id']}")["state"] == "confirmed"
    software.post(f"appointments/{visit['id']}/decline", status=409)


def test_an_integrator_gives_back_what_his_house_holds_for_a_car_that_is_opened_to_it(street: Town) -> None:
    with street.world.database.unit() as unit:
        dealer = add_account(unit, "dms@garage.example", Role.INTEGRATOR, GARAGE)
    software = street.owner.speaking_with(None, dealer)
    case = street.world.open()["id"]
    ours = street.world.case(case)["appointment"]["id"]
    software.post(f"appointments/{ours}/decline", status=409)  # proposed by the desk: for its owner to decline
    software.post(f"cases/{case}/decline", status=403)
    street.owner.post(f"cases/{case}/decline")
    with street.world.database.unit() as unit:
        open_to(unit, "car-1", GARAGE, Role.TECHNICIAN, "desk")
    visit = software.hold("car-1", software.slots()[0])
    street.technician.post(f"appointments/{visit['id']}/decline", status=403)
    for _ in range(2):  # again is no harm
        assert software.post(f"appointments/{visit['id']}/decline")["state"] == "declined"
    assert street.world.nothing_is_held()
    left = street.owner.get(f"cases/{visit['case']}")
    assert (left["state"], [why["code"] for why in left["reasons"]]) == ("open", ["given_back"])
    assert "visit_given_back" in street.owner.told()
    assert software.get("vehicles/car-1")["id"] == "car-1", "the car stays open to his house"
    software.hold("car-1", software.slots()[0], case=visit["case"])
