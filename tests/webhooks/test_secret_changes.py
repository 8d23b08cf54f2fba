"""A secret is changed and no message is lost: for a day old and new both sign, unless the old one is ended at once."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import func, select, text
from standardwebhooks import Webhook, WebhookVerificationError

from forecourt.webhooks.collecting import replay_one
from forecourt.webhooks.courier import Courier
from forecourt.webhooks.outcome import wait_after
from forecourt.webhooks.secret_changes import (
    MOST_OLD,
    OLD_SIGNS_FOR,
    TooManySecrets,
    change_secret,
    end_old_secrets,
    old_until,
)
from forecourt.webhooks.tables import webhook_old_secrets
from foundation.database import Database
from foundation.events import read
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.test_delivering import House

MINUTE = timedelta(minutes=1)


def change(house: House, *, keep_old: bool = True) -> str:
    with house.database.unit() as unit:
        return change_secret(unit, house.boss, house.endpoint, house.clock, keep_old=keep_old)[1]


def heard(house: House, receiver: Receiver) -> tuple[dict[str, str], bytes]:
    """Tell of one more event and give what came of it last, whatever the receiver did with it."""
    house.tell()
    house.rounds(1)
    headers, body, _ = receiver.got[-1]
    return headers, body


def accepts(secret: str, message: tuple[dict[str, str], bytes]) -> bool:
    headers, body = message
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        if str(error) != "No matching signature found":  # too old, say: the test's clock is wrong
            raise
        return False
    return True


def kept(database: Database) -> int:
    with database.unit() as unit:
        number: int = unit.connection.execute(select(func.count()).select_from(webhook_old_secrets)).scalar_one()
        return number


def test_for_a_day_a_receiver_verifies_with_the_old_secret_or_the_new_one(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        # The library takes what is at most five minutes old, by its own clock: the last minutes of the day are now.
        house.clock.advance(2 * MINUTE - OLD_SIGNS_FOR)
        new = change(house)
        first = heard(house, receiver)
        assert len(first[0]["webhook-signature"].split(" ")) == 2
        house.clock.advance(OLD_SIGNS_FOR - MINUTE)
        late = heard(house, receiver)
        assert accepts(house.secret, late)
        assert accepts(new, late)
        at = datetime.fromtimestamp(int(late[0]["webhook-timestamp"]), UTC)
        newest = Webhook(new).sign(late[0]["webhook-id"], at, late[1].decode())
        assert late[0]["webhook-signature"].split(" ")[0] == newest, "the new one first"

        house.clock.advance(MINUTE)
        over = heard(house, receiver)
        assert kept(database) == 1, "nothing has been cleared away yet, and yet it signs no more"
        assert not accepts(house.secret, over)
        assert accepts(new, over)
        assert len(over[0]["webhook-signature"].split(" ")) == 1
        house.courier = Courier(database, private=True, clock=house.clock)
        house.rounds(1)
        assert kept(database) == 0


def test_attempts_and_replays_after_a_change_carry_both(database: Database) -> None:
    with receiving(Receiver(lambda number: 204 if number else 503)) as receiver:
        house = House(database, receiver.url)
        before = heard(house, receiver)
        new = change(house)
        house.clock.advance(wait_after(1))
        house.rounds(1)
        with database.unit() as unit:
            replay_one(unit, house.boss, house.endpoint, house.log()[0]["id"], house.clock)
        house.rounds(1)
        [again, replayed] = receiver.taken
    assert not accepts(new, before)
    assert all(accepts(secret, message) for secret in (house.secret, new) for message in (again, replayed))


def test_a_secret_that_has_leaked_ends_with_the_change_or_when_somebody_says_so(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        second = change(house)
        third = change(house, keep_old=False)
        message = heard(house, receiver)
        assert [accepts(secret, message) for secret in (house.secret, second, third)] == [False, False, True]
        fourth = change(house)
        message = heard(house, receiver)
        assert [accepts(secret, message) for secret in (third, fourth)] == [True, True]
        for _ in range(2):
            with database.unit() as unit:
                end_old_secrets(unit, house.boss, house.endpoint)
        message = heard(house, receiver)
        assert [accepts(secret, message) for secret in (third, fourth)] == [False, True]
    assert kept(database) == 0


def test_each_old_secret_has_its_own_day_and_there_are_so_many(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.clock.advance(-OLD_SIGNS_FOR)
        secrets = [house.secret]
        for _ in range(MOST_OLD):
            secrets.append(change(house))
            house.clock.advance(MINUTE)
        with pytest.raises(TooManySecrets):
            change(house)
        with database.unit() as unit:
            assert old_until(unit, house.boss, house.clock) == {
                house.endpoint: house.clock.now() - MINUTE + OLD_SIGNS_FOR
            }
        house.clock.advance(OLD_SIGNS_FOR - MINUTE * MOST_OLD)
        message = heard(house, receiver)
        assert [accepts(secret, message) for secret in secrets] == [False, True, True, True, True]
        secrets.append(change(house))
        message = heard(house, receiver)
        assert [accepts(secret, message) for secret in secrets] == [False, True, True, True, True, True]


def test_two_who_change_it_at_once_lose_nothing_either(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house, secrets = House(database, receiver.url), []
        second = threading.Thread(target=lambda: secrets.append(change(house)))
        with database.unit() as unit:
            secrets.append(change_secret(unit, house.boss, house.endpoint, house.clock, keep_old=True)[1])
            second.start()
            deadline = time.monotonic() + 30
            while not unit.connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                assert time.monotonic() < deadline, "the second does not wait for the first"
        second.join(30)
        message = heard(house, receiver)
    assert len(secrets) == 2
    assert all(accepts(secret, message) for secret in (house.secret, *secrets))


def test_a_change_is_told_without_any_secret_and_logged_without_one(database: Database) -> None:
    with receiving(Receiver(lambda _: 503)) as receiver, structlog.testing.capture_logs() as logged:
        house = House(database, receiver.url)
        secrets = [house.secret, change(house), change(house, keep_old=False)]
        heard(house, receiver)
    with database.unit() as unit:
        told = [it for it in read(unit, house.fleet) if it.data.get("kind") == "webhook_secret"]
    # An end is told by itself; what was only changed signs for a day.
    assert [it.kind for it in told] == ["credential_made", "credential_revoked", "credential_made"]
    assert {(it.actor, it.data["webhook"]) for it in told} == {(house.boss.account, house.endpoint)}
    assert [line["event"] for line in logged] == ["webhook_waits"]
    written = json.dumps([it.data for it in told]) + repr(logged) + repr(house.shown()) + repr(house.log())
    assert not any(secret.removeprefix("whsec_") in written for secret in secrets)
