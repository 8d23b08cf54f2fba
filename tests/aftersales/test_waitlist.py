"""Waiting for an earlier time: offered in the order of joining, held for a while, then the next in line is asked."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from aftersales.tables import appointments, vacancies
from aftersales.visits import bookings
from aftersales.workshop.workshop_setup import set_special_day
from aftersales.workshop.workshops import Loaner
from foundation.identity import Role, add_account
from foundation.refusals import Conflict
from tests.aftersales.voices import HOUR_A_DAY, Town
from tests.aftersales.world import FAMILY, garage

TUESDAY, WEDNESDAY = "2026-11-24T01:00:00+00:00", "2026-11-25T01:00:00+00:00"  # nine o'clock in China


@pytest.fixture
def full(street: Town) -> dict[str, Any]:
    """One visit a day: Tuesday is the owner's, Wednesday the stranger's; he and then the third family wait."""
    street.world.put(garage(opening_hours=HOUR_A_DAY))
    tuesday = street.owner.confirmed("car-1", street.owner.slots()[0])
    wednesday = street.stranger.confirmed("car-2", street.stranger.slots()[0])
    assert (tuesday["start"], wednesday["start"]) == (TUESDAY, WEDNESDAY)
    first = street.stranger.post("waitlist", {"case": wednesday["case"]}, 201)
    street.world.clock.advance(timedelta(seconds=1))
    wished = {"vehicle": "car-3", "workshop": "wks_one", "latest_day": "2026-11-25"}
    second = street.third.post("waitlist", wished, 201)
    street.sweep()
    assert (first["workshop"], first["state"], second["state"]) == ("wks_one", "waiting", "waiting")
    return {"tuesday": tuesday, "wednesday": wednesday, "first": first, "second": second}


def offer_to(voice: Any) -> dict[str, Any] | None:
    offer: dict[str, Any] | None = voice.get("waitlist")["items"][0]["offer"]
    return offer


def test_nothing_is_offered_while_nothing_is_free(street: Town, full: dict[str, Any]) -> None:
    assert (offer_to(street.stranger), offer_to(street.third)) == (None, None)
    assert street.stranger.post("waitlist", {"case": full["wednesday"]["case"]}, 201)["id"] == full["first"]["id"]
    with street.world.database.unit() as unit:
        assert unit.connection.execute(select(func.count()).select_from(vacancies)).scalar_one() == 0


def test_a_cancellation_is_offered_to_the_first_in_line_who_keeps_what_he_has(
    street: Town, full: dict[str, Any]
) -> None:
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    street.sweep()
    offer = offer_to(street.stranger)
    assert offer is not None
    assert (offer["start"], offer["state"], offer["replaces"]) == (TUESDAY, "held", full["wednesday"]["id"])
    assert offer_to(street.third) is None, "one time is offered once"
    assert TUESDAY not in [slot["start"] for slot in street.owner.slots()], "an offer is a real hold"
    kept = street.stranger.get(f"appointments/{full['wednesday']['id']}")
    assert (kept["start"], kept["state"], kept["offer"]["why"]) == (WEDNESDAY, "confirmed", "waitlist")
    assert "slot_offered" in street.stranger.told()
    street.third.get(f"appointments/{offer['id']}", 404)


def test_accepting_moves_the_visit_and_its_old_time_goes_to_the_next(street: Town, full: dict[str, Any]) -> None:
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    street.sweep()
    offer = offer_to(street.stranger)
    assert offer is not None
    for _ in range(2):  # again is no harm
        moved = street.stranger.post(f"appointments/{offer['id']}/confirm")
        assert (moved["id"], moved["start"], moved["sequence"]) == (full["wednesday"]["id"], TUESDAY, 1)
    assert (moved["state"], moved["offer"]) == ("confirmed", None)
    assert street.stranger.get("waitlist")["items"][0]["state"] == "served"
    street.sweep()
    next_offer = offer_to(street.third)
    assert next_offer is not None
    assert (next_offer["start"], next_offer["replaces"]) == (WEDNESDAY, None)
    visit = street.third.post(f"appointments/{next_offer['id']}/confirm")
    assert (visit["state"], street.third.get("waitlist")["items"][0]["state"]) == ("confirmed", "served")
    assert street.world.occupied() == 4


def test_an_offer_that_runs_out_goes_to_the_next_in_line(street: Town, full: dict[str, Any]) -> None:
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    street.sweep()
    lapsed = offer_to(street.stranger)
    assert lapsed is not None
    street.world.clock.advance(timedelta(hours=2))
    street.sweep()
    offer = offer_to(street.third)
    assert offer is not None
    assert offer["start"] == TUESDAY
    assert offer_to(street.stranger) is None, "what he let go is not offered to him again"
    assert "offer_lapsed" in street.stranger.told()
    assert street.stranger.get("waitlist")["items"][0]["state"] == "waiting"
    assert street.stranger.get(f"appointments/{full['wednesday']['id']}")["start"] == WEDNESDAY
    street.stranger.post(f"appointments/{lapsed['id']}/confirm", status=409)
    street.world.clock.advance(timedelta(hours=2))
    street.sweep()
    assert offer_to(street.third) is None
    assert street.third.get(f"cases/{full['second']['case']}")["state"] == "open"
    assert TUESDAY in [slot["start"] for slot in street.owner.slots()], "nobody is left to offer it to"


def test_who_lets_two_offers_run_out_waits_no_longer(street: Town, full: dict[str, Any]) -> None:
    street.third.delete(f"waitlist/{full['second']['id']}")
    thursday = street.owner.confirmed("car-4", street.owner.slots()[0])
    street.stranger.post(
        f"appointments/{full['wednesday']['id']}/reschedule",
        {"slot": street.stranger.slots(case=full["wednesday"]["case"])[-1]["id"]},
    )
    for visit in (full["tuesday"], thursday):
        street.sweep()
        street.owner.post(f"appointments/{visit['id']}/decline")
    street.sweep()
    starts = []
    for state in ("offered", "lapsed"):  # the first one that runs out is followed by another time
        offer = offer_to(street.stranger)
        assert offer is not None
        starts.append(offer["start"])
        street.world.clock.advance(timedelta(hours=2))
        street.sweep()
        assert street.stranger.get("waitlist")["items"][0]["state"] == state
    assert sorted(starts) == [TUESDAY, WEDNESDAY]
    street.sweep()
    assert offer_to(street.stranger) is None


def test_a_declined_offer_keeps_the_visit_and_the_place_in_line(street: Town, full: dict[str, Any]) -> None:
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    street.sweep()
    offer = offer_to(street.stranger)
    assert offer is not None
    assert street.stranger.post(f"appointments/{offer['id']}/decline")["state"] == "declined"
    street.sweep()
    assert street.stranger.get(f"cases/{full['wednesday']['case']}")["state"] == "confirmed"
    taken = offer_to(street.third)
    assert taken is not None
    assert street.third.post(f"appointments/{taken['id']}/decline")["state"] == "declined"
    assert street.third.get(f"cases/{full['second']['case']}")["state"] == "open"
    street.sweep()
    assert (offer_to(street.stranger), offer_to(street.third)) == (None, None)
    assert [one["state"] for one in street.third.get("waitlist")["items"]] == ["waiting"]


def test_leaving_gives_the_offer_back(street: Town, full: dict[str, Any]) -> None:
    street.stranger.delete(f"waitlist/{full['second']['id']}", 404)
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    street.sweep()
    for _ in range(2):
        assert street.stranger.delete(f"waitlist/{full['first']['id']}")["state"] == "left"
    street.sweep()
    assert offer_to(street.third) is not None
    assert street.third.delete(f"waitlist/{full['second']['id']}")["state"] == "left"
    assert street.third.get(f"cases/{full['second']['case']}")["state"] == "open"
    assert street.world.occupied() == 2


def test_sweeps_at_once_make_one_offer(street: Town, full: dict[str, Any]) -> None:
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(street.sweep) for _ in range(4)]:
            done.result()
    street.sweep()
    with street.world.database.unit() as unit:
        held = select(func.count()).select_from(appointments).where(appointments.c.state == "held")
        assert unit.connection.execute(held).scalar_one() == 1
    assert offer_to(street.stranger) is not None


def test_answers_and_sweeps_at_once_leave_one_whole_visit(street: Town, full: dict[str, Any]) -> None:
    street.third.delete(f"waitlist/{full['second']['id']}")
    street.owner.post(f"appointments/{full['tuesday']['id']}/decline")
    street.sweep()
    offer = offer_to(street.stranger)
    assert offer is not None
    street.world.clock.advance(timedelta(hours=2))  # it has just run out

    def answer(how: str) -> None:
        with suppress(Conflict), street.world.database.unit() as unit:
            {"accept": bookings.confirm, "keep": bookings.decline}[how](unit, street.stranger.actor, offer["id"])

    with ThreadPoolExecutor(6) as pool:
        acts = [pool.submit(answer, how) for how in ("accept", "keep", "accept", "keep")]
        for done in [*acts, pool.submit(street.sweep), pool.submit(street.sweep)]:
            done.result()
    street.sweep()
    visit = street.stranger.get(f"appointments/{full['wednesday']['id']}")
    assert (visit["state"], visit["start"], visit["offer"]) == ("confirmed", WEDNESDAY, None)
    assert street.world.occupied() == 2


def test_a_loaner_goes_with_the_visit(street: Town) -> None:
    street.world.put(replace(garage(opening_hours=HOUR_A_DAY), loaners=(Loaner("car_polo", "Polo"),)))
    visit = street.owner.confirmed("car-1", street.owner.slots(loaner=True)[2])
    assert visit["loaner"] == {"id": "car_polo", "name": "Polo"}
    street.owner.post("waitlist", {"case": visit["case"]}, 201)
    street.sweep()
    offer = offer_to(street.owner)
    assert offer is not None
    assert (offer["loaner"], street.world.occupied()) == (visit["loaner"], 6)
    assert offer["start"] not in [one["start"] for one in street.stranger.slots(loaner=True)]
    moved = street.owner.post(f"appointments/{offer['id']}/confirm")
    assert (moved["start"], moved["loaner"]) == (offer["start"], visit["loaner"])
    assert street.world.occupied() == 3
    street.owner.post(f"appointments/{visit['id']}/decline")
    assert street.world.nothing_is_held()


def test_longer_hours_are_offered_too(street: Town, full: dict[str, Any]) -> None:
    manager = replace(street.advisor.actor, role=Role.WORKSHOP_MANAGER)
    with street.world.database.unit() as unit:
        set_special_day(unit, manager, "wks_one", date(2026, 11, 24), [["09:00", "12:00"]])
    street.sweep()
    first, second = offer_to(street.stranger), offer_to(street.third)
    assert first is not None
    assert second is not None
    assert (first["start"], second["start"]) == ("2026-11-24T02:00:00+00:00", "2026-11-24T03:00:00+00:00")


def test_nobody_waits_for_a_day_that_is_over(street: Town, full: dict[str, Any]) -> None:
    street.world.clock.advance(timedelta(days=4))
    street.sweep()
    assert street.third.get("waitlist")["items"][0]["state"] == "lapsed"
    assert street.third.get(f"cases/{full['second']['case']}")["wait"] is None


def test_what_cannot_be_waited_for_is_refused(street: Town, full: dict[str, Any]) -> None:
    owner = street.owner
    owner.post("waitlist", {"case": full["tuesday"]["case"], "workshop": "wks_nowhere"}, 422)
    owner.post("waitlist", {"vehicle": "car-1"}, 422)
    owner.post("waitlist", {"vehicle": "car-2", "workshop": "wks_one"}, 404)
    owner.post("waitlist", {"vehicle": "car-1", "workshop": "wks_one", "latest_day": "2026-11-22"}, 422)
    owner.post("waitlist", {"case": full["wednesday"]["case"]}, 404)
    street.technician.post("waitlist", {"case": full["tuesday"]["case"]}, 403)
    for _ in range(5):
        owner.post("waitlist", {"vehicle": "car-1", "workshop": "wks_one"}, 201)
    assert owner.post("waitlist", {"vehicle": "car-1", "workshop": "wks_one"}, 409)["code"] == "too_many_waits"
    owner.post(f"appointments/{full['tuesday']['id']}/decline")
    owner.post("waitlist", {"case": full["tuesday"]["case"]}, 409)


def test_what_software_waited_for_is_told_to_its_owners(street: Town) -> None:
    with street.world.database.unit() as unit:
        fleet = add_account(unit, "software@li.example", Role.INTEGRATOR, FAMILY)
    software = street.owner.speaking_with(None, fleet)
    software.post("waitlist", {"vehicle": "car-1", "workshop": "wks_one"}, 201)
    street.sweep()
    assert (street.owner.told(), software.told()) == (["slot_offered"], [])
