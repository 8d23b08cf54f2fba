"""Cash and cards at the counter: a part and the rest, a provider for the rest, too much, mistakes, and the till."""

from typing import Any

import pytest

from parts_catalog.payments import State
from tests.aftersales.settlement.test_refused import page
from tests.aftersales.settlement.till import Till

FIRST = 50_000


def take(till: Till, amount: int, receipt: str, status: int = 201, way: str = "cash") -> Any:
    return till.street.advisor.post(f"{till.path}/takings", {"way": way, "amount": amount, "receipt": receipt}, status)


def give_back(till: Till, taking: str, amount: int, receipt: str, status: int = 201) -> Any:
    return till.street.advisor.post(
        f"{till.path}/takings/{taking}/back", {"amount": amount, "receipt": receipt}, status
    )


@pytest.fixture
def owed(till: Till) -> int:
    return int(till.settled()["totals"]["gross"]["amount"])


def figures(till: Till) -> dict[str, tuple[int, int]]:
    told = till.street.advisor.get("workshops/wks_one/figures")["takings"]
    return {one["way"]: (one["taken"]["amount"], one["given_back"]["amount"]) for one in told}


def test_a_part_in_cash_and_the_rest_by_card(till: Till, owed: int) -> None:
    for voice in (till.street.owner, till.street.technician):
        voice.post(f"{till.path}/takings", {"way": "cash", "amount": 1, "receipt": "R-0"}, 403)
    take(till, owed + 1, "R-1", 409)
    bill = take(till, FIRST, "R-1")["bill"]
    assert (bill["state"], bill["rest"]["amount"]) == ("open", owed - FIRST)
    taken = bill["taken"][0]
    assert (taken["way"], taken["receipt"], taken["by"]) == ("cash", "R-1", till.street.advisor.actor.name)
    till.release(409)
    take(till, owed - FIRST, "R-1", 409, "card")  # the same receipt is not taken twice
    bill = take(till, owed - FIRST, "T-9", way="card")["bill"]
    assert (bill["state"], bill["rest"], bill["payment"]) == ("paid", None, None)
    take(till, 1, "R-2", 409)
    till.release()
    assert figures(till) == {"cash": (FIRST, 0), "card": (owed - FIRST, 0)}
    told = till.street.world.events(till.view["case"])
    assert told[-2:] == ["bill_paid_in_part", "bill_paid"]
    for actor, path in ((till.street.advisor.actor, f"/board/{till.id}"), (till.street.owner.actor, f"/{till.path}")):
        assert "T-9" in page(till, actor, path)
    assert "T-9" in page(till, till.street.owner.actor, f"/{till.path}/sheet")


def test_a_provider_takes_the_rest_and_a_payment_of_all_goes_back(till: Till, owed: int) -> None:
    late = str(till.begin()["id"])
    till.decide_payment(late, hear=False)  # of all of it, and not heard of before the cash
    take(till, FIRST, "R-1")
    till.hear()
    assert (till.payment(late).state, till.bill["state"]) == (State.REFUNDED, "open")
    rest = till.pay()
    assert (till.payment(rest).amount.amount, till.bill["state"]) == (owed - FIRST, "paid")
    give_back(till, till.bill["taken"][0]["id"], 1, "R-2", 409)  # a provider has paid the rest: nothing is too much


def test_a_correction_sends_back_by_the_provider_and_the_counter_gives_the_rest(till: Till, owed: int) -> None:
    take(till, owed - 1_000, "R-1")
    payment = till.pay()
    till.release()
    sheet = till.correct({till.part("belt")["id"]: 0})
    till.hear()
    assert till.payment(payment).refunded.amount == 1_000, "what came by the provider"
    too_much = till.bill["too_much"]["amount"]
    assert too_much == owed - sheet["totals"]["gross"]["amount"] - 1_000
    assert "too-much" in page(till, till.street.advisor.actor, f"/board/{till.id}")
    first = till.bill["taken"][0]["id"]
    give_back(till, first, too_much + 1, "R-2", 409)
    bill = give_back(till, first, too_much, "R-2")["bill"]
    assert (bill["state"], bill["too_much"]["amount"]) == ("paid", 0)
    assert figures(till) == {"cash": (owed - 1_000, too_much)}


def test_a_mistake_is_given_back_and_the_bill_is_open_again(till: Till, owed: int) -> None:
    bill = take(till, owed, "R-1")["bill"]
    give_back(till, "tak_nothing", 1, "R-2", 404)
    bill = give_back(till, bill["taken"][0]["id"], owed, "R-2")["bill"]
    assert (bill["state"], bill["rest"]["amount"], bill["paid_at"]) == ("open", owed, None)
    give_back(till, bill["taken"][1]["id"], owed, "R-3", 404)  # what was given back is no taking
    till.release(409)
    till.pay()
    till.release()


def test_what_is_corrected_to_what_was_taken_is_paid(till: Till, owed: int) -> None:
    belt = 9_041
    take(till, owed - belt, "R-1")
    till.correct({till.part("belt")["id"]: 0})
    assert (till.bill["state"], till.bill["rest"]) == ("paid", None)
    till.release()
