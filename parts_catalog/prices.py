"""Prices: net per piece from the base list, with the tax that a buyer pays on top."""

from collections.abc import Sequence

from foundation.database import UnitOfWork
from foundation.money import Money
from parts_catalog.parts import Price

BASE_LIST = "base"
CHINESE_VAT = 1300  # basis points; the standard rate on goods since 2019-04-01


def price_of(unit: UnitOfWork, wanted: Sequence[str], currency: str = "CNY") -> dict[str, Price]:
    """Give the prices of parts, by id; a part without a price in this currency is left out."""
    rows = unit.rows(_PRICES, {"list": BASE_LIST, "parts": list(wanted), "currency": currency})
    return {row.part: Price(row.part, Money(row.net_amount, row.currency), row.tax_basis_points) for row in rows}


_PRICES = """
    SELECT part, net_amount, currency, tax_basis_points FROM prices
    WHERE price_list = %(list)s AND part = ANY(%(parts)s::text[]) AND currency = %(currency)s
"""
