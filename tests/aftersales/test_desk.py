"""The workshop's calendar over HTTP: a day as it is planned, and what the desk may move by itself."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.aftersales.voices import Town
from tests.aftersales.world import garage


@pytest.fixture
def visit(street: Town) -> dict[str, Any]:
    street.world.put(garage(bays=2))
    return street.owner.hold("car-1", street.owner.slots()[0])


def place(visit: dict[str, Any], **changes: str) -> dict[str, str]:
    """Give where a visit is, as the body of a move."""
    here = {"bay": visit["bay"]["id"], "technician": visit["technician"]["id"], "start": visit["start"]}
    return here | changes


def test_the_day_says_what_takes_which_bay_and_technician(street: Town, visit: dict[str, Any]) -> None:
    day = visit["start"][:10]
    plan = street.advisor.get(f"workshops/wks_one/days/{day}")
    assert {one["resource"] for one in plan["taken"]} == {visit["bay"]["id"], visit["technician"]["id"]}
    assert plan["visits"][visit["id"]]["title_en"] == "Maintenance"
    assert len(plan["bays"]) == 2
    street.owner.get(f"workshops/wks_one/days/{day}", 403)
    street.advisor.get(f"workshops/wks_two/days/{day}", 404)
    for no_day in ("today", "0001-01-01", "9999-12-31"):
        street.advisor.get(f"workshops/wks_one/days/{no_day}", 422)
    for no_time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        street.advisor.post(f"appointments/{visit['id']}/arrange", place(visit) | {"start": no_time}, 422)


def test_another_bay_is_given_at_once_and_told(street: Town, visit: dict[str, Any]) -> None:
    address = f"appointments/{visit['id']}/arrange"
    moved = street.advisor.post(address, place(visit, bay="bay_one_1"))
    assert (moved["done"], moved["bay"]["id"], moved["start"]) == ("arranged", "bay_one_1", visit["start"])
    assert moved["sequence"] == visit["sequence"]
    assert street.world.events(visit["case"])[-1] == "appointment_arranged"
    street.owner.post(address, place(visit), 403)
    street.stranger.post(address, place(visit), 403)  # no owner may, whosever the visit is
    assert street.advisor.post(address, place(visit, bay="bay_of_nobody"), 422)["code"] == "not_offered"


def test_a_proposed_visit_is_moved_and_a_confirmed_one_is_offered_another_time(
    street: Town, visit: dict[str, Any]
) -> None:
    address = f"appointments/{visit['id']}/arrange"
    later = datetime.fromisoformat(visit["start"]) + timedelta(days=1)
    moved = street.advisor.post(address, place(visit, start=later.isoformat()))
    assert (moved["done"], moved["start"], moved["state"]) == ("moved", later.isoformat(), "held")
    street.owner.post(f"appointments/{visit['id']}/confirm")
    again = street.advisor.post(address, place(visit))
    assert (again["done"], again["start"], again["offer"]["why"]) == ("offered", later.isoformat(), "workshop")
    assert "time_proposed" in street.owner.told()
    accepted = street.owner.post(f"appointments/{again['offer']['id']}/confirm")
    assert (accepted["id"], accepted["start"], accepted["state"]) == (visit["id"], visit["start"], "confirmed")


def test_two_visits_never_share_a_bay_and_a_newer_offer_takes_the_place_of_the_older(
    street: Town, visit: dict[str, Any]
) -> None:
    other = street.stranger.hold("car-2", street.stranger.slots()[0])
    assert other["start"] == visit["start"]
    taken = street.advisor.post(f"appointments/{other['id']}/arrange", place(visit), 409)
    assert taken["code"] == "slot_taken"
    assert taken["slots"]
    street.stranger.post(f"appointments/{other['id']}/confirm")
    first, second = (datetime.fromisoformat(visit["start"]) + timedelta(days=number) for number in (1, 2))
    for start in (first, second):
        street.advisor.post(f"appointments/{other['id']}/arrange", place(other, start=start.isoformat()))
    assert street.stranger.get(f"appointments/{other['id']}")["offer"]["start"] == second.isoformat()
    assert len([one for one in street.advisor.get("appointments")["items"] if one["state"] == "held"]) == 2
