"""Prices: what a part costs whom, and what a whole order costs; net, with the tax that a buyer pays on top."""

from collections.abc import Collection, Sequence

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
    Priced,
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
    "own_prices",
    "portion",
    "price_of",
    "quote",
    "redeem",
]

CHINESE_VAT = 1300  # basis points; the standard rate on goods since 2019-04-01


def price_of(
    unit: UnitOfWork,
    wanted: Sequence[str],
    currency: str = "CNY",
    buyer: Buyer | None = None,
    seller: str | None = None,
) -> dict[str, Price]:
    """Give the prices of one piece of parts, by id: from the buyer's lists where he is known, else the base list.

    Without a seller the lists are those of the house whose base price it is. A part without a price in this currency is
    left out. Promotions are told by a quote, for they depend on all of it.
    """
    if buyer is not None:
        lines = [Wanted(part, 1, seller) for part in dict.fromkeys(wanted)]
        return {one.part: _price(one, currency) for one in find_prices(unit, lines, buyer, unit.now(), currency)}
    rows = unit.rows(_PRICES, {"list": BASE_LIST, "parts": list(wanted), "currency": currency})
    return {row.part: Price(row.part, Money(row.net_amount, row.currency), row.tax_basis_points) for row in rows}


def own_prices(
    unit: UnitOfWork, wanted: Sequence[str], sellers: Collection[str], buyer: Buyer, currency: str
) -> dict[str, dict[str, Price]]:
    """Give the prices of one piece by those of the sellers who have lists in this currency, by seller and part.

    Whoever is not among them sells at the base list's prices.
    """
    asked = {"sellers": sorted(sellers), "currency": currency}
    listing = [row.organisation for row in unit.rows(_LISTING, asked)]
    lines = [Wanted(part, 1, seller) for seller in listing for part in dict.fromkeys(wanted)]
    found: dict[str, dict[str, Price]] = {}
    for one in find_prices(unit, lines, buyer, unit.now(), currency) if lines else ():
        found.setdefault(one.seller, {})[one.part] = _price(one, currency)
    return found


def _price(found: Priced, currency: str) -> Price:
    return Price(found.part, Money(found.unit_net, currency), found.tax_basis_points)


_LISTING = """
    SELECT DISTINCT organisation FROM price_lists
    WHERE organisation = ANY(%(sellers)s::text[]) AND state = 'active' AND currency = %(currency)s ORDER BY organisation
"""
_PRICES = """
    SELECT part, net_amount, currency, tax_basis_points FROM prices
    WHERE price_list = %(list)s AND part = ANY(%(parts)s::text[]) AND currency = %(currency)s
"""
