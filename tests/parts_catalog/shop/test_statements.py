"""A checkout asks the database little, and no more for many lines than for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg

from parts_catalog.tables import prices, stock
from tests.parts_catalog.rows import add_part
from tests.parts_catalog.shop.market import NEAR, WAREHOUSE, Market

MOST = {"cart": 11, "order": 11, "payment": 10}  # the look-up of the bearer included

PINGS = {"SELECT 1", ";"}  # of the pool, whether a connection is still there


@contextmanager
def counted() -> Iterator[list[str]]:
    """Give the statements that are sent meanwhile, by whatever layer."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def note(cursor: Any, query: Any, *given: Any, **more: Any) -> Any:
        sent.append(" ".join(str(query).split()))
        return execute(cursor, query, *given, **more)

    with mock.patch.object(psycopg.Cursor, "execute", note):
        yield sent


def test_many_lines_cost_no_more_statements_than_one(market: Market) -> None:
    with market.database.unit() as unit:
        for number in range(8):
            add_part(unit, f"p{number}")
            told = {"price_list": "base", "currency": "CNY", "organisation": WAREHOUSE, "tax_basis_points": 1300}
            unit.connection.execute(prices.insert().values(part=f"p{number}", net_amount=100 + number, **told))
            row = {"location": NEAR, "organisation": WAREHOUSE, "on_hand": 9}
            unit.connection.execute(stock.insert().values(part=f"p{number}", **row))
    market.paid(p0=1)  # whatever is asked once only
    few, many = (_checkout(market, lines) for lines in ({"p0": 1}, {f"p{number}": 1 for number in range(8)}))
    assert few == many
    assert all(few[step] <= most for step, most in MOST.items()), few


def _checkout(market: Market, lines: dict[str, int]) -> dict[str, int]:
    with counted() as of_cart:
        cart = market.cart(**lines)
    with counted() as of_order:
        order = market.order(cart["id"], prices=cart["quote"]["digest"])
    with counted() as of_payment:
        market.pay(order)
    sent = {"cart": of_cart, "order": of_order, "payment": of_payment}
    return {step: len([one for one in given if one not in PINGS]) for step, given in sent.items()}
