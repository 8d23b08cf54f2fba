"""The way of an approved command to its device, as often as it takes; and what may come back as its result."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ingest.commit import Reply
from ingest.rejected import Reason
from ingest.sending import LONGEST_RESEND, VALID, send_due
from tests.ingest.cast import PLAN, SNAPSHOT, Cast


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
