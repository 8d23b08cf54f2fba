"""Shipments: what a seller sees and moves, pieces that are still to come, late parcels, and lost ones."""

from datetime import timedelta

from forecourt.sweeps import sweep_deadlines
from parts_catalog.shop.carriers import Parcel, SimulatedCarrier
from parts_catalog.shop.shipments import track_parcels
from parts_catalog.stock import receive
from parts_catalog.warehouse.deliveries import expect_delivery
from tests.parts_catalog.shop.market import FAR, NEAR, WAREHOUSE, Market


def test_a_seller_sees_what_packing_needs_and_no_other_house_sees_it(market: Market) -> None:
    order = market.paid(pad=1)
    [seen] = market.get("seller", "shipments")["items"]
    assert seen["delivery"] == {"kind": "address", "name": "Li Wei", "phone": "1", "address": "Century Avenue 1"}
    assert "payment" not in seen
    for method, path in (("GET", ""), ("POST", "/pick")):
        assert market.ask("workshop", method, f"shipments/{seen['id']}{path}").status_code == 404
    assert market.ask("seller", "GET", f"orders/{order['id']}").status_code == 404


def test_moves_go_in_their_order_and_a_refused_one_changes_nothing(market: Market) -> None:
    market.paid(pad=1)
    [seen] = market.get("seller", "shipments")["items"]
    for move in ("pack", "ship", "deliver", "lose"):
        said = market.post("seller", f"shipments/{seen['id']}/{move}", None, 409)
        assert said["code"] == "move_blocked"
    market.move(seen["id"], "pick", "pack")
    assert market.post("seller", f"shipments/{seen['id']}/deliver", None, 409)["state"] == "packed"
    shipped = market.post("seller", f"shipments/{seen['id']}/ship", None, 200, key="k")
    assert market.post("seller", f"shipments/{seen['id']}/ship", None, 200, key="k") == shipped
    with market.database.unit() as unit:
        [row] = unit.rows("SELECT on_hand FROM stock WHERE part = 'pad' AND location = %(at)s", {"at": NEAR})
    assert row.on_hand == 3


def test_more_than_one_place_has_is_sent_from_two_and_completed_by_the_last(market: Market) -> None:
    order = market.paid(pad=12)
    assert {one["location"] for one in order["shipments"]} == {NEAR, FAR}
    assert sum(line["quantity"] for one in order["shipments"] for line in one["lines"]) == 12
    first, second = (one["id"] for one in order["shipments"])
    market.move(first, "pick", "pack", "ship", "deliver")
    assert market.get("owner", f"orders/{order['id']}")["state"] == "paid"
    market.move(second, "pick", "pack", "ship", "deliver")
    assert market.get("owner", f"orders/{order['id']}")["state"] == "completed"
    assert market.books_are_right()


def test_pieces_that_are_still_to_come_are_waited_for_on_demand(market: Market) -> None:
    day = (market.clock.now() + timedelta(days=3)).date()
    with market.database.unit() as unit:
        expect_delivery(unit, WAREHOUSE, "Supplier", ("disc", NEAR), 5, day)
    refused = market.post("owner", "carts", {"lines": [{"part": "disc", "quantity": 14}]}, 409)
    assert refused["lines"] == [{"part": "disc", "wanted": 14, "available": 12}]
    line = {"part": "disc", "quantity": 14, "back_order": True}
    cart = market.post("owner", "carts", {"lines": [line]})
    assert [cart["lines"][0][name] for name in ("held", "waiting", "expected")] == [12, 2, day.isoformat()]
    order = market.order(cart["id"])
    assert order["promised_on"] == (day + timedelta(days=1)).isoformat()
    market.pay(order)
    near = next(one["id"] for one in order["shipments"] if one["location"] == NEAR)
    assert market.post("seller", f"shipments/{near}/pick", None, 409)["code"] == "pieces_awaited"
    with market.database.unit() as unit:
        receive(unit, WAREHOUSE, "disc", NEAR, 5)
    assert sum(market.held(order["id"]).values()) == 14
    market.move(near, "pick", "pack", "ship")
    assert market.books_are_right()


def test_a_late_parcel_is_flagged_and_told_once(market: Market) -> None:
    order = market.paid(pad=1)
    [seen] = order["shipments"]
    market.move(seen["id"], "pick", "pack", "ship")
    carrier = SimulatedCarrier(delay=lambda _: timedelta(days=4))
    with market.database.unit() as unit:
        number = carrier.book(Parcel(seen["id"], 1), unit.now())
        unit.rows("UPDATE shipments SET tracking_number = %(number)s", {"number": number})
    market.clock.advance(timedelta(days=2))
    for _ in range(2):
        sweep_deadlines(market.database)
    assert market.get("owner", f"orders/{order['id']}")["shipments"][0]["late"] is True
    assert market.events(order["id"]).count("shipment_late") == 1
    [message] = market.get("owner", "messages")["items"]
    assert message["kind"] == "parcel_late"
    assert order["promised_on"] in message["text_en"]
    market.clock.advance(timedelta(days=4))
    assert track_parcels(market.database, carrier) == 1
    assert market.get("owner", f"orders/{order['id']}")["state"] == "completed"


def test_a_lost_parcel_is_refunded_and_never_twice(market: Market) -> None:
    order = market.paid(pad=12)
    first, second = (one["id"] for one in order["shipments"])
    pieces = {one["id"]: one["lines"][0]["quantity"] for one in order["shipments"]}
    market.move(first, "pick", "pack", "ship", "lose")
    market.move(second, "pick", "pack", "ship", "deliver")
    with market.database.unit() as unit:
        [refund] = unit.rows("SELECT amount, reason FROM refunds")
        [line] = unit.rows("SELECT returned FROM order_lines")
    assert (refund.amount, refund.reason) == (pieces[first] * 11_300, "not_delivered")
    assert line.returned == pieces[first]
    assert market.get("owner", f"orders/{order['id']}")["state"] == "partly_returned"
