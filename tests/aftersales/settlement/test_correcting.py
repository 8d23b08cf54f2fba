"""A sheet that was too dear: the next one counts, the first stays, and what was paid too much goes back."""

from parts_catalog.payments import State
from tests.aftersales.settlement.till import Till


def lines_of(sheet: dict[str, object]) -> dict[str, dict[str, object]]:
    return {line["line"]: line for group in sheet["groups"] for line in group["lines"]}  # type: ignore[attr-defined]


def test_a_paid_sheet_is_corrected_by_the_next_one(till: Till) -> None:
    first = till.settled()
    payment = till.pay()
    till.release()
    belt = till.part("belt")["id"]
    till.street.advisor.post(f"{till.path}/settlement/corrections", {"lines": [], "reason": "x"}, 422)
    till.correct({belt: first["totals"]["net"]["amount"]}, 422)
    twice = {"lines": [{"line": belt, "net": 1}, {"line": belt, "net": 2}], "reason": "which of them?"}
    till.street.advisor.post(f"{till.path}/settlement/corrections", twice, 422)
    till.correct({"line_of_nobody": 0}, 404)
    second = till.correct({belt: 4_000}, reason="the old belt was good")
    assert (second["number"], second["corrects"]) == (f"{first['number']}/2", first["number"])
    assert second["reason"] == "the old belt was good"
    # 8,001 and its tax of 1,040 were charged; 4,000 and 520 are.
    too_much = 8_001 + 1_040 - 4_000 - 520
    assert second["totals"]["gross"]["amount"] == first["totals"]["gross"]["amount"] - too_much
    assert second["groups"][2]["totals"]["net"]["amount"] == first["groups"][2]["totals"]["net"]["amount"] - 4_001
    assert till.street.owner.get(f"{till.path}/settlement/sheets")["items"] == [first, second], "nothing is edited"
    assert till.street.owner.get(f"{till.path}/settlement") == second
    assert till.street.owner.told().count("sheet_corrected") == 1
    till.hear()
    assert (till.payment(payment).state, till.payment(payment).refunded.amount) == (State.PARTLY_REFUNDED, too_much)
    assert (till.bill["state"], till.bill["amount"]) == ("paid", second["totals"]["gross"])
    told = till.street.world.events(till.id)
    assert told[-2:] == ["refund_asked", "refund_done"]
    till.correct({belt: 4_000}, 422)
    third = till.correct(dict.fromkeys(lines_of(first), 0))
    till.hear()
    assert third["number"] == f"{first['number']}/3"
    assert third["totals"]["gross"]["amount"] == 0
    assert till.payment(payment).state is State.REFUNDED, "all of it went back, and no more"
    assert till.view["settlement"] == third["number"]


def test_what_is_not_paid_yet_is_owed_no_more(till: Till) -> None:
    till.settled()
    waiting = till.begin()["id"]
    till.decide_payment(waiting, hear=False)
    sheet = till.correct({till.part("belt")["id"]: 0})
    till.hear()
    # The old amount was paid while it was being corrected: it is not what is owed, and goes back.
    assert (till.payment(waiting).state, till.bill["state"]) == (State.REFUNDED, "open")
    assert till.bill["amount"] == sheet["totals"]["gross"]
    till.pay()
    till.release()


def test_the_desk_alone_corrects_and_only_what_was_settled(till: Till) -> None:
    till.correct({"x": 0}, 409)
    till.settled()
    body = {"lines": [{"line": till.part("belt")["id"], "net": 0}], "reason": "x"}
    till.street.technician.post(f"{till.path}/settlement/corrections", body, 403)
    till.street.owner.post(f"{till.path}/settlement/corrections", body, 403)
    till.street.storekeeper.post(f"{till.path}/settlement/corrections", body, 403)
