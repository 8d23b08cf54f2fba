"""What lines cost a buyer: his list, promotions, tax, and the digest that an order agrees to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from foundation.database import Database, UnitOfWork
from foundation.money import Money
from foundation.refusals import Invalid
from parts_catalog import prices
from parts_catalog.prices import Buyer, Channel, Quote, Wanted
from parts_catalog.tables import price_lists
from tests.conftest import NOON
from tests.parts_catalog.pricing.scene import SELLER, add_base, add_group, add_list, add_promotion
from tests.parts_catalog.rows import add_brand, add_part

BUYER = Buyer("org_buyer")
HOUR = timedelta(hours=1)


@pytest.fixture
def shop(database: Database) -> Database:
    with database.unit() as unit:
        add_brand(unit)
        add_brand(unit, "Velmora", 2)
        for part, net in (("belt", 1999), ("pump", 33_333), ("lamp", 105)):
            add_part(unit, part, part_type=part, brand="Velmora" if part == "lamp" else "Testmark")
            add_base(unit, part, net)
    return database


def quote(unit: UnitOfWork, buyer: Buyer = BUYER, **pieces: int) -> Quote:
    return prices.quote(unit, [Wanted(*one) for one in pieces.items()], buyer, unit.now())


def nets(found: Quote) -> dict[str, int]:
    return {line.part: line.unit_net.amount for line in found.lines}


def test_without_lists_the_base_list_is_paid_with_tax_per_line(shop: Database) -> None:
    with shop.unit() as unit:
        found = quote(unit, pump=3, belt=1)
    belt, pump = found.lines
    assert (belt.seller, belt.price_list, belt.net.amount, belt.tax.amount) == (SELLER, "base", 1999, 260)
    assert (pump.list_net.amount, pump.tax.amount, pump.gross.amount) == (99_999, 13_000, 112_999)
    assert found.gross == Money(112_999 + 2259, "CNY")


@pytest.mark.parametrize(
    ("conditions", "buyer", "pays"),
    [
        ({}, BUYER, True),
        ({"channel": "web"}, BUYER, True),
        ({"channel": "b2b"}, BUYER, False),
        ({"region": "CN-SH"}, BUYER, False),
        ({"region": "CN-SH"}, replace(BUYER, region="CN-SH"), True),
        ({"currency": "EUR"}, BUYER, False),
        ({"state": "ended"}, BUYER, False),
        ({"organisation": "org_other"}, BUYER, False),
        ({"valid_from": NOON, "valid_until": NOON + HOUR}, BUYER, True),
        ({"valid_from": NOON - HOUR, "valid_until": NOON}, BUYER, False),
        ({"valid_from": NOON + HOUR}, BUYER, False),
    ],
)
def test_a_list_is_for_whom_its_conditions_fit(
    shop: Database, conditions: dict[str, Any], buyer: Buyer, pays: bool
) -> None:
    with shop.unit() as unit:
        made = add_list(unit, {"belt": 1500}, **conditions)
        (line,) = quote(unit, buyer, belt=1).lines
        assert (line.unit_net.amount, line.price_list) == ((1500, made) if pays else (1999, "base"))


def test_the_priority_chooses_among_lists_then_the_conditions(shop: Database) -> None:
    with shop.unit() as unit:
        group = add_group(unit, "org_buyer")
        add_list(unit, {"belt": 1700, "pump": 30_000})
        add_list(unit, {"belt": 1600}, channel="web", customer_group=group)
        assert nets(quote(unit, belt=1, pump=1)) == {"belt": 1600, "pump": 30_000}
        assert nets(quote(unit, Buyer("org_other"), belt=1)) == {"belt": 1700}
        add_list(unit, {"belt": 1800}, priority=1)
        assert nets(quote(unit, belt=1)) == {"belt": 1800}
        assert prices.price_of(unit, ["belt"], buyer=BUYER)["belt"].net.amount == 1800
        assert prices.price_of(unit, ["belt"])["belt"].net.amount == 1999


def test_many_pieces_have_the_price_of_their_tier(shop: Database) -> None:
    with shop.unit() as unit:
        add_list(unit, {"belt": 1500}, {("belt", 10): 1200})
        assert nets(quote(unit, belt=9)) == {"belt": 1500}
        twice = prices.quote(unit, [Wanted("belt", 9), Wanted("belt", 1, SELLER)], BUYER, unit.now())
        assert [(line.quantity, line.unit_net.amount) for line in twice.lines] == [(10, 1200)]


def test_each_seller_has_lists_and_promotions_of_his_own(shop: Database) -> None:
    with shop.unit() as unit:
        add_list(unit, {"belt": 1400}, organisation="org_other")
        add_promotion(unit, value=5000)
        both = prices.quote(unit, [Wanted("belt", 1), Wanted("belt", 1, "org_other")], BUYER, unit.now())
        assert [(one.seller, one.list_net.amount, one.net.amount) for one in both.lines] == [
            ("org_other", 1400, 1400),
            (SELLER, 1999, 999),  # half of it is 999.5, rounded up, off
        ]


def test_an_amount_is_spread_over_its_lines_to_the_last_unit(shop: Database) -> None:
    with shop.unit() as unit:
        taken = add_promotion(unit, kind="amount", value=1000, currency="CNY")
        found = quote(unit, belt=1, lamp=1, pump=1)
        off = {line.part: line.list_net.amount - line.net.amount for line in found.lines}
        assert off == {"belt": 56, "lamp": 3, "pump": 941}
        assert [(one.promotion, one.amount.amount) for one in found.promotions] == [(taken, 1000)]
        add_promotion(unit, kind="amount", value=500, currency="CNY", target="brand", target_value="Velmora")
        assert next(line for line in quote(unit, belt=1, lamp=1).lines if line.part == "lamp").gross.amount == 0


def test_combining_promotions_follow_one_another_unless_one_alone_takes_more(shop: Database) -> None:
    with shop.unit() as unit:
        add_promotion(unit, value=1000, priority=2)
        add_promotion(unit, value=1000, target="part_type", target_value="pump")
        assert quote(unit, pump=1).net.amount == 33_333 - 3333 - 3000
        alone = add_promotion(unit, value=2500, combinable=False, code="QUARTER")
        assert quote(unit, pump=1).net.amount == 27_000
        with_code = quote(unit, replace(BUYER, codes=(" quarter ",)), pump=1)
        assert ([one.promotion for one in with_code.promotions], with_code.net.amount) == ([alone], 25_000)
        assert with_code.refused_codes == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"code": "OTHER"}, "unknown"),
        ({"valid_from": NOON + HOUR}, "not_yet"),
        ({"valid_until": NOON}, "over"),
        ({"state": "ended"}, "over"),
        ({"channel": "counter"}, "not_for_you"),
        ({"limit_total": 2, "used": 2}, "used_up"),
        ({"kind": "amount", "value": 5, "currency": "EUR"}, "not_for_these_parts"),
        ({"target": "brand", "target_value": "Velmora"}, "not_for_these_parts"),
        ({"combinable": False, "value": 1}, "beaten"),
    ],
)
def test_a_code_that_takes_nothing_off_says_why(shop: Database, given: dict[str, Any], reason: str) -> None:
    with shop.unit() as unit:
        add_promotion(unit, value=500)
        add_promotion(unit, **{"code": "AUTUMN", **given})
        found = quote(unit, replace(BUYER, codes=("autumn",)), belt=1)
        assert found.refused_codes == (("AUTUMN", reason),)
        assert found.net.amount == 1899


def test_a_promotion_for_a_group_is_for_its_buyers(shop: Database) -> None:
    with shop.unit() as unit:
        add_promotion(unit, customer_group=add_group(unit, "org_buyer"))
        assert quote(unit, belt=1).net.amount == 1799
        assert quote(unit, Buyer("org_other"), belt=1).net.amount == 1999


def test_the_digest_is_of_what_is_paid(shop: Database) -> None:
    with shop.unit() as unit:
        before = quote(unit, belt=1, pump=2)
        again = prices.quote(unit, [Wanted("pump", 2), Wanted("belt", 1)], BUYER, unit.now() + HOUR)
        assert again.digest == before.digest
        same = add_list(unit, {"belt": 1999})
        assert quote(unit, belt=1, pump=2).digest == before.digest
        prices.agree(before, again.digest)
        unit.connection.execute(price_lists.update().where(price_lists.c.id == same).values(state="ended"))
        add_list(unit, {"belt": 1998})
        now = quote(unit, belt=1, pump=2)
        with pytest.raises(prices.PriceChanged) as refused:
            prices.agree(now, before.digest, before.to_json())
        assert refused.value.extra["seen"]["lines"][0]["unit_net"] == {"amount": 1999, "currency": "CNY"}
        assert refused.value.extra["now"]["lines"][0]["unit_net"] == {"amount": 1998, "currency": "CNY"}


def test_what_is_not_for_sale_is_told_at_once(shop: Database) -> None:
    with shop.unit() as unit:
        add_part(unit, "bare")
        with pytest.raises(prices.NoPrice) as refused:
            quote(unit, belt=1, bare=1, nothing=2)
        assert refused.value.extra["parts"] == ["bare", "nothing"]
        add_list(unit, {"bare": 700}, channel=Channel.WEB)
        assert nets(prices.quote(unit, [Wanted("bare", 1, SELLER)], BUYER, unit.now())) == {"bare": 700}
        for impossible in (0, -1, 100_001):
            with pytest.raises(Invalid):
                quote(unit, belt=impossible)
        with pytest.raises(Invalid, match="at most"):
            quote(unit, pump=100_000)


@pytest.mark.parametrize(("gross", "of"), [(10_000, 3), (1, 7), (0, 2), (99_999, 4)])
def test_the_portions_of_a_line_add_up_to_it(gross: int, of: int) -> None:
    whole = Money(gross, "CNY")
    assert sum(prices.portion(whole, before, 1, of).amount for before in range(of)) == gross
    assert prices.portion(whole, 1, of - 1, of).amount == gross - prices.portion(whole, 0, 1, of).amount
    with pytest.raises(Invalid):
        prices.portion(whole, 1, of, of)
