"""The bill of a repair as what `parts_catalog.payments` calls a payable: begun by the owner, taken once."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from aftersales.cases import TO_PAY, BillState
from aftersales.moves import DESK, tell
from aftersales.permissions import Act, require
from aftersales.scope import lock_case, lock_order
from aftersales.settlement.bills import PAYABLE, bill_of, change_bill, close_pending, payments_of_order, rest_of
from aftersales.tables import repair_orders
from aftersales.telling.messages import desk_people, notify
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor, desk_of
from foundation.refusals import Conflict
from parts_catalog.payments import Payable, Payment, Refund, RefundState, State, start


def pay(unit: UnitOfWork, actor: Actor, order: str, provider: str) -> Payment:
    """Begin a payment of what is owed; another one that waits is given up for it. Again gives the same one.

    The workshop's desk may begin it for the owner, who pays at the counter by the code that is shown: it is his.
    """
    _, row = lock_order(unit, actor, order)
    require(actor, Act.PAY, owner=row.organisation)
    bill = bill_of(unit, row.id)
    if bill is None:
        raise Conflict("there is nothing to pay before the settlement", why="pay_after_settlement", state=row.state)
    if bill.state not in TO_PAY:
        raise Conflict(
            f"the bill is {bill.state.replace('_', ' ')}; there is nothing to pay",
            why="nothing_to_pay",
            told={"bill_state": bill.state},
            state=bill.state,
        )
    owed = rest_of(unit, bill)
    waiting = [one for one in payments_of_order(unit, row.id) if one.state is State.PENDING]
    if any((one.provider, one.amount) != (provider, owed) or one.due_at <= unit.now() for one in waiting):
        close_pending(unit, row.id)
    payer = actor if actor.organisation == row.organisation else desk_of(row.organisation)
    return start(unit, payer, Payable(PAYABLE, row.id), owed, provider)


class RepairsPaid:
    """What repair orders do about their payments (the `Handler` of the kind `repair_order`)."""

    def lock(self, unit: UnitOfWork, payable: str) -> None:
        lock_case(unit, _case_of(unit, payable))

    def on_paid(self, unit: UnitOfWork, payment: Payment) -> bool:
        """Take the money if just that is owed; a bill that was paid, waived or corrected meanwhile takes none."""
        order = payment.payable.id
        bill = bill_of(unit, order)
        if bill is None or (bill.state == BillState.PAID and bill.payment != payment.id):
            return False
        if bill.state == BillState.PAID:
            return True
        if bill.state not in TO_PAY or rest_of(unit, bill) != payment.amount:
            return False
        change_bill(unit, order, state=BillState.PAID.value, payment=payment.id, paid_at=unit.now())
        close_pending(unit, order)
        tell(unit, _case_of(unit, order), "bill_paid", DESK, repair_order=order, payment=payment.id)
        return True

    def on_failed(self, unit: UnitOfWork, payment: Payment) -> None:
        """Do nothing: the bill stays open, and is paid by another payment."""

    def on_refund(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> None:
        """Tell the desk of a refusal, for it has to ask again; of the rest the feed tells."""
        if refund.state is RefundState.FAILED:
            order = unit.connection.execute(select(repair_orders).where(repair_orders.c.id == payment.payable.id)).one()
            people = desk_people(unit, load_workshop(unit, order.workshop))
            notify(unit, people, "refund_refused", f"{refund.id}/{unit.now().isoformat()}", order.case)

    def answered_by(self, unit: UnitOfWork, organisation: str, payables: Collection[str]) -> set[str]:
        """Give those of the house's own workshops."""
        of = repair_orders.c
        ours = select(of.id).where(of.workshop_organisation == organisation, of.id.in_(payables))
        return set(unit.connection.execute(ours).scalars())


def _case_of(unit: UnitOfWork, order: str) -> Any:
    return unit.connection.execute(select(repair_orders.c.case).where(repair_orders.c.id == order)).scalar_one()
