"""The short races of `make test`: many who want the same places, and pairs that undo each other's work."""

from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from aftersales.visits.slot_ids import write_slot
from forecourt.sweeps import sweep_deadlines
from foundation.clock import FixedClock
from tests.races import ledger
from tests.races.contest import PLACES, WORKSHOP, Contest, at_once, race

ROUNDS = 3  # of each pair: who is first is left to chance


@pytest.mark.parametrize("number", [0, 1], ids=["five slots", "every bay with every technician"])
def test_five_get_a_place_and_the_others_are_told_of_better_ones(contest: Contest, number: int) -> None:
    won, refused = race(contest, number)
    for answer in refused:
        problem = answer.json()
        assert problem["code"] == "slot_taken"
        assert len(problem["slots"]) == PLACES
    assert contest.rivals[-1].hold(refused[0].json()["slots"][0]["id"]).status_code == 201
    ledger.check(contest.database)
    assert ledger.live(contest.database) == {"held": PLACES + 1}
    for act in ("confirm", "decline"):
        done = at_once([partial(rival.post, f"appointments/{visit['id']}/{act}") for rival, visit in won])
        assert [answer.status_code for answer in done] == [200] * PLACES
        ledger.check(contest.database)
    assert ledger.live(contest.database) == {"held": 1}


def test_one_key_many_times_at_once_books_once(contest: Contest) -> None:
    rival = contest.rivals[0]
    [slot, *_] = contest.slots(contest.start(0), crossed=False)
    answers = at_once([partial(rival.hold, slot, "the-same-key")] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert ledger.live(contest.database) == {"held": 1}
    ledger.check(contest.database)


def test_two_advisors_drag_two_visits_onto_one_bay(contest: Contest) -> None:
    visits = [_confirmed(contest, number, bay=number, technician=number) for number in range(2)]
    paths = [f"appointments/{visit['id']}/arrange" for visit in visits]
    wanted = contest.key(contest.start(0), 4, 4)
    for _ in range(ROUNDS):
        bodies = [
            {"bay": wanted.bay, "technician": f"tech_races_{number}", "start": wanted.start.isoformat()}
            for number in range(2)
        ]
        answers = at_once([partial(contest.advisors[n].post, paths[n], bodies[n]) for n in range(2)])
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [refused] = [answer.json() for answer in answers if answer.status_code == 409]
        assert refused["code"] == "slot_taken"
        assert refused["slots"]
        ledger.check(contest.database)
        for number in range(2):  # back to where they were
            home = {"bay": f"bay_races_{number}", "technician": f"tech_races_{number}", "start": bodies[0]["start"]}
            assert contest.advisors[number].post(paths[number], home).status_code == 200


def test_a_confirmation_races_the_sweep_of_expired_holds(contest: Contest, clock: FixedClock) -> None:
    for number in range(ROUNDS):
        rival, visit = contest.rivals[number], _held(contest, number, bay=number)
        clock.advance(timedelta(hours=2) - timedelta(seconds=1))

        def expire() -> None:
            clock.advance(timedelta(seconds=2))
            sweep_deadlines(contest.database)

        confirmed, _ = at_once([partial(rival.post, f"appointments/{visit['id']}/confirm"), expire])
        assert isinstance(confirmed, httpx2.Response)
        sweep_deadlines(contest.database)
        state = rival.http.get(f"/v1/appointments/{visit['id']}").json()["state"]
        assert (confirmed.status_code, state) in {(200, "confirmed"), (409, "expired")}
        ledger.check(contest.database)


def test_a_confirmation_races_the_decline_of_the_same_visit(contest: Contest) -> None:
    for number in range(ROUNDS):
        rival, visit = contest.rivals[number], _held(contest, number, bay=number)
        confirmed, declined = at_once(
            [partial(rival.post, f"appointments/{visit['id']}/{act}") for act in ("confirm", "decline")]
        )
        assert declined.status_code == 200
        assert confirmed.status_code in {200, 409}
        assert rival.http.get(f"/v1/appointments/{visit['id']}").json()["state"] == "declined"
        ledger.check(contest.database)
    assert (ledger.live(contest.database), ledger.pieces_held(contest.database)) == ({}, 0)


def test_a_visit_that_moves_races_a_new_one_for_the_same_slot(contest: Contest) -> None:
    for number in range(ROUNDS):
        mover, booker = contest.rivals[2 * number], contest.rivals[2 * number + 1]
        visit = _held(contest, 2 * number, bay=number)
        slot = write_slot(contest.key(contest.start(1), number, number))
        moved, booked = at_once(
            [
                partial(mover.post, f"appointments/{visit['id']}/reschedule", {"slot": slot}),
                partial(booker.hold, slot),
            ]
        )
        assert (moved.status_code, booked.status_code) in {(200, 409), (409, 201)}
        [refused] = [answer.json() for answer in (moved, booked) if answer.status_code == 409]
        assert refused["code"] == "slot_taken"
        assert refused["slots"]
        ledger.check(contest.database)


def test_an_offer_to_who_waits_races_a_booker(contest: Contest) -> None:
    for number in range(ROUNDS):
        waiting, booker = contest.rivals[2 * number], contest.rivals[2 * number + 1]
        wanted = {"vehicle": waiting.vehicle, "service": "maintenance", "workshop": WORKSHOP}
        assert waiting.post("waitlist", wanted).status_code == 201
        query = {"workshop": WORKSHOP, "vehicle": booker.vehicle, "service": "maintenance", "limit": 1}
        [first] = booker.http.get("/v1/slots", params=query).json()["items"]  # what the offer will take, too
        booked, _ = at_once([partial(booker.hold, first["id"]), partial(sweep_deadlines, contest.database)])
        assert isinstance(booked, httpx2.Response)
        assert booked.status_code in {201, 409}
        sweep_deadlines(contest.database)
        [place] = waiting.http.get("/v1/waitlist").json()["items"]
        assert place["state"] == "offered"  # that time or, if it has gone, another
        ledger.check(contest.database)


def _held(contest: Contest, number: int, *, bay: int, technician: int | None = None) -> dict[str, Any]:
    key = contest.key(contest.start(0), bay, bay if technician is None else technician)
    answer = contest.rivals[number].hold(write_slot(key))
    assert answer.status_code == 201, answer.text
    visit: dict[str, Any] = answer.json()
    return visit


def _confirmed(contest: Contest, number: int, *, bay: int, technician: int) -> dict[str, Any]:
    visit = _held(contest, number, bay=bay, technician=technician)
    assert contest.rivals[number].post(f"appointments/{visit['id']}/confirm").status_code == 200
    return visit
