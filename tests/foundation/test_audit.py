"""The audit trail: what is written verifies, and no tampering by SQL goes unseen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from forecourt.migrations import alembic_config
from foundation.audit import STRANGERS, Broken, Verdict, erase_data, seal, verify
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.events import append, read
from foundation.grants import close_to, open_to
from foundation.identity import (
    Role,
    add_account,
    add_organisation,
    address_digest,
    end_session,
    issue_link,
    note_failed_sign_in,
    open_session,
    revoke_account,
)
from foundation.passwords import hash_of, sign_in

WORDS: dict[str, Any] = {
    "words": 'a "quote"\n\u001f 电压\x7f',
    "number": 1e22,
    "small": 1.50,
    "none": None,
    "list": [1, "x"],
}


@pytest.fixture
def log(database: Database, clock: FixedClock) -> Database:
    """Three subjects with four events each; a seal after the second of each, none after the last."""
    for number in range(4):
        with database.unit() as unit:
            for subject in ("case_b", "car-É", "A"):
                append(unit, subject, f"kind {number}", WORDS | {"step": number}, "acc_1" if number % 2 else None)
        clock.advance(timedelta(microseconds=1_234_567))
        if number == 1:
            with database.unit() as unit:
                seal(unit)
    return database


def check(database: Database, expected: str | None = None) -> Verdict:
    with database.unit() as unit:
        return verify(unit, expected)


def test_a_log_that_nobody_touched_is_whole(log: Database) -> None:
    found = check(log)
    assert (found.broken, found.subjects, found.events, found.erased, found.seals) == (None, 3, 12, 0, 1)
    assert check(log, found.seal[1] if found.seal else None).broken is None
    with log.unit() as unit:
        assert (seal(unit), seal(unit)) == (2, None)
    assert check(log).broken is None


@pytest.mark.parametrize(
    ("tampering", "subject", "number"),
    [
        ("UPDATE events SET data = data || '{\"step\": 9}' WHERE subject = 'A' AND number = 3", "A", 3),
        ("UPDATE events SET actor = 'acc_2' WHERE subject = 'A' AND number = 2", "A", 2),
        ("UPDATE events SET occurred_at = occurred_at - interval '1 us' WHERE subject = 'A' AND number = 4", "A", 4),
        ("UPDATE events SET kind = 'other' WHERE subject = 'case_b' AND number = 1", "case_b", 1),
        ("UPDATE events SET data = '{}', erased_at = now() WHERE subject = 'A' AND number = 2", "A", 2),
        ("DELETE FROM events WHERE subject = 'A' AND number = 2", "A", 2),
        ("DELETE FROM events WHERE subject = 'A' AND number = 4", "A", 4),
        (
            """DELETE FROM events WHERE subject = 'A' AND number = 4;
            UPDATE event_subjects SET last_number = 3 WHERE subject = 'A'""",
            "A",
            4,
        ),
        ("DELETE FROM events WHERE subject = 'car-É'", "car-É", 1),
        ("DELETE FROM event_subjects WHERE subject = 'A'", "A", None),
        (
            "DELETE FROM events WHERE subject = 'case_b'; DELETE FROM event_subjects WHERE subject = 'case_b'",
            "case_b",
            2,
        ),
        (
            """UPDATE events SET number = -number WHERE subject = 'A' AND number IN (2, 3);
            UPDATE events SET number = 5 + number WHERE subject = 'A' AND number < 0""",
            "A",
            2,
        ),
        (
            """INSERT INTO events (subject, number, kind, data, occurred_at, data_digest, digest)
            SELECT subject, 5, kind, data, occurred_at, data_digest, digest FROM events
            WHERE subject = 'A' AND number = 4""",
            "A",
            5,
        ),
        ("DELETE FROM sealed_heads WHERE subject = 'A'", "seals", 1),
        ("UPDATE seals SET sealed_at = sealed_at + interval '1 s'", "seals", 1),
    ],
)
def test_tampering_is_told_with_its_place(log: Database, tampering: str, subject: str, number: int | None) -> None:
    with log.engine.begin() as connection:
        connection.exec_driver_sql(tampering)
    broken = check(log).broken
    assert broken is not None
    assert (broken.subject, broken.number) == (subject, number)


def test_a_log_made_anew_lacks_the_seal_that_was_kept_elsewhere(log: Database) -> None:
    kept = check(log).seal
    assert kept is not None
    with log.engine.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM sealed_heads; DELETE FROM seals; DELETE FROM events; DELETE FROM event_subjects"
        )
    with log.unit() as unit:
        append(unit, "A", "made up", {})
        seal(unit)
    assert check(log).broken is None
    assert check(log, kept[1]).broken == Broken("seals", None, "the seal that was kept elsewhere is not in the log")


def test_erased_data_is_gone_and_the_chain_holds(log: Database) -> None:
    with log.unit() as unit:
        assert erase_data(unit, "A", {1: {"step": 0}, 3: {}}, "desk") == 2
        assert erase_data(unit, "A", {1: {"step": 0}}, "desk") == 0
        assert read(unit, "A")[0].data == {"step": 0}
    found = check(log)
    assert (found.broken, found.erased) == (None, 2)
    with log.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET data = '{\"step\": 7}' WHERE subject = 'A' AND number = 1")
    broken = check(log).broken
    assert broken is not None
    assert (broken.subject, broken.number) == ("A", 1)


def test_events_from_before_0012_are_chained_by_the_migration(log: Database) -> None:
    with log.engine.begin() as connection:
        before = connection.execute(text("SELECT id, data_digest, digest FROM events ORDER BY id")).all()
        command.downgrade(alembic_config(connection=connection), "0011")
    with log.engine.begin() as connection:
        command.upgrade(alembic_config(connection=connection), "head")
        assert connection.execute(text("SELECT id, data_digest, digest FROM events ORDER BY id")).all() == before
    assert check(log).broken is None


def test_what_matters_for_safety_is_told(database: Database) -> None:
    with database.unit() as unit:
        home, other = add_organisation(unit, "Li"), add_organisation(unit, "Garage")
        owner = add_account(unit, "li@example.com", Role.OWNER, home, password_hash=hash_of("a long enough secret"))
    sign_in(database, "li@example.com", "a long enough secret", lambda unit, who: who.account)
    with database.unit() as unit:
        end_session(unit, open_session(unit, issue_link(unit, owner)))
        note_failed_sign_in(unit, " LI@example.com")
        note_failed_sign_in(unit, "nobody@example.com")
        for _ in range(2):
            open_to(unit, "car-1", other, Role.TECHNICIAN, owner.account)
        for _ in range(2):
            close_to(unit, "car-1", other, "desk")
        revoke_account(unit, owner.account, by="acc_1")
    with database.unit() as unit:
        told = [(it.kind, it.actor, it.data) for it in read(unit, home)]
        grants = [(it.kind, it.actor) for it in read(unit, "grants:car-1")]
        assert grants == [("grant_opened", owner.account), ("grant_closed", "desk")]
        assert [it.kind for it in read(unit, STRANGERS)] == ["sign_in_failed"]
    assert told == [
        ("account_made", None, {"account": owner.account, "role": "owner"}),
        ("signed_in", owner.account, {"by": "password"}),
        ("credential_made", owner.account, {"kind": "sign_in_link"}),
        ("signed_in", owner.account, {"by": "link"}),
        ("credential_made", owner.account, {"kind": "session"}),
        ("credential_revoked", owner.account, {"kind": "session"}),
        ("sign_in_failed", None, {"address": address_digest("li@example.com")}),
        ("account_revoked", "acc_1", {"account": owner.account}),
    ]
    assert check(database).broken is None


def test_a_log_that_many_write_while_it_is_sealed_is_whole(database: Database) -> None:
    def write(worker: int) -> None:
        for number in range(25):
            with database.unit() as unit:
                append(unit, f"car-{(worker + number) % 3}", "moved", {"by": worker})
            if number % 5 == worker:
                with database.unit() as unit:
                    seal(unit)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    found = check(database)
    assert (found.broken, found.subjects, found.events) == (None, 3, 150)
    assert found.seals > 5
