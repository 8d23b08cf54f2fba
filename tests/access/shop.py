"""What the walk of access finds in the shop: a cart, a paid order, and its shipment from the shelf of the garage."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from forecourt.paying import PAYABLES
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from parts_catalog.payments import Payable, accept, payments_of
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, Wish, place
from parts_catalog.tables import locations, shipments
from tests.aftersales.world import SHELF

IDS = ("cart", "order_id", "shipment")
TO = {"kind": "address", "name": "Li Wei", "phone": "1", "address": "Century Avenue 1"}
ORDER = {"delivery": TO, "payment": {"provider": "sandbox"}}
SHOP_BODIES: Mapping[str, dict[str, Any]] = {
    "POST /v1/carts": {"lines": []},
    "PUT /v1/carts/{cart}/lines/{part}": {"quantity": 1},
    "PATCH /v1/carts/{cart}": {},
    "POST /v1/orders": {"cart": "{cart}", **ORDER},
    "POST /v1/orders/{order_id}/payments": {"provider": "sandbox"},
}
NOT_THERE: Mapping[str, dict[str, Any]] = {
    "POST /v1/carts": {"json": {"vehicle": "nothing"}},
    "POST /v1/orders": {"json": {"cart": "nothing", **ORDER}},
}


def build(unit: UnitOfWork, owner: Actor, case: str) -> dict[str, str]:
    """Let the family buy a belt from the garage's shelf, and leave another cart; gives their ids."""
    unit.connection.execute(update(locations).where(locations.c.id == SHELF).values(ships=True))
    bought, left = (open_cart(unit, owner, About(case=case), [LineWish("belt", 1)]).id for _ in range(2))
    order = place(unit, owner, SimulatedCarrier(), Wish(bought, Delivery("Li Wei", "1", "Century Avenue 1"), "sandbox"))
    pay(unit, order)
    sent = unit.connection.execute(shipments.select().where(shipments.c.order == order)).one()
    return {"cart": left, "order_id": order, "shipment": sent.id}


def pay(unit: UnitOfWork, order: str) -> None:
    """Let the provider say that an order is paid."""
    payment = payments_of(unit, [Payable("order", order)])[0]
    accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), Fact(Told.PAID, payment.id, payment.amount)))
