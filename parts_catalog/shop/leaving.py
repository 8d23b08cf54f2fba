"""What a person who goes leaves in the shop: what is on its way is awaited, the rest is called off before."""

from typing import Any

from foundation.database import UnitOfWork
from foundation.privacy import Person
from parts_catalog import stock
from parts_catalog.shop.carts import lock_cart
from parts_catalog.shop.orders import cancel
from parts_catalog.shop.states import UNDER_WAY

MINE = "(o.account = %(account)s OR %(private)s AND o.organisation = %(organisation)s)"


def under_way(unit: UnitOfWork, person: Person) -> list[dict[str, str]]:
    """Give the paid orders of a person of which something has not arrived: its sender needs his address."""
    states = [state.value for state in UNDER_WAY]
    rows = unit.rows(_UNDER_WAY, {**_who(person), "states": states})
    return [{"order": row.id, "code": "order_under_way"} for row in rows]


_UNDER_WAY = f"""
    SELECT o.id FROM orders o WHERE {MINE} AND EXISTS (
        SELECT FROM shipments s WHERE s."order" = o.id AND s.state = ANY(%(states)s::text[])) ORDER BY o.id
"""  # noqa: S608 - our own words


def unpaid(unit: UnitOfWork, person: Person) -> list[str]:
    """Give a person's orders that wait for their payment."""
    rows = unit.rows(f"SELECT o.id FROM orders o WHERE {MINE} AND o.state = 'awaiting_payment'", _who(person))  # noqa: S608
    return [row.id for row in rows]


def open_carts(unit: UnitOfWork, person: Person) -> list[str]:
    """Give a person's carts that are not ordered."""
    rows = unit.rows(f"SELECT o.id FROM carts o WHERE {MINE} AND o.state = 'open'", _who(person))  # noqa: S608
    return [row.id for row in rows]


def call_off(unit: UnitOfWork, person: Person, order: str) -> None:
    cancel(unit, person.actor, order)


def empty(unit: UnitOfWork, person: Person, cart: str) -> None:
    """Take everything out of a cart; its pieces are free."""
    lock_cart(unit, person.actor, cart)
    stock.release(unit, cart)
    unit.rows("DELETE FROM cart_lines WHERE cart = %(cart)s", {"cart": cart})


def _who(person: Person) -> dict[str, Any]:
    return {"account": person.account, "organisation": person.organisation, "private": person.private}
