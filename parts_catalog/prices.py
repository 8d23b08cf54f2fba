"""Prices: what a part costs whom, and what a whole order costs; net, with the tax that a buyer pays on top."""

from collections.abc import Sequence

from foundation.database import UnitOfWork
from foundation.money import Money
from parts_catalog.parts import Price
from parts_catalog.pricing.finding import BASE_LIST, find_prices, quote
from parts_catalog.pricing.quotes import (
    Applied,
    Buyer,
    Channel,
    CodeRefusal,
    NoPrice,
    PriceChanged,
    Quote,
    QuoteLine,
    Wanted,
    agree,
    portion,
)
from parts_catalog.pricing.redeeming import PromotionUsedUp, give_back, redeem

__all__ = [
    "BASE_LIST",
    "CHINESE_VAT",
    "Applied",
    "Buyer",
    "Channel",
    "CodeRefusal",
    "NoPrice",
    "PriceChanged",
    "PromotionUsedUp",
    "Quote",
    "QuoteLine",
    "Wanted",
    "agree",
    "give_back",
    "portion",
    "price_of",
    "quote",
    "redeem",
]

CHINESE_VAT = 1300  # basis points; the standard rate on goods since 2019-04-01


def price_of(
    unit: UnitOfWork, wanted: Sequence[str], currency: str = "CNY", buyer: Buyer | None = None
) -> dict[str, Price]:
    """Give the prices of one piece of parts, by id, from the buyer's lists where he is known, else the base list.

    A part without a price in this currency is left out. Promotions are told by a quote, for they depend on all of it.
    """
    if buyer is not None:
        found = find_prices(unit, [Wanted(part, 1) for part in dict.fromkeys(wanted)], buyer, unit.now(), currency)
        return {one.part: Price(one.part, Money(one.unit_net, currency), one.tax_basis_points) for one in found}
    rows = unit.rows(_PRICES, {"list": BASE_LIST, "parts": list(wanted), "currency": currency})
    return {row.part: Price(row.part, Money(row.net_amount, row.currency), row.tax_basis_points) for row in rows}


_PRICES = """
    SELECT part, net_amount, currency, tax_basis_points FROM prices
    WHERE price_list = %(list)s AND part = ANY(%(parts)s::text[]) AND currency = %(currency)s
"""
