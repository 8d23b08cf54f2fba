"""What becomes of an order: it is paid, or it expires or is cancelled, and what it held is free again."""

from collections.abc import Collection, Sequence
from typing import Any

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Conflict, NotFound
from parts_catalog import payments, prices, stock
from parts_catalog.payments import Payable, Payment, Reason, Refund
from parts_catalog.shop.feed import SHOP, tell
from parts_catalog.shop.holding import keep
from parts_catalog.shop.states import AHEAD, ORDER_MOVES, OVER, OrderState, ShipmentState
from parts_catalog.warehouse.locking import lock_holders, lock_stock

PAYABLE = "order"
BATCH = 200


def find_order(unit: UnitOfWork, actor: Actor, order: str) -> Any:
    """Give the row of an order of the actor's organisation, its state as of now; raises `NotFound`."""
    rows = unit.rows(_FIND, {"order": order, "organisation": actor.organisation, "now": unit.now()})
    if not rows:
        raise NotFound(f"there is no order {order}")
    return rows[0]


# An order that nobody paid in time has expired, whether the sweep has come by or not.
AS_OF_NOW = "CASE WHEN o.state = 'awaiting_payment' AND o.due_at <= %(now)s THEN 'expired' ELSE o.state END"
_FIND = f"""
    SELECT o.*, {AS_OF_NOW} AS state_now FROM orders o WHERE o.id = %(order)s AND o.organisation = %(organisation)s
"""  # noqa: S608 - our own words


def lock_order(unit: UnitOfWork, order: str) -> Any:
    """Lock an order, which stands for its lines and shipments: always the first lock that is taken."""
    rows = unit.rows("SELECT * FROM orders WHERE id = %(order)s FOR UPDATE", {"order": order})
    if not rows:
        raise NotFound(f"there is no order {order}")
    return rows[0]


def move(unit: UnitOfWork, row: Any, to: OrderState, shipments: ShipmentState | None = None) -> None:
    """Move a locked order, and all its shipments that are not over with it if that is said."""
    if to not in ORDER_MOVES[OrderState(row.state)]:
        raise Conflict(f"the order is {row.state} and cannot become {to}", why="order_moved", state=row.state)
    told = {"order": row.id, "state": to.value, "now": unit.now(), "over": [one.value for one in OVER]}
    unit.rows(_MOVE, {**told, "shipments": shipments.value if shipments else None, "paid": to is OrderState.PAID})


_MOVE = """
    WITH moved AS (
        UPDATE orders SET state = %(state)s, updated_at = %(now)s, paid_at = CASE WHEN %(paid)s THEN %(now)s
            ELSE paid_at END WHERE id = %(order)s
    )
    UPDATE shipments SET state = %(shipments)s::text, version = version + 1, updated_at = %(now)s
    WHERE "order" = %(order)s AND %(shipments)s::text IS NOT NULL AND state <> ALL(%(over)s::text[])
"""


def take_money(unit: UnitOfWork, row: Any, actor: str) -> bool:
    """Take note that a locked order is paid; False: it cannot be any more, and the money goes back."""
    if row.state == OrderState.PAID:
        return True
    if row.state != OrderState.AWAITING_PAYMENT or row.due_at <= unit.now():
        return False
    if not keep(unit, row.id):
        return False
    move(unit, row, OrderState.PAID, ShipmentState.TO_PICK)
    tell(unit, row.id, "order_paid", actor, state=OrderState.PAID.value)
    return True


class OrdersPaid:
    """What orders do about their payments (the `Handler` of the kind `order`)."""

    def lock(self, unit: UnitOfWork, payable: str) -> None:
        lock_order(unit, payable)

    def on_paid(self, unit: UnitOfWork, payment: Payment) -> bool:
        row = lock_order(unit, payment.payable.id)
        if row.state == OrderState.PAID and row.payment != payment.id:
            return False  # another payment was quicker
        if not take_money(unit, row, SHOP):
            return False
        if row.payment != payment.id:  # one that was given up for another, and came after all
            _note_payment(unit, row.id, payment.id)
            payments.close(unit, row.payment)
        return True

    def on_failed(self, unit: UnitOfWork, payment: Payment) -> None:
        """Do nothing: the order may still be paid by another payment, until its time is over."""

    def on_refund(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> None:
        """Do nothing: the feed says it already."""

    def answered_by(self, unit: UnitOfWork, organisation: str, payables: Collection[str]) -> set[str]:
        """Give those of which the house sends or takes back something; a cancelled one's parcels stay on file."""
        return {row.order for row in unit.rows(_SENT_BY, {"seller": organisation, "orders": list(payables)})}


_SENT_BY = 'SELECT DISTINCT "order" FROM shipments WHERE organisation = %(seller)s AND "order" = ANY(%(orders)s)'


def pay_again(unit: UnitOfWork, actor: Actor, order: str, provider: str) -> Payment:
    """Begin another payment of an order whose last one came to nothing, or is given up for it."""
    find_order(unit, actor, order)
    row = lock_order(unit, order)
    if row.state != OrderState.AWAITING_PAYMENT or row.due_at <= unit.now():
        raise Conflict("this order does not wait for a payment", why="order_not_payable", state=row.state)
    if row.payment is not None and provider != payments.find(unit, actor, row.payment).provider:
        payments.close(unit, row.payment)
    owed = Money(row.net_amount + row.tax_amount, row.currency)
    payment = payments.start(unit, actor, Payable(PAYABLE, order), owed, provider, row.due_at)
    _note_payment(unit, order, payment.id)
    return payment


def _note_payment(unit: UnitOfWork, order: str, payment: str) -> None:
    unit.rows("UPDATE orders SET payment = %(payment)s WHERE id = %(order)s", {"payment": payment, "order": order})


def cancel(unit: UnitOfWork, actor: Actor, order: str) -> None:
    """Call an order off before anything of it is on its way: pieces are free, and money goes back. Again is no harm."""
    find_order(unit, actor, order)
    row = lock_order(unit, order)
    if row.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return
    states = _states(unit, order)
    if row.state == OrderState.PAID and not states <= AHEAD:
        raise Conflict(
            "some of this order is on its way already; return it when it has come",
            why="order_on_its_way",
            state=row.state,
        )
    paid = row.state == OrderState.PAID
    move(unit, row, OrderState.CANCELLED, ShipmentState.CANCELLED)
    _let_go(unit, row)
    tell(unit, order, "order_cancelled", actor.account, state=OrderState.CANCELLED.value)
    if paid and row.payment is not None:
        whole = Money(row.net_amount + row.tax_amount, row.currency)
        payments.refund(unit, actor, row.payment, whole, Reason.CANCELLED, f"cancel:{order}")
    elif row.payment is not None:
        payments.close(unit, row.payment)


def expire_orders(unit: UnitOfWork) -> int:
    """End the orders that nobody paid in time; gives their number.

    One that somebody else has locked is being paid or cancelled right now; the next sweep looks at it again.
    """
    due = unit.rows(_DUE, {"now": unit.now(), "limit": BATCH})
    _lock_pieces(unit, [row.id for row in due])
    prices.give_back(unit, *(row.id for row in due))
    for row in due:
        move(unit, row, OrderState.EXPIRED, ShipmentState.CANCELLED)
        _let_go(unit, row)
        tell(unit, row.id, "order_expired", SHOP, state=OrderState.EXPIRED.value)
        if row.payment is not None:
            payments.close(unit, row.payment)
    return len(due)


_DUE = """
    SELECT * FROM orders WHERE state = 'awaiting_payment' AND due_at <= %(now)s
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""


def _lock_pieces(unit: UnitOfWork, holders: Sequence[str]) -> None:
    """Lock at once what several holders hold, so that freeing it one by one keeps to the warehouse's order."""
    lock_holders(unit, *holders)
    lock_stock(unit, {(row.part, row.location) for row in unit.rows(_PIECES, {"holders": list(holders)})})


_PIECES = """
    SELECT part, location FROM reservations WHERE holder = ANY(%(holders)s::text[]) AND state = 'held'
    UNION SELECT part, location FROM back_orders WHERE holder = ANY(%(holders)s::text[]) AND state = 'waiting'
"""


def _let_go(unit: UnitOfWork, row: Any) -> None:
    stock.release(unit, row.id)
    prices.give_back(unit, row.id)


def _states(unit: UnitOfWork, order: str) -> set[ShipmentState]:
    rows = unit.rows('SELECT state FROM shipments WHERE "order" = %(order)s', {"order": order})
    return {ShipmentState(row.state) for row in rows}
