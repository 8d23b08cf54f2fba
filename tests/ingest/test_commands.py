"""Commands to a car: who may ask and agree, what is sent and how often, and what may come back."""

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import ingest.http
from forecourt.http import install
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.events import read
from foundation.grants import close_to, open_to
from foundation.http import bearer_actor
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token, revoke_account
from ingest import commands, registry
from ingest.archive import Archive
from ingest.commands import MOVES, OPEN, RESULTS, CommandKind, CommandState
from ingest.commit import Reply
from ingest.intake import Intake, Outcome
from ingest.rejected import Reason
from ingest.sending import LONGEST_RESEND, VALID, expire_commands, send_due
from ingest.topics import Kind
from tests.ingest.wire import document

CLEAR, SNAPSHOT = {"kind": "clear_dtcs"}, {"kind": "snapshot"}
PLAN = {
    "fast": {"signals": ["engine_speed"], "period_s": 1.0},
    "slow": {"signals": ["coolant_temperature"], "period_s": 30},
}


class Cast:
    """A family's car with two devices, the workshop it is open to, and two organisations it is not open to."""

    def __init__(self, database: Database, clock: FixedClock, intake: Intake) -> None:
        self.database, self.clock, self.intake = database, clock, intake
        self.people: dict[str, Actor] = {}
        self._tokens: dict[str, str] = {}
        with database.unit() as unit:
            homes = {name: add_organisation(unit, name, f"org_{name}") for name in ("home", "garage", "away")}
            for where, organisation in homes.items():
                for role in Role:
                    actor = add_account(unit, f"{role}@{where}.example", role, organisation)
                    self.people[f"{where} {role}"] = actor
                    self._tokens[f"{where} {role}"] = issue_token(unit, actor)
            registry.add_vehicle(unit, homes["home"], "car-1")
            registry.add_vehicle(unit, homes["away"], "car-2")
            for device, vehicle in (("dev-1", "car-1"), ("dev-2", "car-1"), ("dev-3", "car-2")):
                registry.add_device(unit, vehicle, device)
            open_to(unit, "car-1", homes["garage"], Role.TECHNICIAN)
        app = FastAPI()
        install(app)
        app.include_router(ingest.http.router(database, bearer_actor(database), Archive(Path("nowhere"))))
        self.client = TestClient(app)

    def call(self, verb: str, path: str, who: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[who]}"} | ({"Idempotency-Key": key} if key else {})
        return self.client.request(verb, f"/v1/{path}", json=body, headers=headers)

    def do(self, verb: str, path: str, who: str, status: int = 200, body: Any = None, key: str | None = None) -> Any:
        answer = self.call(verb, path, who, body, key)
        assert answer.status_code == status, f"{who} {verb} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def ask(self, who: str, body: Any, status: int = 201, key: str | None = None) -> Any:
        return self.do("POST", "vehicles/car-1/commands", who, status, body, key)

    def answer(self, command: str, word: str, who: str, status: int = 200) -> Any:
        return self.do("POST", f"commands/{command}/{word}", who, status)

    def state(self, command: str) -> str:
        return str(self.do("GET", f"commands/{command}", "home owner")["state"])

    def online(self, device: str, *, online: bool = True) -> None:
        self.intake.process([document(Kind.STATUS, {"online": online}, device=device, at=self.clock.now())])

    def send(self) -> list[tuple[str, Any]]:
        with self.database.unit() as unit:
            return [(it.topic, json.loads(it.payload)) for it in send_due(unit)]

    def later(self, by: timedelta) -> None:
        self.clock.advance(by)
        with self.database.unit() as unit:
            expire_commands(unit)

    def result(self, command: str, kind: str, seq: int, device: str = "dev-1", **told: Any) -> Outcome:
        said = {"boot": "b1", "seq": seq, "id": command, "kind": kind, "outcome": "done", "detail": "so it was"}
        return self.intake.process([document(Kind.RESULT, said | told, device=device, at=self.clock.now())])

    def cleared(self) -> str:
        """Let both sides agree to clear the codes, and send it; gives the command."""
        self.online("dev-1")
        command = str(self.ask("garage technician", CLEAR)["id"])
        self.answer(command, "approve", "home owner")
        assert len(self.send()) == 1
        return command

    def events(self) -> list[tuple[str, str | None]]:
        with self.database.unit() as unit:
            return [(it.kind, it.actor) for it in read(unit, "car-1")]


@pytest.fixture
def cast(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(database, clock, Intake(database, Archive(tmp_path / "archive"), "w1"))
    yield cast
    cast.client.close()


SEEING = ("home", "garage")
ONE_SIDE = {
    *(f"home {role}" for role in ("owner", "fleet_operator", "administrator")),
    *(f"garage {role}" for role in ("technician", "advisor", "workshop_manager", "administrator")),
}
OWNERS = {"home owner", "home fleet_operator"}
TECHNICIANS = {"garage technician", "garage workshop_manager"}


@pytest.mark.parametrize(
    ("body", "may"),
    [(SNAPSHOT, ONE_SIDE), ({"kind": "poll_plan", "plan": PLAN}, ONE_SIDE), (CLEAR, OWNERS | TECHNICIANS)],
)
def test_who_may_ask(cast: Cast, body: Any, may: set[str]) -> None:
    for who in cast.people:
        answer = cast.call("POST", "vehicles/car-1/commands", who, body)
        wanted = 201 if who in may else 403 if who.split()[0] in SEEING else 404
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
            assert answer.status_code == (403 if who.split()[0] in SEEING else 404), (who, answer.text)
        if who not in answers:
            assert cast.send() == [], who
        cast.answer(asked["id"], "decline", begins)
        assert cast.send() == []


def test_a_car_that_is_open_to_nobody_has_no_workshop_side(cast: Cast) -> None:
    with cast.database.unit() as unit:
        close_to(unit, "car-1", "org_garage")
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
            close_to(unit, "car-1", "org_garage")
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


def test_it_goes_to_the_device_online_that_spoke_last_or_the_one_asked_for(cast: Cast) -> None:
    first = cast.ask("home owner", SNAPSHOT)["id"]
    assert cast.send() == [], "no device is online"
    cast.online("dev-2")
    cast.clock.advance(timedelta(seconds=1))
    cast.online("dev-1")
    cast.clock.advance(timedelta(seconds=2))
    assert cast.send() == [("fc/v1/dev-1/command", {"id": first, "kind": "snapshot", "valid_s": 600})]
    asked = {"kind": "poll_plan", "plan": PLAN, "device": "dev-2"}
    second = cast.ask("home owner", asked)["id"]
    ((topic, told),) = cast.send()
    assert (topic, told["id"], told["plan"]) == ("fc/v1/dev-2/command", second, PLAN)


def test_it_is_sent_again_with_back_off_until_it_expires(cast: Cast) -> None:
    command = cast.cleared()
    began, sends = cast.clock.now(), []
    while cast.state(command) == "sent":
        cast.later(timedelta(seconds=2))
        for _, told in cast.send():
            sends.append(((cast.clock.now() - began).total_seconds(), told["valid_s"]))
    assert [at for at, _ in sends[:5]] == [2, 6, 14, 30, 62]
    assert max(b - a for (a, _), (b, _) in itertools.pairwise(sends)) == LONGEST_RESEND.total_seconds()
    assert all(at + left == VALID.total_seconds() for at, left in sends), "what is left is told, not what it began with"
    assert cast.state(command) == "expired"
    assert cast.clock.now() - began == VALID
    assert [kind for kind, _ in cast.events()][2:] == ["command_sent", "command_expired"]


def test_a_device_that_was_sent_it_keeps_it_while_it_is_away(cast: Cast) -> None:
    command = cast.cleared()
    cast.online("dev-1", online=False)
    cast.online("dev-2")
    cast.clock.advance(timedelta(minutes=1))
    assert cast.send() == []
    cast.online("dev-1")
    cast.clock.advance(timedelta(seconds=3))
    assert [(topic, told["id"]) for topic, told in cast.send()] == [("fc/v1/dev-1/command", command)]


def test_a_worker_killed_around_the_sending_loses_nothing(cast: Cast) -> None:
    cast.online("dev-1")
    command = cast.ask("home owner", SNAPSHOT)["id"]

    def killed_before_the_commit() -> None:
        with cast.database.unit() as unit:
            assert len(send_due(unit)) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_before_the_commit()
    assert cast.state(command) == "approved"
    unpublished = cast.send()  # committed, and then the worker is killed
    assert cast.state(command) == "sent"
    cast.clock.advance(timedelta(seconds=2))
    assert [told["id"] for _, told in cast.send()] == [unpublished[0][1]["id"]]


def test_two_workers_share_what_is_due(cast: Cast) -> None:
    cast.online("dev-1")
    asked = {cast.ask("home owner", SNAPSHOT)["id"] for _ in range(12)}

    def work(_: int) -> list[Reply]:
        with cast.database.unit() as unit:
            return send_due(unit)

    with ThreadPoolExecutor(4) as pool:
        sent = [json.loads(it.payload)["id"] for batch in pool.map(work, range(12)) for it in batch]
    assert sorted(sent) == sorted(asked)


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


def test_a_result_is_kept_once_and_ends_the_sending(cast: Cast) -> None:
    command = cast.cleared()
    told = {"ecus": {"7E8": "cleared"}, "replies": ["7E8 01 44"]}
    outcome = cast.result(command, "clear_dtcs", 1, **told)
    assert [json.loads(it.payload) for it in outcome.replies] == [{"boot": "b1", "through_seq": 1, "also": []}]
    for seq, outcome_told in ((2, "done"), (3, "failed")):
        assert cast.result(command, "clear_dtcs", seq, outcome=outcome_told).rejected == {}
    found = cast.do("GET", f"commands/{command}", "garage technician")
    assert (found["state"], found["result"]["outcome"]) == ("done", "done")
    assert (found["result"]["ecus"], found["result"]["replies"]) == (told["ecus"], told["replies"])
    cast.later(timedelta(hours=1))
    assert cast.send() == []
    assert cast.events() == [
        ("command_requested", cast.people["garage technician"].account),
        ("command_approved", cast.people["home owner"].account),
        ("command_sent", "ingest"),
        ("command_result", "dev-1"),
    ]


@pytest.mark.parametrize("outcome", ["refused", "failed", "unknown"])
def test_every_outcome_is_told_as_it_is(cast: Cast, outcome: str) -> None:
    command = cast.cleared()
    cast.result(command, "clear_dtcs", 1, outcome=outcome, ecus={"7E8": "refused 22"})
    assert cast.state(command) == outcome


def test_done_without_44_is_unknown(cast: Cast) -> None:
    command = cast.cleared()
    cast.result(command, "clear_dtcs", 1, ecus={"7E8": "refused 22"})
    found = cast.do("GET", f"commands/{command}", "home owner")
    assert (found["state"], found["result"]["told"]) == ("unknown", "done")


def test_a_late_result_still_says_what_was_done(cast: Cast) -> None:
    command = cast.cleared()
    cast.later(VALID)
    assert cast.state(command) == "expired"
    ahead = (cast.clock.now() + timedelta(days=1)).isoformat()
    cast.result(command, "clear_dtcs", 1, ecus={"7E8": "cleared"}, t=ahead)
    assert cast.state(command) == "done"
    assert [kind for kind, _ in cast.events()][-2:] == ["command_expired", "command_result"]


def test_a_result_of_nothing_that_was_sent_to_the_device_is_rejected_and_answered(cast: Cast) -> None:
    command = cast.cleared()
    waiting = cast.ask("home owner", SNAPSHOT | {"device": "dev-2"})["id"]
    for seq, (device, identity, kind) in enumerate(
        [
            ("dev-3", command, "clear_dtcs"),  # another car's
            ("dev-2", command, "clear_dtcs"),  # another device's
            ("dev-1", command, "snapshot"),
            ("dev-2", waiting, "snapshot"),  # not sent yet
            ("dev-1", "cmd_unheard_of", "snapshot"),
        ],
        1,
    ):
        outcome = cast.result(identity, kind, seq, device, ecus={"7E8": "cleared"})
        assert outcome.rejected == {Reason.UNKNOWN_COMMAND: 0}
        assert len(outcome.replies) == 1, "it is committed as handled, so that the device lets it go"
    assert (cast.state(command), cast.state(waiting)) == ("sent", "approved")


def test_states_and_moves_are_complete() -> None:
    assert set(MOVES) == set(CommandState)
    assert set(commands.AUTHORITIES) == set(CommandKind)
    ends = {state for state in CommandState if not MOVES[state]}
    assert ends == RESULTS | {CommandState.DECLINED}
    assert not OPEN & ends
    assert all(CommandState.SENT not in MOVES[state] for state in CommandState if state is not CommandState.APPROVED)
