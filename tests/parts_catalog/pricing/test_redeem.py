"""Promotions with limits: used as often as they may be, and not once more, whoever comes at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from foundation.database import Database, new_id
from parts_catalog import prices
from parts_catalog.prices import Buyer, CodeRefusal, PromotionUsedUp, Quote, Wanted
from parts_catalog.tables import promotion_uses, promotions
from tests.parts_catalog.pricing.scene import add_base, add_promotion
from tests.parts_catalog.rows import add_brand, add_part


@pytest.fixture
def shop(database: Database) -> Database:
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "belt")
        add_base(unit, "belt", 1000)
    return database


def used(database: Database) -> tuple[int, int]:
    standing = select(func.count()).select_from(promotion_uses).where(promotion_uses.c.given_back_at.is_(None))
    with database.unit() as unit:
        counted = unit.connection.execute(select(func.sum(promotions.c.used))).scalar_one()
        return int(counted), unit.connection.execute(standing).scalar_one()


def order(database: Database, buyer: str, code: str = "TEN") -> Quote:
    """Quote and redeem in a unit, as an order does."""
    with database.unit() as unit:
        quote = prices.quote(unit, [Wanted("belt", 1)], Buyer(buyer, codes=(code,)), unit.now())
        prices.redeem(unit, quote, f"order_{buyer}")
        return quote


def test_ten_uses_are_ten_whoever_orders_at_once(shop: Database) -> None:
    with shop.unit() as unit:
        add_promotion(unit, code="TEN", limit_total=10)
        add_promotion(unit, value=100)
        seen = prices.quote(unit, [Wanted("belt", 1)], Buyer("x", codes=("TEN",)), unit.now())

    def late(number: int) -> bool:
        # Each has seen the promotion while it was free, so that only the guard stands between them.
        with shop.unit() as unit:
            try:
                prices.redeem(unit, replace(seen, buyer=f"org_{number}"), new_id("order"))
            except PromotionUsedUp:
                return False
            return True

    with ThreadPoolExecutor(12) as pool:
        taken = list(pool.map(late, range(30)))
    assert taken.count(True) == 10
    assert used(shop) == (20, 20)
    assert order(shop, "after").refused_codes == (("TEN", CodeRefusal.USED_UP),)


def test_one_buyer_at_once_uses_his_share_and_no_more(shop: Database) -> None:
    with shop.unit() as unit:
        add_promotion(unit, code="TEN", limit_per_buyer=2)
        seen = prices.quote(unit, [Wanted("belt", 1)], Buyer("org_one", codes=("TEN",)), unit.now())

    def again(number: int) -> bool:
        try:
            with shop.unit() as unit:
                prices.redeem(unit, seen, f"order_{number}")
        except PromotionUsedUp:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(again, range(8))).count(True) == 2
    assert used(shop) == (2, 2)
    with shop.unit() as unit:
        mine = prices.quote(unit, [Wanted("belt", 1)], Buyer("org_one", codes=("TEN",)), unit.now())
        other = prices.quote(unit, [Wanted("belt", 1)], Buyer("org_two", codes=("TEN",)), unit.now())
    assert (mine.refused_codes, other.refused_codes) == ((("TEN", CodeRefusal.USED_BY_YOU),), ())


def test_an_order_that_comes_to_nothing_gives_its_use_back_once(shop: Database) -> None:
    with shop.unit() as unit:
        add_promotion(unit, code="TEN", limit_total=1)
    assert order(shop, "a").net.amount == 900
    assert order(shop, "b").net.amount == 1000
    for _ in range(2):
        with shop.unit() as unit:
            prices.give_back(unit, "order_a", "order_b")  # the second one used nothing
        assert used(shop) == (0, 0)
    assert order(shop, "c").net.amount == 900


def test_what_takes_nothing_off_is_not_used(shop: Database) -> None:
    with shop.unit() as unit:
        add_promotion(unit, code="TEN", target="brand", target_value="Other")
        add_promotion(unit, valid_from=unit.now() + timedelta(days=1))
    order(shop, "a")
    assert used(shop) == (0, 0)
