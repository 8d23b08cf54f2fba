"""The end of a return: its provider says that the money is back."""

from foundation.database import UnitOfWork
from parts_catalog.payments import Payment, Refund, RefundState
from parts_catalog.returns.returning import move
from parts_catalog.returns.states import ReturnState
from parts_catalog.shop.feed import SHOP
from parts_catalog.shop.orders import OrdersPaid


class OrdersReturned(OrdersPaid):
    """What orders do about their payments, and their returns about refunds."""

    def on_refund(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> None:
        super().on_refund(unit, payment, refund)
        if refund.state is not RefundState.DONE:
            return
        for row in unit.rows("SELECT * FROM returns WHERE refund = %(refund)s FOR UPDATE", {"refund": refund.id}):
            if row.state == ReturnState.INSPECTED:
                move(unit, row, ReturnState.REFUNDED, SHOP)
