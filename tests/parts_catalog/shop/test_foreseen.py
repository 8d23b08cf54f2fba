"""What is foreseen of an order is what it then promises and charges, and foreseeing it takes nothing."""

import pytest

from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import HOLD
from parts_catalog.shop.ordering import Delivery, Wish, foresee, place
from parts_catalog.shop.views import order_view
from parts_catalog.stock import OutOfStock
from tests.parts_catalog.shop.market import FAR, NEAR, SHELF, Market

ADDRESS = Delivery("Li Wei", "1", "Century Avenue 1", "CN-BJ")
HERE = Delivery("Li Wei", "1", location=SHELF)


@pytest.mark.parametrize("delivery", [ADDRESS, HERE], ids=["address", "pickup"])
def test_an_order_is_as_it_was_foreseen(market: Market, delivery: Delivery) -> None:
    owner, cart = market.people["owner"], market.cart(pad=6, disc=2)["id"]
    before = market.held(cart)
    with market.database.unit() as unit:
        seen = foresee(unit, owner, SimulatedCarrier(), cart, delivery)
    assert market.held(cart) == before
    with market.database.unit() as unit:
        order = place(unit, owner, SimulatedCarrier(), Wish(cart, delivery, "sandbox", seen.quote.digest))
        view = order_view(unit, owner, order)
    assert view["promised_on"] == seen.promised_on.isoformat()
    assert len(view["shipments"]) == seen.parcels
    assert view["gross"] == seen.quote.gross.to_json()
    assert {one["location"] for one in view["shipments"]} <= {NEAR, FAR}


def test_what_ran_out_cannot_be_foreseen(market: Market) -> None:
    cart = market.cart(pad=14)["id"]
    market.clock.advance(HOLD)
    market.cart("stranger", pad=1)
    with market.database.unit() as unit, pytest.raises(OutOfStock):
        foresee(unit, market.people["owner"], SimulatedCarrier(), cart, ADDRESS)
