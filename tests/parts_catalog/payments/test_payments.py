"""Payments of one payable: begun once, ended by what is heard or asked, and never more back than came."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from foundation.clock import FixedClock
from foundation.events import read
from foundation.money import Money
from foundation.refusals import Invalid, KeyReused, NotFound
from parts_catalog.payments import NotRefundable, Payable, PaymentPending, Reason, State, close, find, refund, start
from parts_catalog.payments.calling import charge_of
from parts_catalog.payments.port import Charge, Fact, NeedsPerson, Told, Unreachable
from parts_catalog.payments.sandbox import decide, open_charge
from parts_catalog.payments.states import MOVES
from tests.parts_catalog.payments.scene import BUYER, PRICE, SELLER, THING, Desk

MINUTE = timedelta(minutes=1)


def paid(desk: Desk, payable: Payable = THING):
    payment = desk.start(payable)
    with desk.database.unit() as unit:
        decide(unit, charge_of(payment), "approve")
    desk.database.clock.advance(MINUTE)
    desk.work()
    assert desk.state(payment) == ("paid", 0)
    return payment


def test_every_state_has_its_moves_and_the_end_has_none() -> None:
    assert set(MOVES) == set(State)
    assert [state for state in State if not MOVES[state]] == [State.REFUNDED]


def test_a_payment_is_begun_once_and_seen_by_its_payer_alone(desk: Desk) -> None:
    payment = desk.start()
    assert desk.start() == payment
    with desk.database.unit() as unit:
        assert find(unit, BUYER, payment.id) == payment
        with pytest.raises(NotFound):
            find(unit, SELLER, payment.id)
        with pytest.raises(PaymentPending):
            start(unit, BUYER, THING, Money(1, "CNY"), "sandbox")


@pytest.mark.parametrize(
    ("amount", "provider"),
    [(Money(0, "CNY"), "sandbox"), (Money(100, "USD"), "wechat_pay"), (Money(100, "USD"), "alipay"), (PRICE, "purse")],
)
def test_what_no_provider_takes_is_refused(desk: Desk, amount: Money, provider: str) -> None:
    with desk.database.unit() as unit, pytest.raises(Invalid):
        start(unit, BUYER, THING, amount, provider)


def test_a_payment_of_which_nothing_is_heard_is_asked_for(desk: Desk) -> None:
    paid(desk)
    assert desk.things.told == [("paid", "thing_1")]


def test_a_payment_that_is_due_is_closed_on_both_sides(desk: Desk, clock: FixedClock) -> None:
    payment = desk.start()
    clock.advance(30 * MINUTE)
    desk.work()
    assert desk.state(payment) == ("closed", 0)
    assert desk.things.told == [("closed", "thing_1")]
    assert desk.sandbox.ask(charge_of(payment)).told is Told.CLOSED


def test_money_that_came_before_the_close_goes_back_when_its_payable_is_over(desk: Desk, clock: FixedClock) -> None:
    payment = desk.start()
    desk.things.over.add("thing_1")
    with desk.database.unit() as unit:
        decide(unit, charge_of(payment), "approve", delay=timedelta(hours=1))
        assert close(unit, payment.id).state is State.CLOSED
    for _ in range(2):  # the close hears that it was paid; then the refund goes out
        desk.work()
        clock.advance(MINUTE)
    assert desk.state(payment) == ("refunded", PRICE.amount)
    assert desk.refunds() == [("done", PRICE.amount, "late_payment")]
    with desk.database.unit() as unit:
        told = [it.kind for it in read(unit, "thing_1")]
    assert told == ["payment_late", "refund_asked", "refund_done"]


def test_refunds_are_partial_and_end_with_the_whole(desk: Desk) -> None:
    payment = paid(desk)
    with desk.database.unit() as unit:
        first = refund(unit, SELLER, payment.id, Money(5_000, "CNY"), Reason.RETURNED, "return_1")
        assert refund(unit, SELLER, payment.id, Money(5_000, "CNY"), Reason.RETURNED, "return_1") == first
        with pytest.raises(KeyReused):
            refund(unit, SELLER, payment.id, Money(1, "CNY"), Reason.RETURNED, "return_1")
        with pytest.raises(NotRefundable) as refused:
            refund(unit, SELLER, payment.id, Money(7_346, "CNY"), Reason.RETURNED, "return_2")
        assert refused.value.extra == {"left": 7_345}
        with pytest.raises(Invalid):
            refund(unit, SELLER, payment.id, Money(1, "USD"), Reason.RETURNED, "return_3")
    desk.work()
    assert desk.state(payment) == ("partly_refunded", 5_000)
    with desk.database.unit() as unit:
        refund(unit, SELLER, payment.id, Money(7_345, "CNY"), Reason.GOODWILL, "return_2")
    desk.work()
    assert desk.state(payment) == ("refunded", PRICE.amount)
    assert desk.things.told == [("paid", "thing_1"), ("refund_done", "thing_1"), ("refund_done", "thing_1")]


def test_nothing_goes_back_of_what_did_not_come(desk: Desk) -> None:
    payment = desk.start()
    with desk.database.unit() as unit, pytest.raises(NotRefundable):
        refund(unit, SELLER, payment.id, Money(1, "CNY"), Reason.RETURNED, "return_1")


def test_many_at_once_never_get_more_back_than_was_paid(desk: Desk) -> None:
    payment = paid(desk)
    refused: list[str] = []
    begin = threading.Barrier(8)

    def ask(number: int) -> None:
        begin.wait()
        try:
            with desk.database.unit() as unit:
                refund(unit, SELLER, payment.id, Money(5_000, "CNY"), Reason.RETURNED, f"return_{number}")
        except NotRefundable as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 6
    assert desk.state(payment) == ("paid", 10_000)
    desk.work()
    assert desk.state(payment) == ("partly_refunded", 10_000)


def test_the_database_itself_refuses_to_give_back_more(desk: Desk) -> None:
    payment = paid(desk)
    with pytest.raises(IntegrityError, match="ck_payments_refunded"), desk.database.unit() as unit:
        unit.rows("UPDATE payments SET refunded = amount + 1 WHERE id = %(id)s", {"id": payment.id})


class Away:
    """A sandbox whose answers are lost: what was asked is done, and nobody hears of it."""

    def __init__(self, desk: Desk) -> None:
        self._inner = desk.sandbox
        self.asked: list[str] = []
        self.lost = True

    def __getattr__(self, name: str):
        if name not in {"ask", "close", "refund", "ask_refund"}:
            return getattr(self._inner, name)

        def run(*arguments):
            self.asked.append(name)
            answer = getattr(self._inner, name)(*arguments)
            if self.lost:
                raise Unreachable
            return answer

        return run


def test_a_refund_whose_answer_was_lost_is_asked_for_before_it_is_tried_again(desk: Desk, clock: FixedClock) -> None:
    payment = paid(desk)
    desk.providers["sandbox"] = away = Away(desk)
    with desk.database.unit() as unit:
        refund(unit, SELLER, payment.id, Money(5_000, "CNY"), Reason.RETURNED, "return_1")
    desk.work()
    assert desk.state(payment) == ("paid", 5_000)  # set aside, and unknown
    assert desk.refunds() == [("asked", 5_000, "returned")]
    away.lost = False
    clock.advance(MINUTE)
    desk.work()
    assert away.asked == ["refund", "ask_refund"]
    assert desk.state(payment) == ("partly_refunded", 5_000)


def test_a_refund_that_the_provider_refuses_frees_its_money(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid(desk)

    def refuse(self: object, charge: Charge, wanted: str, amount: Money) -> Fact:
        raise NeedsPerson("no_balance")

    monkeypatch.setattr(type(desk.sandbox), "refund", refuse)
    with desk.database.unit() as unit:
        refund(unit, SELLER, payment.id, PRICE, Reason.RETURNED, "return_1")
    desk.work()
    assert desk.state(payment) == ("paid", 0)
    assert desk.refunds() == [("failed", PRICE.amount, "returned")]
    assert desk.things.told[-1] == ("refund_failed", "thing_1")


def test_a_payment_by_a_provider_that_is_gone_fails(desk: Desk) -> None:
    payment = desk.start(provider="wechat_pay")
    desk.work()
    assert desk.state(payment) == ("failed", 0)
    assert desk.things.told == [("failed", "thing_1")]


def test_the_sandbox_keeps_its_first_decision(desk: Desk) -> None:
    payment = desk.start()
    with desk.database.unit() as unit:
        assert open_charge(unit, charge_of(payment)).state == "open"
        decide(unit, charge_of(payment), "decline")
    desk.database.clock.advance(MINUTE)
    desk.work()
    assert desk.state(payment) == ("failed", 0)
    assert "a secret" not in repr(desk.sandbox)
