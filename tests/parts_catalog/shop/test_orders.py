"""Orders: pieces before money, the price that was shown, and what becomes of what is not paid."""

from datetime import timedelta

from forecourt.sweeps import sweep_deadlines
from parts_catalog.payments.port import Told
from parts_catalog.payments.states import Verdict
from parts_catalog.shop import bought
from tests.parts_catalog.shop.market import FAMILY, FAR, NEAR, SHELF, Market


def test_the_whole_way_from_cart_to_delivery_is_told_in_order(market: Market) -> None:
    order = market.order(market.cart(pad=2, disc=1)["id"])
    assert (order["state"], order["gross"]["amount"]) == ("awaiting_payment", 50_851)
    assert market.held(order["id"]) == {("pad", NEAR): 2, ("disc", NEAR): 1}
    assert order["promised_on"] == "2026-11-24"  # ordered at noon, from the same town
    assert market.get("seller", "shipments")["items"] == []
    assert market.pay(order) is Verdict.ACTED
    [shipment] = market.get("seller", "shipments")["items"]
    assert (shipment["state"], shipment["moves"]) == ("to_pick", ["pick"])
    market.move(shipment["id"], "pick", "pack", "ship")
    assert market.held(order["id"]) == {}
    market.clock.advance(timedelta(hours=24))
    sweep_deadlines(market.database)  # the carrier says that it has arrived
    done = market.get("owner", f"orders/{order['id']}")
    assert (done["state"], done["shipments"][0]["state"]) == ("completed", "delivered")
    assert done["shipments"][0]["tracking_number"].startswith("SIM-")
    assert market.events(order["id"]) == [
        "order_placed", "order_paid", "shipment_picked", "shipment_packed", "shipment_shipped",
        "shipment_delivered", "order_completed",
    ]  # fmt: skip
    assert market.books_are_right()
    with market.database.unit() as unit:
        assert bought(unit, FAMILY, "pad")
        assert not bought(unit, FAMILY, "belt")


def test_the_price_that_was_shown_is_charged_or_the_change_is_shown(market: Market) -> None:
    cart = market.cart(pad=1)
    with market.database.unit() as unit:
        unit.rows("UPDATE prices SET net_amount = 12000 WHERE part = 'pad'")
    for prices in ({"prices": cart["quote"]["digest"]}, {}):
        said = market.order(cart["id"], status=409, **prices)
        assert said["code"] == "price_changed"
        assert (said["seen"]["gross"]["amount"], said["now"]["gross"]["amount"]) == (11_300, 13_560)
    assert market.get("owner", f"carts/{cart['id']}")["quote"]["gross"]["amount"] == 13_560
    assert market.order(cart["id"])["gross"]["amount"] == 13_560


def test_what_nobody_pays_is_free_again_and_a_late_payment_goes_back(market: Market) -> None:
    order = market.order(market.cart(pad=2)["id"])
    market.clock.advance(timedelta(minutes=30))
    assert market.get("owner", f"orders/{order['id']}")["state"] == "expired"
    assert market.pay(order) is Verdict.ACTED  # before the sweep has come
    sweep_deadlines(market.database)
    assert market.get("owner", f"orders/{order['id']}")["state"] == "expired"
    assert market.held(order["id"]) == {}
    assert market.events(order["id"]) == ["order_placed", "payment_late", "refund_asked", "order_expired"]
    assert market.books_are_right()


def test_a_payment_that_fails_may_be_tried_again(market: Market) -> None:
    order = market.order(market.cart(pad=2)["id"])
    assert market.pay(order, Told.FAILED) is Verdict.ACTED
    again = market.post("owner", f"orders/{order['id']}/payments", {"provider": "sandbox"})
    assert again["payment"]["id"] != order["payment"]["id"]
    assert market.pay(again) is Verdict.ACTED
    assert market.pay(order) is Verdict.ACTED  # the first one after all: that money goes back
    assert market.get("owner", f"orders/{order['id']}")["state"] == "paid"
    assert market.events(order["id"])[-3:] == ["order_paid", "payment_late", "refund_asked"]


def test_a_cart_becomes_one_order_whatever_is_repeated(market: Market) -> None:
    cart = market.cart(pad=2)["id"]
    body = {"cart": cart, "delivery": {"kind": "pickup", "name": "L", "phone": "1", "location": SHELF}}
    body["payment"] = {"provider": "sandbox"}
    first = market.post("owner", "orders", body, key="k")
    assert market.post("owner", "orders", body, key="k") == first
    assert market.post("owner", "orders", body, 409)["code"] == "conflict"
    assert market.post("owner", "orders", {**body, "prices": "x"}, 422, key="k")["code"] == "idempotency_key_reused"
    assert market.post("stranger", "orders", body, 404)["code"] == "not_found"
    assert market.ask("stranger", "GET", f"orders/{first['id']}").status_code == 404


def test_what_had_run_out_in_the_cart_is_taken_anew_from_where_there_is_some(market: Market) -> None:
    cart = market.cart(pad=4)["id"]
    market.clock.advance(timedelta(minutes=16))
    taken = market.order(market.cart("stranger", pad=3)["id"], "stranger")
    assert set(market.held(taken["id"])) == {("pad", NEAR)}
    order = market.order(cart)
    assert market.held(order["id"]) == {("pad", FAR): 4}
    assert order["promised_on"] == "2026-11-26"  # from Beijing
    assert market.books_are_right()


def test_a_workshop_collects_where_it_lies_and_nobody_carries_it(market: Market) -> None:
    with market.database.unit() as unit:
        unit.rows("UPDATE locations SET ships = true WHERE id = %(id)s", {"id": SHELF})
    pickup = {"kind": "pickup", "name": "Garage", "phone": "1", "location": SHELF}
    order = market.order(market.cart("workshop", belt=1)["id"], "workshop", delivery=pickup)
    market.pay(order)
    [shipment] = market.get("workshop", "shipments")["items"]
    assert shipment["carrier"] is None
    packed = market.move(shipment["id"], "pick", "pack", who="workshop")
    assert packed["moves"] == ["deliver"]
    assert market.move(shipment["id"], "deliver", who="workshop")["state"] == "delivered"
    assert market.get("workshop", f"orders/{order['id']}")["state"] == "completed"
    with market.database.unit() as unit:
        [row] = unit.rows("SELECT on_hand, reserved FROM stock WHERE part = 'belt'")
    assert (row.on_hand, row.reserved) == (2, 0)


def test_a_cancelled_order_frees_pieces_and_gives_money_back_until_it_is_under_way(market: Market) -> None:
    order = market.paid(pad=2)
    assert market.post("owner", f"orders/{order['id']}/cancel", None, 200)["state"] == "cancelled"
    assert market.post("owner", f"orders/{order['id']}/cancel", None, 200)["state"] == "cancelled"
    assert market.held(order["id"]) == {}
    assert market.events(order["id"])[-2:] == ["order_cancelled", "refund_asked"]
    other = market.paid(pad=1)
    [shipment] = [one for one in market.get("seller", "shipments")["items"] if one["order"] == other["id"]]
    market.move(shipment["id"], "pick", "pack", "ship")
    assert market.post("owner", f"orders/{other['id']}/cancel", None, 409)["code"] == "conflict"
    assert market.books_are_right()


def test_lists_go_by_pages_and_show_one_house_its_own(market: Market) -> None:
    mine = [market.order(market.cart(pad=1)["id"])["id"] for _ in range(3)]
    first = market.get("owner", "orders?limit=2")
    rest = market.get("owner", f"orders?limit=2&cursor={first['next']}")
    assert {one["id"] for one in first["items"] + rest["items"]} == set(mine)
    assert rest["next"] is None
    assert market.get("stranger", "orders")["items"] == []
    assert len(market.get("owner", "carts?state=ordered")["items"]) == 3
    assert market.ask("owner", "GET", "shipments").status_code == 403
