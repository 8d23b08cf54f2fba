"""The short race of the shop: carts and cases want the same seven pieces, and seven are sold."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from forecourt.sweeps import sweep_deadlines
from foundation.clock import FixedClock
from foundation.database import Database
from ingest.archive import Archive
from tests.aftersales.client import served
from tests.application import compose
from tests.races.contest import at_once
from tests.races.market import LINE, PIECES, TO, Market, check, give_back, pay, race, ready

BUYERS, DRIVERS, ROUNDS = 24, 6, 2


@pytest.fixture
def market(database: Database, tmp_path: Path) -> Iterator[Market]:
    with served(compose(tmp_path, database, Archive(tmp_path), "served")) as base:
        market = ready(database, base, tmp_path, BUYERS, DRIVERS)
        yield market
        market.close()


def test_seven_are_sold_to_carts_and_cases_and_time_frees_the_rest(market: Market, clock: FixedClock) -> None:
    for number in range(ROUNDS):
        orders, visits = race(market, number)
        assert len(orders) + len(visits) == PIECES == market.reserved()
        check(market.database)
        give_back(orders, visits)
        check(market.database)
        assert market.reserved() == 0
    carts = at_once([partial(buyer.post, "carts", LINE, "left") for buyer in market.buyers])
    kept = [one for one in zip(market.buyers, carts, strict=True) if one[1].status_code == 201]
    assert len(kept) == PIECES
    buyer, cart = kept[0]
    wish = {"cart": cart.json()["id"], "delivery": TO, "payment": {"provider": "sandbox"}}
    assert buyer.post("orders", wish).status_code == 201
    clock.advance(timedelta(minutes=16))
    sweep_deadlines(market.database)
    assert market.reserved() == 1
    clock.advance(timedelta(minutes=15))
    sweep_deadlines(market.database)
    assert market.reserved() == 0
    check(market.database)


def test_the_last_piece_goes_to_a_payment_or_to_the_next_buyer_and_never_to_both(
    market: Market, clock: FixedClock
) -> None:
    """A payment that comes as its order runs out races the sweep, and whoever waits for the piece."""
    first, second = market.buyers[:2]
    cart = first.post("carts", {"lines": [{"part": "oil_filter", "quantity": PIECES}]})
    wish = {"cart": cart.json()["id"], "delivery": TO, "payment": {"provider": "sandbox"}}
    order = first.post("orders", wish).json()
    clock.advance(timedelta(minutes=30) - timedelta(milliseconds=1))

    def expire() -> None:
        clock.advance(timedelta(milliseconds=2))
        sweep_deadlines(market.database)

    def take() -> int:
        return second.post("carts", LINE).status_code

    at_once([partial(pay, market, first, order), expire, take])
    state = first.http.get(f"/v1/orders/{order['id']}").json()["state"]
    sweep_deadlines(market.database)
    assert state in {"paid", "expired"}
    assert (second.post("carts", LINE).status_code == 201) is (state == "expired")
    check(market.database)
