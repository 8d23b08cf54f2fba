"""Prices: net per piece from the base list, with the tax that a buyer pays on top."""

from collections.abc import Sequence

from sqlalchemy import select

from foundation.database import UnitOfWork
from foundation.money import Money
from parts_catalog.parts import Price
from parts_catalog.tables import prices

BASE_LIST = "base"
CHINESE_VAT = 1300  # basis points; the standard rate on goods since 2019-04-01


def price_of(unit: UnitOfWork, wanted: Sequence[str], currency: str = "CNY") -> dict[str, Price]:
    """Give the prices of parts, by id; a part without a price in this currency is left out."""
    rows = unit.connection.execute(
        select(prices).where(prices.c.price_list == BASE_LIST, prices.c.part.in_(wanted), prices.c.currency == currency)
    )
    return {row.part: Price(row.part, Money(row.net_amount, row.currency), row.tax_basis_points) for row in rows}
