"""Refunds that a provider refuses: asked for again by the house that answers for them, and never paid twice."""

from datetime import timedelta

import pytest

from foundation.database import new_id
from foundation.money import Money
from foundation.refusals import NotFound
from parts_catalog.payments import NotRefundable, Payment, Reason, Refund, accept, ask_again, refund, refused
from parts_catalog.payments.outbox import MOST_ATTEMPTS
from parts_catalog.payments.port import Charge, Fact, NeedsPerson, Notice, Told, Unreachable
from parts_catalog.payments.refused import AlreadyBack
from parts_catalog.payments.states import Verdict
from tests.parts_catalog.payments.scene import BUYER, PRICE, SELLER, Desk
from tests.parts_catalog.payments.test_payments import paid

HALF = Money(5_000, "CNY")


class Moody:
    """The sandbox, asked in its turn what each refund is answered: refused by a word, closed, lost, or done."""

    def __init__(self, desk: Desk, *answers: str) -> None:
        self._inner, self._answers = desk.sandbox, list(answers)
        self.asked: list[str] = []

    def __getattr__(self, name: str):
        return getattr(self._inner, name)

    def refund(self, charge: Charge, number: str, amount: Money) -> Fact:
        self.asked.append(number)
        answer = self._answers.pop(0) if self._answers else "done"
        if answer == "closed":
            return Fact(Told.REFUND_FAILED, charge.payment, refund=number)
        if answer == "lost":
            raise Unreachable
        if answer != "done":
            raise NeedsPerson(answer)
        return self._inner.refund(charge, number, amount)


def asked_back(desk: Desk, *answers: str) -> tuple[Payment, Refund, Moody]:
    """Let half of what was paid be asked back of a provider in that mood."""
    payment = paid(desk)
    desk.providers["sandbox"] = moody = Moody(desk, *answers)
    with desk.database.unit() as unit:
        back = refund(unit, SELLER, payment.id, HALF, Reason.RETURNED, "return_1")
    desk.work()
    return payment, back, moody


def again(desk: Desk, back: Refund) -> Refund:
    with desk.database.unit() as unit:
        return ask_again(unit, SELLER, desk.payables, back.id)


def listed(desk: Desk) -> list[str]:
    with desk.database.unit() as unit:
        assert refused(unit, BUYER, desk.payables) == []
        return [str(one.shown()["why_en"]) for one in refused(unit, SELLER, desk.payables)]


def test_what_was_refused_is_asked_for_again_under_its_own_number(desk: Desk) -> None:
    payment, back, moody = asked_back(desk, "no_balance", "some_code")
    assert listed(desk) == ["There is too little money on our account with the provider"]
    with pytest.raises(NotFound), desk.database.unit() as unit:
        ask_again(unit, BUYER, desk.payables, back.id)
    assert again(desk, back) == again(desk, back), "twice is once"
    assert (desk.state(payment), listed(desk)) == (("paid", HALF.amount), [])
    desk.work()
    assert listed(desk) == ["The provider refused it (some_code)"]
    again(desk, back)
    desk.work()
    assert desk.state(payment) == ("partly_refunded", HALF.amount)
    assert moody.asked == [back.id] * 3
    with pytest.raises(AlreadyBack):
        again(desk, back)


def test_what_its_provider_closed_is_asked_for_under_another_number(desk: Desk) -> None:
    payment, back, moody = asked_back(desk, "closed")
    again(desk, back)
    with desk.database.unit() as unit:
        late = Fact(Told.REFUND_FAILED, payment.id, refund=back.id)
        assert accept(unit, desk.payables, "sandbox", Notice(new_id("ntc"), late)) is Verdict.IGNORED
    desk.work()
    assert moody.asked == [back.id, f"{back.id}-1"]
    assert desk.state(payment) == ("partly_refunded", HALF.amount)


def test_what_went_back_all_the_same_is_not_asked_for_under_the_other_number(desk: Desk) -> None:
    payment, back, moody = asked_back(desk, "closed")
    again(desk, back)
    with desk.database.unit() as unit:
        made = Fact(Told.REFUNDED, payment.id, HALF, "1", back.id)
        assert accept(unit, desk.payables, "sandbox", Notice(new_id("ntc"), made)) is Verdict.ACTED
    desk.work()
    assert moody.asked == [back.id]
    assert desk.state(payment) == ("partly_refunded", HALF.amount)


def test_what_nobody_answered_is_asked_for_again_in_the_end(desk: Desk) -> None:
    payment, back, moody = asked_back(desk, *["lost"] * MOST_ATTEMPTS)
    while not listed(desk):
        desk.database.clock.advance(timedelta(hours=1))
        desk.work()
    assert listed(desk) == ["The provider did not answer"]
    assert desk.state(payment) == ("paid", HALF.amount), "still set aside: it may have gone back"
    again(desk, back)
    desk.work()
    assert set(moody.asked) == {back.id}
    assert desk.state(payment) == ("partly_refunded", HALF.amount)


def test_what_was_asked_back_in_its_place_meanwhile_stays(desk: Desk) -> None:
    payment, back, _ = asked_back(desk, "no_balance")
    with desk.database.unit() as unit:
        refund(unit, SELLER, payment.id, PRICE, Reason.GOODWILL, "all of it")
    with pytest.raises(NotRefundable):
        again(desk, back)
