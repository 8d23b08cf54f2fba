"""Idempotency keys: done once, replayed after, refused with another body, and given back after a refusal."""

import threading
from typing import Any

import pytest

from foundation.database import Database
from foundation.idempotency import once
from foundation.identity import Actor, Role
from foundation.refusals import Conflict, KeyReused

ACTOR = Actor("acc_1", "org_1", Role.OWNER)


def test_a_repeat_gives_the_first_answer_and_acts_no_second_time(database: Database) -> None:
    acts: list[int] = []

    def act() -> dict[str, Any]:
        acts.append(1)
        return {"made": len(acts)}

    for _ in range(3):
        with database.unit() as unit:
            assert once(unit, ACTOR, "POST /x", "k1", {"a": 1}, act) == {"made": 1}
    with database.unit() as unit:
        assert once(unit, ACTOR, "POST /x", "k2", {"a": 1}, act) == {"made": 2}
        assert once(unit, ACTOR, "POST /y", "k1", {"a": 1}, act) == {"made": 3}
        assert once(unit, ACTOR, "POST /x", None, {"a": 1}, act) == {"made": 4}


def test_another_body_under_the_same_key_is_refused(database: Database) -> None:
    with database.unit() as unit:
        once(unit, ACTOR, "POST /x", "k", {"a": 1}, dict)
    with database.unit() as unit, pytest.raises(KeyReused):
        once(unit, ACTOR, "POST /x", "k", {"a": 2}, dict)


def test_a_refused_act_gives_its_key_back(database: Database) -> None:
    def refuse() -> dict[str, Any]:
        raise Conflict("sold out")

    with pytest.raises(Conflict), database.unit() as unit:
        once(unit, ACTOR, "POST /x", "k", {}, refuse)
    with database.unit() as unit:
        assert once(unit, ACTOR, "POST /x", "k", {}, lambda: {"ok": True}) == {"ok": True}


def test_concurrent_repeats_act_once(database: Database) -> None:
    acts: list[int] = []
    answers: list[dict[str, Any]] = []
    start = threading.Barrier(6)

    def act() -> dict[str, Any]:
        acts.append(1)
        return {"n": len(acts)}

    def send() -> None:
        start.wait(10)
        with database.unit() as unit:
            answers.append(once(unit, ACTOR, "POST /x", "k", {}, act))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(acts), answers) == (1, [{"n": 1}] * 6)
