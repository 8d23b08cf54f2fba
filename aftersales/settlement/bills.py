"""What is owed by a settlement's sheet, and how that stands; the states are on one screen in `cases.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from aftersales.cases import TO_PAY, BillState
from aftersales.settlement.accounts import on_account
from aftersales.tables import bills, takings
from foundation.database import UnitOfWork
from foundation.identity import names_of
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


def taken_of(unit: UnitOfWork, order: str) -> int:
    """Give what was taken for an order at the counter, without what was given back there."""
    total = select(func.coalesce(func.sum(takings.c.amount), 0)).where(takings.c.order == order)
    return int(unit.connection.execute(total).scalar_one())


def rest_of(unit: UnitOfWork, bill: Row[Any]) -> Money:
    """Give what is still owed of a bill that is not paid."""
    return Money(max(bill.amount - taken_of(unit, bill.order), 0), bill.currency)


def by_provider(unit: UnitOfWork, bill: Row[Any]) -> int:
    """Give what is kept of a bill's payment. A refund that was refused is asked for again, so it counts as gone."""
    paid = [one for one in payments_of_order(unit, bill.order) if one.id == bill.payment]
    return sum(one.amount.amount - sum(back.amount.amount for back in refunds_of(unit, one)) for one in paid)


def received(unit: UnitOfWork, bill: Row[Any]) -> int:
    """Give what is kept for a bill by now, from the counter and a provider; what goes back is counted off."""
    return taken_of(unit, bill.order) + by_provider(unit, bill)


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
        "rest": rest_of(unit, bill).to_json() if bill.state in TO_PAY else None,
        "too_much": Money(max(received(unit, bill) - bill.amount, 0), bill.currency).to_json(),
        "taken": _takings(unit, bill.order),
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


def _takings(unit: UnitOfWork, order: str) -> list[dict[str, Any]]:
    chosen = select(takings).where(takings.c.order == order).order_by(takings.c.at, takings.c.amount < 0, takings.c.id)
    rows = unit.connection.execute(chosen).all()
    names = names_of(unit, {row.taken_by for row in rows}) if rows else {}
    return [
        {
            "id": row.id,
            "way": row.way,
            "amount": Money(row.amount, row.currency).to_json(),
            "receipt": row.receipt,
            "gives_back": row.gives_back,
            "taken_by": row.taken_by,
            "by": names.get(row.taken_by),
            "at": row.at.isoformat(),
        }
        for row in rows
    ]


def _refunds_of(unit: UnitOfWork, payment: Payment) -> Sequence[Refund]:
    return refunds_of(unit, payment) if payment.paid_at is not None else ()


def _written(view: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in view.items()}
