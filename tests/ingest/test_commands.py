"""Commands to a car: who may ask, who must agree, what is refused, and what ends by itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.grants import close_to
from foundation.identity import revoke_account
from ingest import commands
from ingest.commands import MOVES, OPEN, RESULTS, CommandKind, CommandState
from tests.ingest.cast import CLEAR, PLAN, SNAPSHOT, Cast

SEEING = ("home", "garage")
ONE_SIDE = {
    *(f"home {role}" for role in ("owner", "fleet_operator", "administrator")),
    *(f"garage {role}" for role in ("technician", "advisor", "workshop_manager", "administrator")),
}
OWNERS = {"home owner", "home fleet_operator"}
TECHNICIANS = {"garage technician", "garage workshop_manager"}


def sees(who: str) -> bool:
    """Tell whether the car exists for somebody: a grant opens it to those who work at a house, not to owners there."""
    return who.split(maxsplit=1)[0] in SEEING and who not in {"garage owner", "garage fleet_operator"}


@pytest.mark.parametrize(
    ("body", "may"),
    [(SNAPSHOT, ONE_SIDE), ({"kind": "poll_plan", "plan": PLAN}, ONE_SIDE), (CLEAR, OWNERS | TECHNICIANS)],
)
def test_who_may_ask(cast: Cast, body: Any, may: set[str]) -> None:
    for who in cast.people:
        answer = cast.call("POST", "vehicles/car-1/commands", who, body)
        wanted = 201 if who in may else 403 if sees(who) else 404
        assert answer.status_code == wanted, (who, answer.text)
        if wanted == 201:
            cast.answer(answer.json()["id"], "decline", who)


@pytest.mark.parametrize(("begins", "answers"), [("garage technician", OWNERS), ("home owner", TECHNICIANS)])
def test_clearing_needs_the_other_side_and_nobody_else(cast: Cast, begins: str, answers: set[str]) -> None:
    cast.online("dev-1")
    for who in cast.people:
        asked = cast.ask(begins, CLEAR)
        assert asked["state"] == ("awaiting_owner" if begins.startswith("garage") else "awaiting_workshop")
        answer = cast.call("POST", f"commands/{asked['id']}/approve", who)
        if who in answers:
            assert (answer.status_code, answer.json()["state"]) == (200, "approved")
        elif who == begins:
            assert answer.json()["state"] == asked["state"], "one person is one side"
        else:
            assert answer.status_code == (403 if sees(who) else 404), (who, answer.text)
        if who not in answers:
            assert cast.send() == [], who
        cast.answer(asked["id"], "decline", begins)
        assert cast.send() == []


def test_a_car_that_is_open_to_nobody_has_no_workshop_side(cast: Cast) -> None:
    with cast.database.unit() as unit:
        close_to(unit, "car-1", "org_garage", "test")
    cast.ask("garage technician", CLEAR, 404)
    cast.ask("home technician", CLEAR, 403)
    cast.ask("home technician", SNAPSHOT, 403)
    asked = cast.ask("home owner", CLEAR)
    assert cast.call("POST", f"commands/{asked['id']}/approve", "home technician").status_code == 403


@pytest.mark.parametrize("change", ["grant", "account"])
def test_an_authority_that_ended_meanwhile_does_not_count(cast: Cast, change: str) -> None:
    cast.online("dev-1")
    asked = cast.ask("garage technician", CLEAR)
    with cast.database.unit() as unit:
        if change == "grant":
            close_to(unit, "car-1", "org_garage", "test")
        else:
            revoke_account(unit, cast.people["garage technician"].account)
    cast.answer(asked["id"], "approve", "home owner", 409)
    assert cast.send() == []


def test_another_s_command_does_not_exist(cast: Cast) -> None:
    command = cast.ask("home owner", SNAPSHOT)["id"]
    for verb, path in (
        ("GET", f"commands/{command}"),
        ("POST", f"commands/{command}/approve"),
        ("POST", f"commands/{command}/decline"),
        ("GET", "vehicles/car-1/commands"),
        ("POST", "vehicles/car-1/commands"),
    ):
        cast.do(verb, path, "away owner", 404, SNAPSHOT if path.startswith("v") and verb == "POST" else None)
    cast.do("GET", "commands/cmd_nothing", "home owner", 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "explode"}, 422),
        ({"kind": "poll_plan"}, 422),
        ({"kind": "snapshot", "plan": PLAN}, 422),
        ({"kind": "poll_plan", "plan": {"fast": {"signals": ["nonsense"], "period_s": 1}}}, 422),
        ({"kind": "poll_plan", "plan": {"fast": {"signals": ["engine_speed"], "period_s": 0}}}, 422),
        ({"kind": "poll_plan", "plan": {"fast": {"signals": [], "period_s": 1}}}, 422),
        ({"kind": "poll_plan", "plan": {"fast": {"period_s": 1}}}, 422),
        ({"kind": "poll_plan", "plan": {}}, 422),
        ({"kind": "snapshot", "device": "dev-3"}, 404),
        ({"kind": "snapshot", "authority": {"owner": "a", "technician": "b"}}, 422),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(cast: Cast, body: Any, status: int) -> None:
    cast.ask("home owner", body, status)


def test_asked_twice_with_one_key_is_asked_once(cast: Cast) -> None:
    first = cast.ask("home owner", SNAPSHOT, key="k1")
    assert cast.ask("home owner", SNAPSHOT, key="k1") == first
    cast.ask("home owner", CLEAR, 422, key="k1")
    assert [it["id"] for it in cast.do("GET", "vehicles/car-1/commands", "garage advisor")["items"]] == [first["id"]]


def test_codes_are_cleared_by_one_command_at_a_time(cast: Cast) -> None:
    first = cast.ask("garage technician", CLEAR)
    cast.ask("home owner", CLEAR, 409)
    cast.answer(first["id"], "decline", "home owner")
    cast.ask("home owner", CLEAR)
    for _ in range(commands.MOST_OPEN - 1):
        cast.ask("home owner", SNAPSHOT)
    cast.ask("home owner", SNAPSHOT, 409)


def test_the_list_is_paged_newest_first(cast: Cast) -> None:
    asked = []
    for _ in range(5):
        asked.append(cast.ask("home owner", SNAPSHOT)["id"])
        cast.clock.advance(timedelta(seconds=1))
    first = cast.do("GET", "vehicles/car-1/commands?limit=3", "home owner")
    second = cast.do("GET", f"vehicles/car-1/commands?limit=3&cursor={first['next']}", "home owner")
    assert [it["id"] for it in [*first["items"], *second["items"]]] == asked[::-1]
    assert second["next"] is None
    cast.do("GET", "vehicles/car-1/commands?cursor=nonsense", "home owner", 422)


def test_two_approvals_at_once_send_once(cast: Cast) -> None:
    cast.online("dev-1")
    command = cast.ask("garage technician", CLEAR)["id"]
    with ThreadPoolExecutor(8) as pool:
        who = ["home owner", "home fleet_operator"] * 4
        codes = list(pool.map(lambda it: cast.call("POST", f"commands/{command}/approve", it).status_code, who))
        sent = [it for batch in pool.map(lambda _: cast.send(), range(8)) for it in batch]
    assert sorted(set(codes)) == [200, 409]
    ((topic, told),) = sent
    assert topic == "fc/v1/dev-1/command"
    agreed = cast.do("GET", f"commands/{command}", "home owner")["approvals"]
    assert {it["side"] for it in agreed} == {"owner", "workshop"}
    assert told == {
        "id": command,
        "kind": "clear_dtcs",
        "valid_s": 600,
        "authority": {
            "owner": next(it["account"] for it in agreed if it["side"] == "owner"),
            "technician": cast.people["garage technician"].account,
        },
    }
    assert [kind for kind, _ in cast.events()] == ["command_requested", "command_approved", "command_sent"]


def test_an_account_cannot_be_both_sides_whatever_the_code_says(cast: Cast) -> None:
    command = cast.ask("home owner", CLEAR)["id"]
    row = "INSERT INTO command_approvals SELECT command, 'workshop', account, organisation, role, approved_at"
    with pytest.raises(IntegrityError, match="uq_command_approvals_command_account"), cast.database.unit() as unit:
        unit.connection.execute(text(f"{row} FROM command_approvals WHERE command = :it"), {"it": command})


def test_nobody_s_yes_lasts_for_ever(cast: Cast) -> None:
    command = cast.ask("garage technician", CLEAR)["id"]
    cast.clock.advance(commands.APPROVAL_LIFE)
    cast.answer(command, "approve", "home owner", 409)
    cast.later(timedelta())
    assert cast.state(command) == "expired"
    cast.answer(command, "approve", "home owner", 409)
    cast.answer(command, "decline", "home owner", 409)
    waiting = cast.ask("home owner", SNAPSHOT)["id"]
    cast.later(commands.APPROVAL_LIFE)
    cast.online("dev-1")
    assert (cast.send(), cast.state(waiting)) == ([], "expired")


def test_what_was_sent_cannot_be_declined(cast: Cast) -> None:
    command = cast.cleared()
    cast.answer(command, "decline", "home owner", 409)
    cast.answer(command, "approve", "home owner")
    cast.answer(command, "approve", "home fleet_operator", 409)


def test_states_and_moves_are_complete() -> None:
    assert set(MOVES) == set(CommandState)
    assert set(commands.AUTHORITIES) == set(CommandKind)
    ends = {state for state in CommandState if not MOVES[state]}
    assert ends == RESULTS | {CommandState.DECLINED}
    assert not OPEN & ends
    assert all(CommandState.SENT not in MOVES[state] for state in CommandState if state is not CommandState.APPROVED)
