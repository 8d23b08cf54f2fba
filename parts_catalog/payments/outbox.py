"""What is to be asked of providers: queued with its cause, taken with a lease, so that none is lost."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from parts_catalog.payments.states import Call, CallState
from parts_catalog.payments.tables import payment_calls

LEASE = timedelta(minutes=2)  # longer than any provider may take to answer
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 60


def call(unit: UnitOfWork, payment: str, kind: Call, refund: str | None = None) -> None:
    """Queue what is asked of a payment's provider; what waits already is not queued twice."""
    unit.connection.execute(
        insert(payment_calls)
        .values(payment=payment, kind=kind, refund=refund, due_at=unit.now(), created_at=unit.now())
        .on_conflict_do_nothing()
    )


def take_calls(unit: UnitOfWork, limit: int = 100) -> list[int]:
    """Take what is due; gives the numbers of the calls. One that is not ended within its lease is taken again."""
    now = unit.now()
    due = (
        select(payment_calls.c.id)
        .where(payment_calls.c.state == CallState.WAITING, payment_calls.c.due_at <= now)
        .order_by(payment_calls.c.due_at, payment_calls.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = unit.connection.execute(
        update(payment_calls)
        .where(payment_calls.c.id.in_(due.scalar_subquery()))
        .values(due_at=now + LEASE, attempts=payment_calls.c.attempts + 1)
        .returning(payment_calls.c.id)
    )
    return sorted(taken.scalars())


def end_call(unit: UnitOfWork, number: int, state: CallState, error: str | None = None) -> bool:
    """End a call; False: somebody else has ended it."""
    ended = unit.connection.execute(
        update(payment_calls)
        .where(payment_calls.c.id == number, payment_calls.c.state == CallState.WAITING)
        .values(state=state, error=error, ended_at=unit.now())
    )
    return bool(ended.rowcount)


def call_again(unit: UnitOfWork, number: int, error: str) -> None:
    """Let a call be taken again later, the longer the more often it was."""
    row = unit.connection.execute(select(payment_calls).where(payment_calls.c.id == number)).one()
    waiting = payment_calls.c.id == number, payment_calls.c.state == CallState.WAITING
    later = again_at(unit.now(), row.attempts)
    unit.connection.execute(update(payment_calls).where(*waiting).values(due_at=later, error=error))


def again_at(now: datetime, attempts: int) -> datetime:
    """Give when to try again after so many attempts: 2 s, 4 s, ... an hour."""
    return now + min(LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, 12)))
