"""Webhooks arrive: signed, in order per subject, at least once, whatever the receiver does; and the log shows it."""

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

import forecourt.webhooks.courier
from aftersales.telling.messages import list_messages
from forecourt.webhooks.collecting import collect, replay_one, replay_since
from forecourt.webhooks.courier import Courier
from forecourt.webhooks.delivery_log import list_deliveries
from forecourt.webhooks.endpoints import add_endpoint, change_endpoint, get_endpoint, remove_endpoint
from forecourt.webhooks.outcome import FAILS_FOR, LOG_KEPT, MOST_ATTEMPTS, forget, wait_after
from forecourt.webhooks.sending import LEASE, take
from forecourt.webhooks.tables import webhook_deliveries
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.events import append
from foundation.grants import close_to, open_to
from foundation.identity import Actor, Role, add_account, add_organisation
from ingest.registry import add_vehicle
from tests.webhooks.receiver import Receiver, receiving


class House:
    """A fleet with two cars and one webhook for all that happens, a machine's clock that is wound, and its courier."""

    def __init__(self, database: Database, url: str) -> None:
        self.database = database
        self.clock = FixedClock(datetime.now(UTC))
        self.courier = Courier(database, private=True, clock=self.clock)
        with database.unit() as unit:
            self.fleet = add_organisation(unit, "Fleet")
            self.boss = add_account(unit, "boss@fleet.example", Role.ADMINISTRATOR, self.fleet)
            for car in ("car_a", "car_b"):
                add_vehicle(unit, self.fleet, car)
            made, self.secret = add_endpoint(unit, self.boss, url, [], private=True)
        self.endpoint = made.id

    def tell(self, subject: str = "car_a", kind: str = "code_joined", **data: Any) -> None:
        with self.database.unit() as unit:
            append(unit, subject, kind, data)

    def rounds(self, number: int, wind: timedelta = timedelta()) -> None:
        for _ in range(number):
            asyncio.run(self.courier.round())
            self.clock.advance(wind)

    def log(self) -> list[dict[str, Any]]:
        """Give the deliveries, the oldest first."""
        with self.database.unit() as unit:
            return list_deliveries(unit, self.boss, self.endpoint, 500, None).items[::-1]

    def shown(self, actor: Actor | None = None) -> Any:
        with self.database.unit() as unit:
            return get_endpoint(unit, actor or self.boss, self.endpoint)


def numbers(receiver: Receiver, subject: str) -> list[int]:
    told = [json.loads(body)["data"] for _, body in receiver.taken]
    return [it["number"] for it in told if it["subject"] == subject]


def test_an_event_arrives_signed_as_standard_webhooks_say(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.tell(code="P0562", zh="蓄电池电压低")
        house.rounds(2)
        [(headers, body)] = receiver.taken
    told = Webhook(house.secret).verify(body, headers)
    assert told["type"] == "vehicle.code_joined"
    assert told["data"]["zh"] == "蓄电池电压低"
    assert (told["data"]["subject"], told["data"]["number"]) == ("car_a", 1)
    assert headers["host"].startswith("localhost:")
    [delivery] = house.log()
    assert (delivery["state"], delivery["message"]) == ("delivered", headers["webhook-id"])
    assert [attempt["status"] for attempt in delivery["attempts"]] == [204]


def test_a_receiver_that_fails_delays_hangs_up_and_redirects_gets_everything_in_order(database: Database) -> None:
    # Of each subject's messages several are not taken, each in another way.
    script = {0: 500, 1: None, 2: 0.05, 3: 302, 4: 429, 6: None, 8: 404, 9: 0.05, 11: 503}
    with receiving(Receiver(lambda number: script.get(number, 204))) as receiver:
        house = House(database, receiver.url)
        for number in range(5):
            house.tell("car_a", said=number)
            house.tell("car_b", said=number)
        house.rounds(24, wind=timedelta(minutes=2))
        assert numbers(receiver, "car_a") == numbers(receiver, "car_b") == [1, 2, 3, 4, 5]
    assert all(Webhook(house.secret).sign(*_signed(headers, body)) == headers["webhook-signature"]
               for headers, body, _ in receiver.got)  # fmt: skip
    log = house.log()
    assert [delivery["state"] for delivery in log] == ["delivered"] * 10
    tried = [(attempt["status"], attempt["error"]) for delivery in log for attempt in delivery["attempts"]]
    assert len(tried) == len(receiver.got)
    assert {it for it in tried if it[0] != 204} == {
        (500, None), (None, "broken_off"), (302, None), (429, None), (404, None), (503, None)
    }  # fmt: skip
    assert house.shown().failing_since is None


def _signed(headers: dict[str, str], body: bytes) -> tuple[str, datetime, str]:
    return headers["webhook-id"], datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC), body.decode()


def test_a_failing_subject_holds_up_itself_alone_and_the_waits_grow(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        receiver.behave = lambda _: 500
        house.tell("car_a")
        house.rounds(1)
        receiver.behave = lambda _: 204
        house.tell("car_a")
        house.tell("car_b")
        house.rounds(3)
        assert numbers(receiver, "car_b") == [1]
        assert numbers(receiver, "car_a") == []
        house.clock.advance(wait_after(1))
        house.rounds(2)
        assert numbers(receiver, "car_a") == [1, 2]
    waits = [wait_after(attempt).total_seconds() for attempt in range(1, MOST_ATTEMPTS)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits == sorted(waits)
    assert sum(waits) > FAILS_FOR.total_seconds()


@pytest.mark.parametrize("written", ["seconds", "instant", "nonsense"])
def test_a_receiver_says_when_to_come_again_in_seconds_or_as_an_instant(database: Database, written: str) -> None:
    with receiving(Receiver(lambda number: 204 if number else 503)) as receiver:
        house = House(database, receiver.url)
        then = house.clock.now() + timedelta(minutes=10)
        receiver.retry_after = {"seconds": "600", "instant": format_datetime(then, usegmt=True), "nonsense": "soon"}[
            written
        ]
        house.tell()
        house.rounds(1)
        house.clock.advance(timedelta(minutes=9))
        house.rounds(1)
        assert len(receiver.taken) == (written == "nonsense")
        house.clock.advance(timedelta(minutes=2))
        house.rounds(1)
        assert len(receiver.taken) == 1


def test_a_courier_that_dies_after_sending_sends_again_under_the_same_id(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise RuntimeError("killed")

    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.tell()
        house.tell()
        with monkeypatch.context() as patched:
            patched.setattr(forecourt.webhooks.courier, "note", die)
            with pytest.raises(RuntimeError, match="killed"):
                house.rounds(1)
        house.rounds(2)
        assert numbers(receiver, "car_a") == [1]  # it is in hand until its lease ends, and the second waits for it
        house.clock.advance(LEASE)
        house.rounds(3)
        assert numbers(receiver, "car_a") == [1, 1, 2]
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 2


def test_two_couriers_at_once_take_each_delivery_once(database: Database) -> None:
    house = House(database, "http://localhost:9/")
    for _ in range(30):
        house.tell("car_a")
        house.tell("car_b")
    taken: list[int] = []

    def work() -> None:
        for _ in range(5):
            with database.unit() as unit:
                collect(unit, house.clock)
            with database.unit() as unit:
                taken.extend(letter.delivery for letter in take(unit, house.clock, 10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.unit() as unit:
        laid = unit.connection.execute(select(webhook_deliveries.c.number).order_by(webhook_deliveries.c.id)).scalars()
        assert sorted(laid) == sorted([*range(1, 31)] * 2)
    assert len(taken) == len(set(taken)) == 2  # the first of each car: all others wait for it


def test_only_what_the_organisation_may_see_and_wants_is_sent(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        with database.unit() as unit:
            stranger = add_organisation(unit, "Stranger")
            add_vehicle(unit, stranger, "car_x")
            add_vehicle(unit, stranger, "car_y")
            open_to(unit, "car_x", house.fleet, Role.ADVISOR, "test")
            change_endpoint(unit, house.boss, house.endpoint, kinds=["vehicle.code_joined", "case"], private=True)
        for car in ("car_x", "car_y", "car_a"):
            house.tell(car)
            house.tell(car, "case_opened")
        house.rounds(3)
        assert sorted(json.loads(body)["data"]["subject"] for _, body in receiver.taken) == ["car_a", "car_x"]
        house.tell("car_x")
        with database.unit() as unit:
            collect(unit, house.clock)
        with database.unit() as unit:
            close_to(unit, "car_x", house.fleet, "test")
        house.rounds(2)
        assert len(receiver.taken) == 2
    assert [delivery["state"] for delivery in house.log()] == ["delivered", "delivered", "withdrawn"]


def test_days_of_failure_switch_it_off_its_people_are_told_and_nothing_is_lost(database: Database) -> None:
    with receiving(Receiver(lambda _: 500)) as receiver:
        house = House(database, receiver.url)
        house.tell()
        house.rounds(1)
        house.clock.advance(FAILS_FOR)
        house.rounds(2)
        assert (house.shown().state, house.shown().why) == ("disabled", "failing")
        house.tell()
        house.clock.advance(FAILS_FOR)
        house.rounds(2)
        assert len(receiver.got) == 2
        with database.unit() as unit:
            assert [it["kind"] for it in list_messages(unit, house.boss).items] == ["webhook_disabled"]
            change_endpoint(unit, house.boss, house.endpoint, active=True, private=True)
        receiver.behave = lambda number: 410 if number == 4 else 204
        house.rounds(2)
        assert numbers(receiver, "car_a") == [1, 2]
        house.tell()
        house.rounds(1)
        assert (house.shown().state, house.shown().why) == ("disabled", "gone")


def test_replays_go_back_to_an_instant_or_repeat_one_delivery(database: Database, clock: FixedClock) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.tell()
        clock.advance(timedelta(hours=1))
        later = clock.now()
        house.tell()
        house.tell()
        house.rounds(4)
        receiver.got.clear()
        with database.unit() as unit:
            assert replay_since(unit, house.boss, house.endpoint, later)
            assert not replay_since(unit, house.boss, house.endpoint, later + timedelta(hours=1))
        house.rounds(3)
        assert numbers(receiver, "car_a") == [2, 3]
        first = house.log()[0]
        with database.unit() as unit:
            replay_one(unit, house.boss, house.endpoint, first["id"], house.clock)
        house.rounds(1)
        assert numbers(receiver, "car_a") == [2, 3, 1]
        assert receiver.taken[-1][0]["webhook-id"] == first["message"]


def test_what_failed_is_sent_at_once_when_somebody_asks_for_it(database: Database) -> None:
    with receiving(Receiver(lambda number: 503 if number == 0 else 204)) as receiver:
        house = House(database, receiver.url)
        house.tell()
        house.tell()
        house.rounds(2)
        assert len(receiver.got) == 1, "it waits for its next attempt, and the second for the first"
        second = house.log()[1]["id"]
        with database.unit() as unit:
            assert replay_one(unit, house.boss, house.endpoint, second, house.clock) == second
        house.rounds(2)
        assert numbers(receiver, "car_a") == [1, 2]


def test_what_waited_is_laid_down_once_when_a_replay_begins_before_it(database: Database, clock: FixedClock) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.tell()
        clock.advance(timedelta(hours=1))
        house.tell()
        with database.unit() as unit:
            collect(unit, house.clock)
            assert replay_since(unit, house.boss, house.endpoint, clock.now())
        house.rounds(4)
        assert numbers(receiver, "car_a") == [1, 2]


def test_without_the_setting_nothing_is_sent_to_this_machine(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.tell()
        house.courier = Courier(database, clock=house.clock)
        house.rounds(1)
        assert receiver.got == []
    assert [attempt["error"] for attempt in house.log()[0]["attempts"]] == ["private_address"]


def test_the_log_is_forgotten_after_a_month_and_goes_with_its_webhook(database: Database) -> None:
    with receiving(Receiver()) as receiver:
        house = House(database, receiver.url)
        house.tell()
        house.rounds(1)
        house.clock.advance(LOG_KEPT + timedelta(seconds=1))
        with database.unit() as unit:
            assert forget(unit, house.clock) == 1
        house.tell()
        house.rounds(1)
        with database.unit() as unit:
            remove_endpoint(unit, house.boss, house.endpoint)
            assert unit.connection.execute(select(webhook_deliveries)).all() == []


def test_a_running_courier_keeps_no_connection_while_a_receiver_is_slow(database: Database) -> None:
    async def story(house: House, receiver: Receiver) -> int:
        running = asyncio.create_task(house.courier.run())
        while not receiver.got:  # noqa: ASYNC110 - the receiver is a thread
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        held = max([database.engine.pool.checkedout() for _ in range(3)])  # type: ignore[attr-defined]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return held

    with receiving(Receiver(lambda _: 1.0)) as receiver:
        house = House(database, receiver.url)
        house.tell()
        assert asyncio.run(story(house, receiver)) == 0
