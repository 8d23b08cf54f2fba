"""Returns: what can go back, who decides, what becomes of every piece, and what is paid back for it."""

from datetime import timedelta
from typing import Any

import pytest

from forecourt.paying import PAYABLES
from foundation.database import new_id
from foundation.money import Money
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.payments.states import Verdict
from tests.parts_catalog.shop.market import NEAR, Market


def delivered(market: Market, **lines: int) -> dict[str, Any]:
    """Give an order whose parcels have all arrived."""
    order = market.paid(**lines)
    for parcel in order["shipments"]:
        market.move(parcel["id"], "pick", "pack", "ship", "deliver")
    return market.get("owner", f"orders/{order['id']}")


def ask(
    market: Market, order: str, status: int = 201, reason: str | None = "not_needed", **more: Any
) -> dict[str, Any]:
    lines = more.pop("lines", [{"number": 1, "quantity": 1}])
    return market.post("owner", "returns", {"order": order, "lines": lines, "reason": reason, **more}, status)


def step(market: Market, one: str, *names: str, who: str = "seller") -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in names:
        said = market.post(who, f"returns/{one}/{name}", None, 200)
    return said


def judge(market: Market, one: str, status: int = 200, answer: str = "", **pieces: int) -> dict[str, Any]:
    body = {"lines": [{"number": 1, **pieces}], "answer": answer}
    return market.post("seller", f"returns/{one}/inspect", body, status)


def on_hand(market: Market, part: str) -> int:
    with market.database.unit() as unit:
        return int(unit.rows("SELECT sum(on_hand) AS there FROM stock WHERE part = %(p)s", {"p": part})[0].there)


def money_is_back(market: Market, order: dict[str, Any]) -> Verdict:
    """Let the provider say that the last refund of an order was made."""
    with market.database.unit() as unit:
        row = unit.rows("SELECT id, amount FROM refunds ORDER BY asked_at DESC, id LIMIT 1")[0]
        owed = Money(row.amount, order["gross"]["currency"])
        notice = Notice(new_id("ntc"), Fact(Told.REFUNDED, order["payment"]["id"], owed, "1", row.id))
        return accept(unit, PAYABLES, "sandbox", notice)


def test_pieces_go_back_to_the_shelf_and_their_price_to_the_buyer(market: Market) -> None:
    order = delivered(market, pad=4)
    one = ask(market, order["id"], lines=[{"number": 1, "quantity": 3}], words="too many")
    assert (one["state"], one["steps"], one["reason_zh"]) == ("asked", ["withdraw"], "不需要了")
    assert market.get("seller", f"returns/{one['id']}")["steps"] == ["approve", "refuse"]
    before = on_hand(market, "pad")
    step(market, one["id"], "approve", "receive")
    said = judge(market, one["id"], restock=2, scrap=1)
    assert (said["state"], said["refund"]) == ("inspected", {"amount": 3 * 11_300, "currency": "CNY"})
    assert on_hand(market, "pad") == before + 2
    assert money_is_back(market, order) is Verdict.ACTED
    assert market.get("owner", f"returns/{one['id']}")["state"] == "refunded"
    assert market.get("owner", f"orders/{order['id']}")["state"] == "partly_returned"
    assert market.events(order["id"])[-8:] == [
        "return_asked",
        "return_approved",
        "return_received",
        "refund_asked",
        "return_inspected",
        "pieces_returned",
        "refund_done",
        "return_refunded",
    ]
    rest = ask(market, order["id"])
    step(market, rest["id"], "approve", "receive")
    judge(market, rest["id"], restock=1)
    assert market.get("owner", f"orders/{order['id']}")["state"] == "returned"
    assert market.books_are_right()


def test_no_more_goes_back_than_came_and_was_not_returned(market: Market) -> None:
    order = market.paid(pad=2)
    assert ask(market, order["id"], 409)["lines"] == [{"number": 1, "wanted": 1, "returnable": 0}]
    market.move(order["shipments"][0]["id"], "pick", "pack", "ship", "deliver")
    assert ask(market, order["id"], 404, lines=[{"number": 2, "quantity": 1}])["code"] == "not_found"
    first = ask(market, order["id"], lines=[{"number": 1, "quantity": 2}])
    assert ask(market, order["id"], 409)["lines"][0]["returnable"] == 0
    step(market, first["id"], "withdraw", who="owner")
    assert market.get("owner", f"orders/{order['id']}/returnable")["items"][0]["pieces"] == 2
    with market.database.unit() as unit:
        unit.rows("UPDATE shipments SET delivered_at = %(then)s", {"then": unit.now() - timedelta(days=31)})
    assert ask(market, order["id"], 409)["code"] == "not_returnable"
    assert ask(market, order["id"], reason="defective")["state"] == "asked"


def test_each_side_takes_its_own_steps_and_others_see_nothing(market: Market) -> None:
    order = delivered(market, pad=2)
    one = ask(market, order["id"])["id"]
    for name in ("approve", "refuse", "receive"):
        assert market.ask("owner", "POST", f"returns/{one}/{name}").status_code == 403
        assert market.ask("workshop", "POST", f"returns/{one}/{name}").status_code == 404
    assert market.ask("seller", "POST", f"returns/{one}/withdraw").status_code in {403, 404}
    assert market.ask("stranger", "GET", f"returns/{one}").status_code == 404
    assert market.post("seller", f"returns/{one}/refuse", None, 422)["code"] == "invalid"
    said = market.post("seller", f"returns/{one}/refuse", {"answer": "worn"}, 200)
    assert (said["state"], said["answer"], said["steps"]) == ("refused", "worn", [])
    assert market.post("seller", f"returns/{one}/approve", None, 409)["code"] == "move_blocked"


@pytest.mark.parametrize("pieces", [{}, {"restock": 1}, {"restock": 2, "scrap": 1}, {"reject": 2}])
def test_every_piece_is_judged_once_and_what_is_not_taken_back_has_a_word(
    market: Market, pieces: dict[str, int]
) -> None:
    order = delivered(market, pad=2)
    one = ask(market, order["id"], lines=[{"number": 1, "quantity": 2}])["id"]
    assert judge(market, one, 409, restock=2)["code"] == "move_blocked"
    step(market, one, "approve", "receive")
    judge(market, one, 422, **pieces)
    said = judge(market, one, answer="used", reject=2)
    assert (said["state"], said["refund"]["amount"]) == ("closed", 0)
    assert market.get("owner", f"orders/{order['id']}")["state"] == "completed"
    assert ask(market, order["id"], 409)["lines"][0]["returnable"] == 0


def test_a_repeated_inspection_pays_once(market: Market) -> None:
    order = delivered(market, pad=12)
    one = ask(market, order["id"], lines=[{"number": 1, "quantity": 12}])["id"]
    step(market, one, "approve", "receive")
    body = {"lines": [{"number": 1, "restock": 12}]}
    first = market.post("seller", f"returns/{one}/inspect", body, 200, key="k")
    assert market.post("seller", f"returns/{one}/inspect", body, 200, key="k") == first
    assert market.post("seller", f"returns/{one}/inspect", body, 409)["code"] == "move_blocked"
    with market.database.unit() as unit:
        [row] = unit.rows("SELECT count(*) AS n, sum(amount) AS paid FROM refunds")
        back = unit.rows("SELECT location, on_hand FROM stock WHERE part = 'pad' ORDER BY location")
    assert (row.n, row.paid) == (1, order["gross"]["amount"])
    assert {one.location: one.on_hand for one in back}[NEAR] == 4
    assert market.books_are_right()


def test_a_refund_that_is_refused_is_asked_for_again_by_the_seller(market: Market) -> None:
    order = delivered(market, pad=1)
    one = ask(market, order["id"])
    step(market, one["id"], "approve", "receive")
    judge(market, one["id"], restock=1)
    with market.database.unit() as unit:
        row = unit.rows("SELECT id FROM refunds", {})[0]
        no = Fact(Told.REFUND_FAILED, order["payment"]["id"], refund=row.id)
        assert accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), no)) is Verdict.ACTED
    assert [it["why"] for it in market.get("seller", "refunds")["items"]] == ["closed"]
    market.post("owner", f"refunds/{row.id}/again", None, 403)
    market.post("seller", f"refunds/{row.id}/again", None, 200)
    with market.database.unit() as unit:
        done = Fact(Told.REFUNDED, order["payment"]["id"], Money(11_300, "CNY"), "1", f"{row.id}-1")
        assert accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), done)) is Verdict.ACTED
    assert market.get("owner", f"returns/{one['id']}")["state"] == "refunded"
