"""What the walk of access finds of returns: a belt that has come, and one that its buyer sends back."""

from collections.abc import Mapping
from typing import Any

from forecourt.paying import PAYABLES
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor, Role
from foundation.money import Money
from parts_catalog.payments import Payable, Reason, accept, payments_of, refund
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.payments.states import Verdict
from parts_catalog.returns.asking import Wanted, ask
from parts_catalog.returns.states import ReturnReason
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, Wish, place
from parts_catalog.shop.shipments import take_move
from parts_catalog.stock import receive
from parts_catalog.tables import shipments
from tests.access.shop import pay
from tests.aftersales.world import GARAGE, SHELF

IDS = ("return_id", "refund")
BACK = {"lines": [{"number": 1, "quantity": 1}], "reason": "defective"}
RETURN_BODIES: Mapping[str, dict[str, Any]] = {
    "POST /v1/returns": {"order": "{delivered}", **BACK},
    "POST /v1/returns/{return_id}/inspect": {"lines": [{"number": 1, "scrap": 1}]},
    "POST /v1/returns/{return_id}/refuse": {"answer": "worn"},
}
NOT_THERE: Mapping[str, dict[str, Any]] = {"POST /v1/returns": {"json": {"order": "nothing", **BACK}}}


def build(unit: UnitOfWork, owner: Actor) -> dict[str, str]:
    """Let three belts come to the family, and one of them go back; gives the ids of the order and the return."""
    receive(unit, GARAGE, "belt", SHELF, 9)
    cart = open_cart(unit, owner, About(), [LineWish("belt", 3)]).id
    order = place(unit, owner, SimulatedCarrier(), Wish(cart, Delivery("Li Wei", "1", "Century Avenue 1"), "sandbox"))
    pay(unit, order)
    keeper = Actor("acc", GARAGE, Role.PARTS_MANAGER)
    parcel = unit.connection.execute(shipments.select().where(shipments.c.order == order)).one().id
    for move in ("pick", "pack", "ship", "deliver"):
        take_move(unit, keeper, parcel, move, "SIM1")
    back = ask(unit, owner, Wanted(order, {1: 1}, ReturnReason.DEFECTIVE), declined=False)
    return {"delivered": order, "return_id": back, "refund": refused(unit, order)}


def refused(unit: UnitOfWork, order: str) -> str:
    """Let a cent of an order go back, and the provider refuse it; gives the refund."""
    payment = payments_of(unit, [Payable("order", order)])[0]
    cent = refund(unit, None, payment.id, Money(1, payment.amount.currency), Reason.GOODWILL, "goodwill")
    no = Fact(Told.REFUND_FAILED, payment.id, refund=cent.id)
    assert accept(unit, PAYABLES, payment.provider, Notice(new_id("ntc"), no)) is Verdict.ACTED
    return cent.id
