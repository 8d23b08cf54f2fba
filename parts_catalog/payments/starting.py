"""Payments as their payables see them: begun, looked up, and closed."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.payments.outbox import call
from parts_catalog.payments.payment import Payable, Payment, Refund, payment_of, refund_of
from parts_catalog.payments.providers import kind_of
from parts_catalog.payments.states import Call, State
from parts_catalog.payments.tables import payments, refunds

TO_PAY = timedelta(minutes=30)
FIRST_LOOK = timedelta(minutes=1)


class PaymentPending(Conflict):
    """Another payment of the same payable waits to be paid; it is closed before the next one is begun."""

    code = "payment_pending"


def start(
    unit: UnitOfWork,
    actor: Actor,
    payable: Payable,
    amount: Money,
    provider: str,
    due_at: datetime | None = None,
) -> Payment:
    """Begin a payment by the actor's organisation, to be paid until `due_at` (half an hour from now).

    Again while it is pending gives the same one; with another amount or provider it raises `PaymentPending`. Nothing is
    asked of the provider here: that is queued with the payment.
    """
    now = unit.now()
    due = due_at or now + TO_PAY
    kind = kind_of(provider, amount.currency)
    if amount.amount < 1:
        raise Invalid("what costs nothing needs no payment", why="costs_nothing")
    if due <= now:
        raise Invalid("a payment is due in the future", why="future_end")
    facts = {
        "id": new_id("pay"),
        "kind": payable.kind,
        "payable": payable.id,
        "organisation": actor.organisation,
        "provider": provider,
        "amount": amount.amount,
        "currency": amount.currency,
        "now": now,
        "due_at": due,
        "look_at": min(due, now + FIRST_LOOK),
    }
    made = unit.rows(_START, facts)
    if not made:
        return _same(unit, actor, payable, amount, provider)
    if kind.prepared:
        call(unit, made[0].id, Call.START)
    return payment_of(made[0])


_START = """
    INSERT INTO payments
        (id, payable_kind, payable, organisation, provider, amount, currency, state, created_at, due_at, look_at)
    VALUES (%(id)s, %(kind)s, %(payable)s, %(organisation)s, %(provider)s, %(amount)s, %(currency)s, 'pending',
        %(now)s, %(due_at)s, %(look_at)s)
    ON CONFLICT (payable_kind, payable) WHERE state = 'pending' DO NOTHING RETURNING *
"""


def _same(unit: UnitOfWork, actor: Actor, payable: Payable, amount: Money, provider: str) -> Payment:
    pending = [it for it in payments_of(unit, [payable]) if it.state is State.PENDING]
    mine = [it for it in pending if (it.organisation, it.amount, it.provider) == (actor.organisation, amount, provider)]
    if not mine:
        raise PaymentPending("another payment of this waits to be paid")
    return mine[0]


def find(unit: UnitOfWork, actor: Actor, payment: str) -> Payment:
    """Give a payment of the actor's organisation; raises `NotFound`."""
    mine = payments.c.id == payment, payments.c.organisation == actor.organisation
    row = unit.connection.execute(select(payments).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"there is no payment {payment}")
    return payment_of(row)


def payments_of(unit: UnitOfWork, payables: Collection[Payable]) -> list[Payment]:
    """Give the payments of payables, the oldest first; whether the actor may see them is said by his sight of those."""
    kinds, ids = {it.kind for it in payables}, {it.id for it in payables}
    rows = unit.connection.execute(
        select(payments)
        .where(payments.c.payable_kind.in_(kinds), payments.c.payable.in_(ids))
        .order_by(payments.c.created_at, payments.c.id)
    )
    return [it for it in map(payment_of, rows) if it.payable in payables]


def refunds_of(unit: UnitOfWork, payment: Payment) -> Sequence[Refund]:
    """Give the refunds of a payment, the oldest first."""
    rows = unit.connection.execute(
        select(refunds).where(refunds.c.payment == payment.id).order_by(refunds.c.asked_at, refunds.c.id)
    )
    return [refund_of(row, payment.amount.currency) for row in rows]


def locked(unit: UnitOfWork, payment: str) -> Any:
    """Lock a payment, whose payable the caller has locked before, and give its row; raises `NotFound`."""
    rows = unit.rows("SELECT * FROM payments WHERE id = %(id)s FOR UPDATE", {"id": payment})
    if not rows:
        raise NotFound(f"there is no payment {payment}")
    return rows[0]


def close(unit: UnitOfWork, payment: str) -> Payment:
    """Let nobody pay by a pending payment any more; any other stays as it is, which the answer says.

    For the payable itself, which is locked: its handler is not told. The provider is told later; should it have been
    paid by then, the handler is asked whether the payable takes the money.
    """
    row = locked(unit, payment)
    if row.state != State.PENDING:
        return payment_of(row)
    return end(unit, payment, State.CLOSED)


def end(unit: UnitOfWork, payment: str, state: State) -> Payment:
    """Write that a pending payment, which is locked, failed or was closed, and have the provider close it, too."""
    row = unit.connection.execute(
        update(payments).where(payments.c.id == payment).values(state=state).returning(payments)
    ).one()
    call(unit, payment, Call.CLOSE)
    return payment_of(row)
