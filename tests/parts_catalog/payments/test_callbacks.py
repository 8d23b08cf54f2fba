"""What providers tell, spoiled in every way, over HTTP: the same table for all of them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from forecourt.http import install
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.events import read
from foundation.money import Money
from parts_catalog.payments import Payable, Payment, Reason, refund
from parts_catalog.payments.alipay import Alipay
from parts_catalog.payments.alipay import Merchant as AlipayMerchant
from parts_catalog.payments.calling import look_after_one
from parts_catalog.payments.http import callbacks
from parts_catalog.payments.port import Fact, Told
from parts_catalog.payments.sandbox import Sandbox, Secret
from parts_catalog.payments.tables import payment_calls, payment_notices
from parts_catalog.payments.wechat_pay import Merchant as WeChatMerchant
from parts_catalog.payments.wechat_pay import WeChat
from tests.parts_catalog.payments.scene import PRICE, SELLER, Desk
from tests.parts_catalog.payments.senders import API_KEY, SECRET, SENDERS, Sent, keys, without_signature

MINUTE = timedelta(minutes=1)


class Door:
    """A desk with all three providers behind the HTTP door, and one of them sending."""

    def __init__(self, database: Database, sender: Any) -> None:
        self.desk = Desk(database)
        self.sender = sender
        wechat = next(it for it in SENDERS if it.name == "wechat_pay")
        house = WeChatMerchant(
            wechat.merchant, wechat.app, "SERIAL", keys("our wechat").private_pem, API_KEY, keys("wechat").public_pem,
            wechat.key_id,
        )  # fmt: skip
        alipay = AlipayMerchant("2021000000000001", keys("our alipay").private_pem, keys("alipay").public_pem)
        self.desk.providers = {  # type: ignore[assignment]
            "sandbox": Sandbox(database, Secret(SECRET)),
            "wechat_pay": WeChat(house, "https://house.example/cb"),
            "alipay": Alipay(alipay, "https://house.example/cb", "https://house.example", database.clock.now),
        }
        self.client = self.open()
        self.payment = self.desk.start(provider=sender.name)
        self.number = "ntc_1"

    def open(self) -> TestClient:
        app = FastAPI()
        install(app)
        app.include_router(callbacks(self.desk.database, self.desk.providers, self.desk.payables))
        return TestClient(app)

    def send(self, sent: Sent) -> tuple[int, bytes]:
        answer = self.client.post(
            f"/v1/payments/callbacks/{self.sender.name}", content=sent.body, headers=dict(sent.headers)
        )
        return answer.status_code, answer.content

    def told(self, told: Told = Told.PAID, number: str | None = None, **changes: Any) -> Sent:
        named = {"payment": self.payment.id, "amount": PRICE, "reference": "42001", **changes}
        merchant = {"merchant": named.pop("merchant")} if "merchant" in named else {}
        now = self.desk.database.clock.now() + named.pop("after", timedelta())
        return self.sender.tell(Fact(told, **named), now, number or self.number, **merchant)

    def acknowledges(self, sent: Sent) -> bool:
        return self.send(sent) == self.sender.acknowledged

    def refuses(self, sent: Sent) -> bool:
        """Whether the notice is refused in the provider's own words."""
        status, body = self.send(sent)
        return body == b"fail" if self.sender.name == "alipay" else status in {400, 409} and body != b""

    def verdicts(self) -> list[tuple[str, int]]:
        with self.desk.database.unit() as unit:
            rows = unit.connection.execute(select(payment_notices).order_by(payment_notices.c.notice))
            return [(row.verdict, row.deliveries) for row in rows]

    @property
    def state(self) -> str:
        return self.desk.state(self.payment)[0]


@pytest.fixture(params=SENDERS, ids=lambda it: it.name)
def door(request: pytest.FixtureRequest, database: Database) -> Door:
    return Door(database, request.param)


@dataclass(frozen=True)
class Case:
    """A notice that is refused. `kept`: the verdict that is stored of it."""

    name: str
    make: Callable[[Door], Sent]
    kept: str | None = None


REFUSED = (
    Case("tampered", lambda door: door.sender.tampered(door.told())),
    Case("stale", lambda door: door.told(after=-6 * MINUTE)),
    Case("of yesterday", lambda door: door.told(after=timedelta(days=-1))),
    Case("of the future", lambda door: door.told(after=6 * MINUTE)),
    Case("unsigned", lambda door: without_signature(door.sender, door.told())),
    Case("no headers, no form", lambda _: Sent({}, b"{}")),
    Case("no body", lambda door: Sent(door.told().headers, b"")),
    Case("another merchant's", lambda door: door.told(merchant=door.sender.strange())),
    Case("wrong amount", lambda door: door.told(amount=Money(PRICE.amount - 1, "CNY")), "wrong_amount"),
    Case("wrong currency", lambda door: door.told(amount=Money(PRICE.amount, "USD")), "wrong_currency"),
    Case("unknown payment", lambda door: door.told(payment="pay_unknown"), "unknown_payment"),
)


def test_what_nobody_vouches_for_or_does_not_fit_is_refused_and_changes_nothing(door: Door) -> None:
    kept: list[tuple[str, int]] = []
    for number, case in enumerate(REFUSED):
        door.number = f"ntc_{number:02d}"
        kept += [(case.kept, 1)] if case.kept else []
        assert door.refuses(case.make(door)), case.name
        assert (door.state, door.desk.things.told, door.verdicts()) == ("pending", [], kept), case.name
    door.number = "ntc_true"
    assert door.acknowledges(door.told()), "the true one is taken after them"
    assert door.state == "paid"


def test_a_notice_is_taken_once_however_often_it_comes(door: Door) -> None:
    for _ in range(3):
        assert door.acknowledges(door.told())
    assert door.acknowledges(door.told(number="ntc_2")), "the same fact under another id"
    assert door.desk.things.told == [("paid", "thing_1")]
    assert door.verdicts() == [("acted", 3), ("ignored", 1)]


def test_a_notice_that_is_replayed_later_is_too_old(door: Door, clock: FixedClock) -> None:
    sent = door.told()
    assert door.acknowledges(sent)
    clock.advance(6 * MINUTE)
    assert door.refuses(sent)
    assert door.desk.things.told == [("paid", "thing_1")]


def test_an_id_that_comes_back_with_other_words_is_refused(door: Door) -> None:
    assert door.acknowledges(door.told())
    assert door.refuses(door.told(Told.CLOSED))
    assert door.state == "paid"


def test_many_copies_at_once_are_taken_once(door: Door) -> None:
    sent = [door.told(number=f"ntc_{number % 2}") for number in range(8)]
    answers: list[bool] = []
    begin = threading.Barrier(len(sent))

    def send(one: Sent) -> None:
        begin.wait()
        answers.append(door.acknowledges(one))

    threads = [threading.Thread(target=send, args=(one,)) for one in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [True] * len(sent)
    assert door.desk.things.told == [("paid", "thing_1")]
    assert sorted(door.verdicts()) == [("acted", 4), ("ignored", 4)]


def test_a_failure_told_after_the_money_is_ignored(door: Door) -> None:
    assert door.acknowledges(door.told())
    assert door.acknowledges(door.told(Told.FAILED, "ntc_2"))
    assert door.state == "paid"
    assert door.desk.things.told == [("paid", "thing_1")]


def test_money_told_after_a_failure_is_the_payables_to_take(door: Door) -> None:
    assert door.acknowledges(door.told(Told.FAILED))
    assert door.acknowledges(door.told(number="ntc_2"))
    assert door.state == "paid"
    assert [kind for kind, _ in door.desk.things.told] in (["failed", "paid"], ["closed", "paid"])


def test_a_refund_that_is_told_before_its_payment_waits_for_it(door: Door) -> None:
    early = {"refund": "ref_elsewhere", "amount": Money(5_000, "CNY")}
    assert door.refuses(door.told(Told.REFUNDED, "ntc_r", **early))
    assert door.verdicts() == [("early", 1)]
    with door.desk.database.unit() as unit:
        asked = select(func.count()).where(payment_calls.c.kind == "ask")
        assert unit.connection.execute(asked).scalar_one() == 1, "the provider is asked, nothing is guessed"
    assert door.acknowledges(door.told())
    assert door.refuses(door.told(Told.REFUNDED, "ntc_r", **early)), "nobody here asked for that refund"
    assert door.verdicts() == [("acted", 1), ("unknown_refund", 2)]
    assert door.desk.state(door.payment) == ("paid", 0)


def asked_back(door: Door, amount: int, key: str) -> str:
    with door.desk.database.unit() as unit:
        return refund(unit, SELLER, door.payment.id, Money(amount, "CNY"), Reason.RETURNED, key).id


def test_refunds_are_ended_by_their_notices(door: Door) -> None:
    assert door.acknowledges(door.told())
    first, second = asked_back(door, 5_000, "a"), asked_back(door, 7_345, "b")
    so_far = 12_345 if door.sender.name == "alipay" else 7_345  # there it is the sum of all refunds
    assert door.refuses(door.told(Told.REFUNDED, "ntc_w", refund=first, amount=Money(4_999, "CNY")))
    assert door.desk.state(door.payment) == ("paid", 12_345)
    assert door.acknowledges(door.told(Told.REFUNDED, "ntc_a", refund=first, amount=Money(5_000, "CNY")))
    assert door.state == "partly_refunded"
    assert door.acknowledges(door.told(Told.REFUNDED, "ntc_b", refund=second, amount=Money(so_far, "CNY")))
    assert door.acknowledges(door.told(Told.REFUNDED, "ntc_c", refund=second, amount=Money(so_far, "CNY")))
    assert door.desk.state(door.payment) == ("refunded", 12_345)
    assert [kind for kind, _ in door.desk.things.told] == ["paid", "refund_done", "refund_done"]


def test_money_for_an_order_that_expired_goes_back_by_itself(door: Door, clock: FixedClock) -> None:
    door.desk.things.over.add("thing_1")
    clock.advance(30 * MINUTE)
    with door.desk.database.unit() as unit:
        assert look_after_one(unit, door.desk.payables)
    assert door.state == "closed"
    assert door.acknowledges(door.told())
    assert door.desk.state(door.payment) == ("paid", PRICE.amount)
    assert door.desk.refunds() == [("asked", PRICE.amount, "late_payment")]
    with door.desk.database.unit() as unit:
        assert [it.kind for it in read(unit, "thing_1")] == ["payment_late", "refund_asked"]


def test_another_providers_notice_does_not_pay_a_payment(database: Database) -> None:
    sandbox, wechat, _ = SENDERS
    door = Door(database, sandbox)
    forged = sandbox.tell(Fact(Told.PAID, other(door).id, PRICE, "1"), database.clock.now(), "ntc_1")
    assert door.refuses(forged)
    assert door.verdicts() == [("unknown_payment", 1)]
    door.sender = wechat
    assert door.client.post("/v1/payments/callbacks/purse", content=b"x").status_code == 404


def other(door: Door) -> Payment:
    return door.desk.start(Payable("thing", "thing_2"), "wechat_pay")


def test_our_own_key_verifies_nothing_of_theirs(database: Database) -> None:
    """The commonest mistake with Alipay: one's own public key where theirs belongs."""
    _, _, alipay = SENDERS
    door = Door(database, alipay)
    ours = AlipayMerchant("2021000000000001", keys("our alipay").private_pem, keys("our alipay").public_pem)
    door.desk.providers["alipay"] = Alipay(ours, "", "", database.clock.now)  # type: ignore[index]
    door.client = door.open()
    assert door.refuses(door.told())
    assert door.state == "pending"


def test_secrets_are_in_no_repr(database: Database) -> None:
    door = Door(database, SENDERS[0])
    shown = repr([vars(it) for it in door.desk.providers.values()])
    assert "PRIVATE KEY" not in shown
    assert API_KEY not in shown
    assert SECRET not in shown
