"""Refunds: never more than was paid, by one guarded statement; asked for once, ended by what the provider says."""

from typing import Any

from sqlalchemy import func, select, update

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Conflict, Invalid, KeyReused
from parts_catalog.payments.outbox import call
from parts_catalog.payments.payment import Payment, Refund, refund_of
from parts_catalog.payments.starting import locked
from parts_catalog.payments.states import MONEY_IS_HERE, Call, Reason, RefundState, State
from parts_catalog.payments.tables import payments, refunds
from parts_catalog.payments.telling import tell_refund

CLOSED = "closed"


class NotRefundable(Conflict):
    """More is asked back than there is left of the payment; `left` says how much that is, in minor units."""

    code = "not_refundable"


def refund(unit: UnitOfWork, actor: Actor | None, payment: str, amount: Money, reason: Reason, key: str) -> Refund:
    """Ask for money of a payment back; the same `key` gives the refund that it asked for before.

    For the payable's own functions, which have judged whether the actor may: a seller who takes a return has no sight
    of the buyer's payment. `actor`: who is named as asking; None: nobody, a late payment goes back by itself. Raises
    `NotRefundable`, `KeyReused` for the key of another amount, `NotFound`.
    """
    if amount.amount < 1:
        raise Invalid("a refund is of at least one minor unit", why="no_money")
    row = locked(unit, payment)
    before = unit.connection.execute(
        select(refunds).where(refunds.c.payment == payment, refunds.c.key == key)
    ).one_or_none()
    if before is not None:
        if Money(before.amount, row.currency) != amount:
            raise KeyReused("this key asked for another refund")
        return refund_of(before, row.currency)
    if amount.currency != row.currency:
        raise Invalid(
            f"what was paid in {row.currency} goes back in {row.currency}",
            why="refund_in_its_currency",
            told={"currency": row.currency},
        )
    if not take(unit, payment, amount.amount):
        left = row.amount - row.refunded if row.state in MONEY_IS_HERE else 0
        raise NotRefundable("more is asked back than there is left of this payment", left=left)
    asked = unit.connection.execute(
        refunds.insert()
        .values(
            id=new_id("ref"),
            payment=payment,
            key=key,
            amount=amount.amount,
            state=RefundState.ASKED,
            reason=reason,
            asked_by=actor.account if actor else None,
            asked_at=unit.now(),
        )
        .returning(refunds)
    ).one()
    call(unit, payment, Call.REFUND, asked.id)
    tell_refund(unit, row.payable, asked, actor.account if actor else None)
    return refund_of(asked, row.currency)


def take(unit: UnitOfWork, payment: str, amount: int) -> bool:
    """Set money of a payment aside to go back, if there is as much left of it."""
    enough = payments.c.refunded + amount <= payments.c.amount
    taken = unit.connection.execute(
        update(payments)
        .where(payments.c.id == payment, payments.c.state.in_(MONEY_IS_HERE), enough)
        .values(refunded=payments.c.refunded + amount)
    )
    return bool(taken.rowcount)


def number_at_provider(refund: str, closed: int) -> str:
    """Give what a provider knows a refund by; one that it has closed for good it takes under another number alone."""
    return f"{refund}-{closed}" if closed else refund


def end_refund(
    unit: UnitOfWork, payment: Payment, row: Any, state: RefundState, why: str | None = None
) -> Refund | None:
    """Write how a refund ended, of a payment that is locked; None: it had ended so, or that cannot be any more.

    `why`: our word for a refusal; None of what failed: its provider has closed it. What failed may still be done later,
    as long as nothing else was asked back in its place.
    """
    if row.state in {state, RefundState.DONE}:
        return None
    if row.state == RefundState.FAILED and not take(unit, payment.id, row.amount):
        return None
    values: dict[str, Any] = {"state": state, "ended_at": unit.now(), "why": None}
    if state is RefundState.FAILED:
        values |= {"why": why or CLOSED, "closed": row.closed + (why is None)}
    ended = unit.connection.execute(
        update(refunds).where(refunds.c.id == row.id).values(**values).returning(refunds)
    ).one()
    here = update(payments).where(payments.c.id == payment.id)
    if state is RefundState.FAILED:
        unit.connection.execute(here.values(refunded=payments.c.refunded - row.amount))
    else:
        done = select(func.sum(refunds.c.amount)).where(refunds.c.payment == payment.id, refunds.c.state == state)
        whole = unit.connection.execute(done).scalar_one() == payment.amount.amount
        unit.connection.execute(here.values(state=State.REFUNDED if whole else State.PARTLY_REFUNDED))
    tell_refund(unit, payment.payable.id, ended, None)
    return refund_of(ended, payment.amount.currency)
