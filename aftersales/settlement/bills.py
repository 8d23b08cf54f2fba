"""What is owed by a settlement's sheet, and how that stands; the states are on one screen in `cases.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from aftersales.cases import BillState
from aftersales.settlement.accounts import on_account
from aftersales.tables import bills
from foundation.database import UnitOfWork
from foundation.money import Money
from parts_catalog.payments import Payable, Payment, Refund, State, close, payments_of, refunds_of, show_refund

PAYABLE = "repair_order"


def bill_of(unit: UnitOfWork, order: str) -> Row[Any] | None:
    """Give the bill of an order; None: nothing was settled yet. The case must be locked where it is changed."""
    return unit.connection.execute(select(bills).where(bills.c.order == order)).one_or_none()


def open_bill(unit: UnitOfWork, order: Row[Any], owed: Money) -> None:
    """Open the bill of an order that is being settled."""
    state = BillState.OPEN if owed.amount else BillState.NOTHING_DUE
    if owed.amount and on_account(unit, order.workshop, order.organisation):
        state = BillState.ON_ACCOUNT
    unit.connection.execute(
        bills.insert().values(
            order=order.id,
            organisation=order.organisation,
            state=state.value,
            amount=owed.amount,
            currency=owed.currency,
            opened_at=unit.now(),
        )
    )


def change_bill(unit: UnitOfWork, order: str, **values: Any) -> None:
    unit.connection.execute(update(bills).where(bills.c.order == order).values(**values))


def payments_of_order(unit: UnitOfWork, order: str) -> list[Payment]:
    return payments_of(unit, [Payable(PAYABLE, order)])


def close_pending(unit: UnitOfWork, order: str) -> None:
    """Let nobody pay by a payment that waits: what is owed has changed, or another way is taken."""
    for payment in payments_of_order(unit, order):
        if payment.state is State.PENDING:
            close(unit, payment.id)


def bill_view(unit: UnitOfWork, order: str) -> dict[str, Any] | None:
    """Show what is owed, and every attempt to pay it; None: nothing was settled yet."""
    bill = bill_of(unit, order)
    if bill is None:
        return None
    return {
        "state": bill.state,
        "amount": Money(bill.amount, bill.currency).to_json(),
        "payment": bill.payment,
        "paid_at": bill.paid_at.isoformat() if bill.paid_at else None,
        "payments": [
            {
                "id": one.id,
                "provider": one.provider,
                "amount": one.amount.to_json(),
                "refunded": one.refunded.to_json(),
                "state": one.state.value,
                "due_at": one.due_at.isoformat(),
                "refunds": [_written(show_refund(back)) for back in _refunds_of(unit, one)],
            }
            for one in payments_of_order(unit, order)
        ],
    }


def _refunds_of(unit: UnitOfWork, payment: Payment) -> Sequence[Refund]:
    return refunds_of(unit, payment) if payment.paid_at is not None else ()


def _written(view: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in view.items()}
