"""What is asked of providers is asked here: read in one unit of work, asked in none, done in another.

What came of a call that was not answered is never guessed: a refund is asked for before it is tried again, and a
closed payment that was paid meanwhile is taken note of as paid.
"""

from typing import Any

import structlog
from sqlalchemy import select, update

from foundation.database import Database, UnitOfWork
from foundation.money import Money
from parts_catalog.payments.accepting import take_fact
from parts_catalog.payments.outbox import MOST_ATTEMPTS, call, call_again, end_call, take_calls
from parts_catalog.payments.payment import Payables, Payment, payment_of
from parts_catalog.payments.port import Charge, Fact, NeedsPerson, Told, Unreachable
from parts_catalog.payments.providers import Providers
from parts_catalog.payments.refunding import number_at_provider
from parts_catalog.payments.starting import FIRST_LOOK, end, locked
from parts_catalog.payments.states import ACKNOWLEDGED, Call, CallState, RefundState, State
from parts_catalog.payments.tables import payment_calls, payments, refunds

log = structlog.get_logger()
NOT_OFFERED = "not_offered"  # it was, when the payment was begun
_UNSETTLED = frozenset({Told.PENDING, Told.REFUND_STUCK})


def charge_of(payment: Payment) -> Charge:
    """Give what a provider is told of a payment."""
    return Charge(payment.id, payment.amount, payment.due_at, f"{payment.payable.kind} {payment.payable.id}")


def carry_out(database: Database, providers: Providers, payables: Payables, number: int) -> None:
    """Ask what a queued call asks, and do what is answered; again, or twice at once, is no harm."""
    with database.unit() as unit:
        wish = unit.connection.execute(_WISH.where(payment_calls.c.id == number)).one()
    if wish.call_state != CallState.WAITING:
        return
    if wish.refund_state == RefundState.DONE:  # the provider told of it meanwhile
        with database.unit() as unit:
            end_call(unit, wish.call_id, CallState.DONE)
        return
    payment = payment_of(wish)
    try:
        answer = _ask(providers, payment, wish)
    except Unreachable:
        _later(database, number, wish, "unreachable")
    except NeedsPerson as refused:
        _refused(database, payables, payment, wish, refused.word)
    else:
        _done(database, payables, payment, wish, answer)


_WISH = (
    select(
        payments,
        payment_calls.c.id.label("call_id"),
        payment_calls.c.kind.label("call"),
        payment_calls.c.state.label("call_state"),
        payment_calls.c.attempts,
        refunds.c.id.label("refund"),
        refunds.c.amount.label("refund_amount"),
        refunds.c.state.label("refund_state"),
        refunds.c.closed,
    )
    .join_from(payment_calls, payments, payment_calls.c.payment == payments.c.id)
    .outerjoin(refunds, payment_calls.c.refund == refunds.c.id)
)


def _ask(providers: Providers, payment: Payment, wish: Any) -> Fact | str:
    if (provider := providers.get(payment.provider)) is None:
        raise NeedsPerson(NOT_OFFERED)
    charge = charge_of(payment)
    if wish.call == Call.START:
        return provider.start(charge) if payment.state is State.PENDING else Fact(Told.PENDING, payment.id)
    if wish.call == Call.ASK:
        return provider.ask(charge)
    if wish.call == Call.CLOSE:
        return provider.close(charge)
    amount, number = Money(wish.refund_amount, payment.amount.currency), number_at_provider(wish.refund, wish.closed)
    # Tried before: whether that came through is not known here, so it is asked for.
    known = provider.ask_refund(charge, number, amount) if wish.attempts > 1 else None
    return known if known is not None else provider.refund(charge, number, amount)


def _done(database: Database, payables: Payables, payment: Payment, wish: Any, answer: Fact | str) -> None:
    if isinstance(answer, Fact) and wish.call in {Call.REFUND, Call.CLOSE} and answer.told in _UNSETTLED:
        _later(database, wish.call_id, wish, answer.told.value)
        return
    with database.unit() as unit:
        if isinstance(answer, Fact):
            verdict = take_fact(unit, payables, payment.provider, answer)
            log.info("payment_asked", call=wish.call, told=answer.told.value, verdict=verdict.value)
            if wish.call == Call.REFUND and verdict not in ACKNOWLEDGED:
                _note_why(unit, wish, verdict.value)
        else:
            unit.connection.execute(update(payments).where(payments.c.id == payment.id).values(code_url=answer))
        end_call(unit, wish.call_id, CallState.DONE)


def _later(database: Database, number: int, wish: Any, word: str) -> None:
    log.warning("payment_call_waits", call=wish.call, attempts=wish.attempts, why=word)
    with database.unit() as unit:
        if wish.attempts >= MOST_ATTEMPTS:
            end_call(unit, number, CallState.GIVEN_UP, word)
            if wish.call == Call.REFUND:
                _note_why(unit, wish, word)
        else:
            call_again(unit, number, word)


def _refused(database: Database, payables: Payables, payment: Payment, wish: Any, word: str) -> None:
    """Do what follows of a no: a payment that cannot be begun failed, as did a refund. The rest waits for people."""
    log.error("payment_call_refused", call=wish.call, why=word)
    told = {Call.START: Told.FAILED, Call.REFUND: Told.REFUND_FAILED}.get(wish.call)
    with database.unit() as unit:
        if told is not None:
            number = number_at_provider(wish.refund, wish.closed) if wish.refund else None
            take_fact(unit, payables, payment.provider, Fact(told, payment.id, refund=number), word)
        end_call(unit, wish.call_id, CallState.GIVEN_UP, word)


def _note_why(unit: UnitOfWork, wish: Any, word: str) -> None:
    """Let a refund be asked for again of which nothing is heard any more, or what is heard does not fit."""
    waits = refunds.c.id == wish.refund, refunds.c.state == RefundState.ASKED
    unit.connection.execute(update(refunds).where(*waits).values(why=word))


def run_due_calls(database: Database, providers: Providers, payables: Payables, limit: int = 100) -> int:
    """Ask whatever is due by now, one after the other; gives how much that was."""
    with database.unit() as unit:
        taken = take_calls(unit, limit)
    for number in taken:
        carry_out(database, providers, payables, number)
    return len(taken)


def look_after_one(unit: UnitOfWork, payables: Payables) -> bool:
    """Look after one pending payment of which nothing was heard for long; False: there is none.

    Its provider is asked, at ever longer intervals. When it is due it is closed, here and there.
    """
    now = unit.now()
    waiting = payments.c.state == State.PENDING, payments.c.look_at <= now
    seen = unit.connection.execute(
        select(payments).where(*waiting).order_by(payments.c.look_at, payments.c.id).limit(1)
    ).one_or_none()
    if seen is None:
        return False
    handler = payables[seen.payable_kind]
    handler.lock(unit, seen.payable)
    row = locked(unit, seen.id)
    if row.state != State.PENDING:
        return True
    if row.due_at <= now:
        handler.on_failed(unit, end(unit, row.id, State.CLOSED))
        return True
    call(unit, row.id, Call.ASK)
    later = min(row.due_at, now + max(FIRST_LOOK, now - row.created_at))
    unit.connection.execute(update(payments).where(payments.c.id == row.id).values(look_at=later))
    return True
