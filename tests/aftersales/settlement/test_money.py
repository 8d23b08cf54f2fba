"""Hypothesis pays, corrects, waits and hands over in whatever order: no money is taken twice, and none is kept."""

import contextlib
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.refusals import Conflict
from parts_catalog.payments import State
from parts_catalog.payments.states import MONEY_IS_HERE
from tests.aftersales.settlement.till import Till
from tests.aftersales.voices import Town

LETS_GO = {"paid", "on_account", "nothing_due"}
NUMBERS = count()
ACTS = st.one_of(
    st.sampled_from(("begin", "hear", "late", "release", "account")).map(lambda act: (act, 0)),
    st.tuples(st.sampled_from(("approve", "approve", "decline", "correct", "take", "take", "back")), st.integers(0, 5)),
)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=4, max_size=12))
def test_what_is_kept_is_what_is_owed(street: Town, acts: list[tuple[str, int]]) -> None:
    till = Till(street, f"car-money-{next(NUMBERS)}")
    sheets = [till.settled()]
    for act, which in acts:
        do(till, act, which, sheets)
        bill, state = till.bill, till.state
        assert bill["amount"] == sheets[-1]["totals"]["gross"]
        assert state != "released" or bill["state"] in LETS_GO
        assert till.street.owner.get(f"{till.path}/settlement/sheets")["items"] == sheets, "none was edited"
    till.hear()
    paid = [till.payment(one["id"]) for one in till.bill["payments"]]
    sent = sum(one.amount.amount - one.refunded.amount for one in paid if one.state in MONEY_IS_HERE)
    till_has = sum(one["amount"]["amount"] for one in till.bill["taken"])
    owed, rest = till.bill["amount"]["amount"], till.bill["rest"]
    assert till_has >= 0
    if till.bill["state"] == "paid":
        assert sent + till_has - till.bill["too_much"]["amount"] == owed, till.bill
    else:
        assert (sent, rest is None or rest["amount"] == max(owed - till_has, 0)) == (0, True), till.bill
    assert len([one for one in paid if one.state is State.PENDING]) <= (till.bill["state"] in {"open", "on_account"})


def do(till: Till, act: str, which: int, sheets: list[Any]) -> None:
    """Do one act, if it can be done now; an answer that is no refusal of a state fails by itself."""
    owed, payments = till.bill["state"], till.bill["payments"]
    if act == "begin":
        till.begin(201 if owed in {"open", "on_account"} else 409)
    elif act in {"approve", "decline"} and payments:
        decide(till, payments[which % len(payments)]["id"], act)
    elif act == "hear":
        till.hear()
    elif act == "late":
        till.street.world.clock.advance(timedelta(minutes=31))
        till.look_after()
    elif act == "release":
        till.release(201 if till.state == "released" or owed in LETS_GO or on_account(till) else 409)
    elif act == "account":
        till.flag(end=on_account(till))
    elif act in {"take", "back"}:
        at_the_counter(till, act, which)
    elif act == "correct":
        lines = [line for group in sheets[-1]["groups"] for line in group["lines"] if line["net"]["amount"]]
        if lines:
            line = lines[which % len(lines)]
            sheets.append(till.correct({line["line"]: line["net"]["amount"] // 2}))


def at_the_counter(till: Till, act: str, which: int) -> None:
    """Take some of what is owed, or give back some of what was taken; what cannot be is refused."""
    client, receipt = till.street.advisor._client, f"R-{next(NUMBERS)}"
    taken = [one for one in till.bill["taken"] if not one["gives_back"]]
    if act == "take":
        rest = till.bill["rest"]
        body = {"way": "cash", "amount": max(1, (rest["amount"] if rest else 9) // (which or 1)), "receipt": receipt}
        answer = client.post(f"/v1/{till.path}/takings", json=body)
        assert answer.status_code == (201 if rest and rest["amount"] else 409), answer.text
    elif taken:
        one = taken[which % len(taken)]
        body = {"amount": max(1, one["amount"]["amount"] // (which or 1)), "receipt": receipt}
        assert client.post(f"/v1/{till.path}/takings/{one['id']}/back", json=body).status_code in {201, 409}


def decide(till: Till, payment: str, decision: str) -> None:
    """Say yes or no at the provider, where something else may have been said before."""
    with contextlib.suppress(Conflict):
        till.decide_payment(payment, decision, hear=False)


def on_account(till: Till) -> bool:
    return bool(till.manager.get("workshops/wks_one/accounts")["items"])
