"""What a provider says is judged once, and done: the notice's id is written before anything is done about it."""

import hashlib
from dataclasses import astuple
from typing import Any

from sqlalchemy import select, update

from foundation.database import UnitOfWork
from foundation.money import Money
from parts_catalog.payments.outbox import call
from parts_catalog.payments.payment import Payables, Payment, payment_of
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.payments.refunding import end_refund, number_at_provider, refund
from parts_catalog.payments.starting import end, locked
from parts_catalog.payments.states import MONEY_IS_HERE, Call, Reason, RefundState, State, Verdict, may_become
from parts_catalog.payments.tables import payments, refunds
from parts_catalog.payments.telling import tell_dispute, tell_late, tell_stuck

LATE_KEY = "late"
_NO_MONEY = frozenset({Told.PENDING, Told.REFUND_FAILED, Told.REFUND_STUCK})
_ENDS = {Told.REFUNDED: RefundState.DONE, Told.REFUND_FAILED: RefundState.FAILED}


def accept(unit: UnitOfWork, payables: Payables, provider: str, notice: Notice) -> Verdict:
    """Judge a notice whose signature and age were checked, and do what it says, once; gives what became of it.

    The same id again gives the first verdict, and two at once wait for each other. What was EARLY is judged anew. Never
    raises for what a provider says: the unit is to be committed in any case.
    """
    digest = hashlib.sha256(repr(astuple(notice.fact)).encode()).hexdigest()
    told = {"provider": provider, "notice": notice.id}
    facts = {"payment": notice.fact.payment, "kind": notice.fact.told.value, "digest": digest, "now": unit.now()}
    kept = unit.rows(_KEEP, told | facts)[0]
    if kept.digest != digest:
        return Verdict.CHANGED
    if kept.verdict not in {None, Verdict.EARLY}:
        return Verdict(kept.verdict)
    verdict = take_fact(unit, payables, provider, notice.fact)
    unit.rows(_JUDGE, told | {"verdict": verdict.value})
    return verdict


_KEEP = """
    INSERT INTO payment_notices AS mine (provider, notice, payment, kind, digest, received_at)
    VALUES (%(provider)s, %(notice)s, %(payment)s, %(kind)s, %(digest)s, %(now)s)
    ON CONFLICT (provider, notice) DO UPDATE SET deliveries = mine.deliveries + 1
    RETURNING verdict, digest
"""
_JUDGE = "UPDATE payment_notices SET verdict = %(verdict)s WHERE provider = %(provider)s AND notice = %(notice)s"


def take_fact(unit: UnitOfWork, payables: Payables, provider: str, fact: Fact, why: str | None = None) -> Verdict:
    """Do what a provider says, whether it came as a notice or was asked for. Again is no harm.

    `why`: our word for its refusal of a refund that was asked for just now.
    """
    seen = unit.rows(_SEEN, {"payment": fact.payment, "provider": provider})
    if not seen:
        return Verdict.UNKNOWN_PAYMENT
    payables[seen[0].payable_kind].lock(unit, seen[0].payable)
    payment = payment_of(locked(unit, fact.payment))
    if fact.told is Told.PAID:
        return _paid(unit, payables, payment, fact)
    if fact.told in {Told.FAILED, Told.CLOSED}:
        return _unpaid(unit, payables, payment, State(fact.told.value))
    return Verdict.IGNORED if fact.refund is None else _refunded(unit, payables, payment, fact, why)


_SEEN = "SELECT payable_kind, payable FROM payments WHERE id = %(payment)s AND provider = %(provider)s"


def _paid(unit: UnitOfWork, payables: Payables, payment: Payment, fact: Fact) -> Verdict:
    if (wrong := _wrong(fact, payment.amount)) is not None:
        tell_dispute(unit, payment.payable.id, payment.id, wrong)
        return wrong
    if not may_become(payment.state, State.PAID):
        return Verdict.IGNORED
    row = unit.connection.execute(
        update(payments)
        .where(payments.c.id == payment.id)
        .values(state=State.PAID, paid_at=unit.now(), provider_reference=fact.reference)
        .returning(payments)
    ).one()
    if not payables[payment.payable.kind].on_paid(unit, payment_of(row)):
        tell_late(unit, payment.payable.id, payment.id)
        refund(unit, None, payment.id, payment.amount, Reason.LATE_PAYMENT, LATE_KEY)
    return Verdict.ACTED


def _unpaid(unit: UnitOfWork, payables: Payables, payment: Payment, state: State) -> Verdict:
    if payment.state is not State.PENDING:
        return Verdict.IGNORED
    ended = end(unit, payment.id, state)
    payables[payment.payable.kind].on_failed(unit, ended)
    return Verdict.ACTED


def _refunded(unit: UnitOfWork, payables: Payables, payment: Payment, fact: Fact, why: str | None) -> Verdict:
    row = _find_refund(unit, payment, fact.refund or "")
    if row is None:
        return _unasked(unit, payment)
    # Of a number that it was asked for under before, only money that went back all the same is news.
    old = fact.told in _NO_MONEY and fact.refund != number_at_provider(row.id, row.closed)
    if fact.told is Told.REFUND_STUCK and not old:
        tell_stuck(unit, payment.payable.id, payment.id, row.id)
        return Verdict.ACTED
    if old or (state := _ENDS.get(fact.told)) is None:
        return Verdict.IGNORED
    if state is RefundState.DONE and (wrong := _wrong_refund(fact, payment, row)) is not None:
        tell_dispute(unit, payment.payable.id, payment.id, wrong)
        return wrong
    ended = end_refund(unit, payment, row, state, why)
    if ended is None:
        return Verdict.IGNORED
    payables[payment.payable.kind].on_refund(unit, payment_of(locked(unit, payment.id)), ended)
    return Verdict.ACTED


def _find_refund(unit: UnitOfWork, payment: Payment, number: str) -> Any | None:
    """Give the refund that a provider names by the number of now, or by one that it has closed."""
    wanted = refunds.c.id == number.partition("-")[0], refunds.c.payment == payment.id
    row = unit.connection.execute(select(refunds).where(*wanted)).one_or_none()
    known = {number_at_provider(row.id, one) for one in range(row.closed + 1)} if row is not None else set()
    return row if number in known else None


def _unasked(unit: UnitOfWork, payment: Payment) -> Verdict:
    if payment.state not in MONEY_IS_HERE:
        call(unit, payment.id, Call.ASK)  # its payment may be known there and not yet here
        return Verdict.EARLY
    tell_dispute(unit, payment.payable.id, payment.id, Verdict.UNKNOWN_REFUND)
    return Verdict.UNKNOWN_REFUND


def _wrong(fact: Fact, due: Money) -> Verdict | None:
    if fact.amount is None or fact.amount.currency != due.currency:
        return Verdict.WRONG_CURRENCY if fact.amount is not None else Verdict.WRONG_AMOUNT
    return None if fact.amount == due else Verdict.WRONG_AMOUNT


def _wrong_refund(fact: Fact, payment: Payment, row: Any) -> Verdict | None:
    asked = Money(row.amount, payment.amount.currency)
    if not fact.in_all or fact.amount is None or fact.amount.currency != asked.currency:
        return _wrong(fact, asked)
    # The sum of what went back so far: of this refund at least, and of no more than all that was asked back.
    return None if asked <= fact.amount <= payment.refunded else Verdict.WRONG_AMOUNT
