"""What follows of an answer: delivered, tried again later, given up, or the address switched off and people told."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, delete, select, update

from aftersales.telling.messages import notify
from forecourt.webhooks.sending import Answer, Letter
from forecourt.webhooks.tables import webhook_attempts, webhook_deliveries, webhook_endpoints
from foundation.clock import Clock
from foundation.database import UnitOfWork
from foundation.identity import Role, members, open_account

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 90  # some three days, while others of the address are taken
FAILS_FOR = timedelta(days=3)  # without a single success; then the address is switched off
LOG_KEPT = timedelta(days=30)
GONE = 410


def note(unit: UnitOfWork, clock: Clock, letter: Letter, answer: Answer) -> None:
    """Write an answer down; of a letter that somebody else has taken up meanwhile, or that is gone, nothing."""
    now = clock.now()
    endpoint = unit.connection.execute(
        select(webhook_endpoints).where(webhook_endpoints.c.id == letter.endpoint).with_for_update()
    ).one_or_none()
    mine = webhook_deliveries.c.id == letter.delivery, webhook_deliveries.c.attempts == letter.attempt
    moved = update(webhook_deliveries).where(*mine, webhook_deliveries.c.state == "waiting")
    ended = unit.connection.execute(moved.values(in_hand_until=None, **_next(letter, answer, now)))
    if endpoint is None or not ended.rowcount:
        return
    unit.connection.execute(
        webhook_attempts.insert().values(
            delivery=letter.delivery,
            number=letter.attempt,
            at=answer.at,
            took_ms=answer.took_ms,
            status=answer.status,
            error=answer.error,
        )
    )
    failing = None if answer.taken else endpoint.failing_since or now
    unit.connection.execute(
        update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint.id).values(failing_since=failing)
    )
    if answer.status == GONE:
        _switch_off(unit, endpoint, "gone")
    elif failing is not None and now - failing >= FAILS_FOR:
        _switch_off(unit, endpoint, "failing")


def wait_after(attempt: int) -> timedelta:
    """Give how long to wait after so many attempts: 5 s, 10 s, ... an hour."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempt - 1, 12)))


def forget(unit: UnitOfWork, clock: Clock) -> int:
    """Delete what ended a month ago from the log of deliveries; the events themselves stay."""
    old = webhook_deliveries.c.ended_at < clock.now() - LOG_KEPT
    return unit.connection.execute(delete(webhook_deliveries).where(old)).rowcount


def _next(letter: Letter, answer: Answer, now: datetime) -> dict[str, Any]:
    if answer.taken:
        return {"state": "delivered", "ended_at": now}
    if letter.attempt >= MOST_ATTEMPTS:
        return {"state": "given_up", "ended_at": now}
    asked = min(answer.retry_after or timedelta(), LONGEST_WAIT)
    return {"due_at": now + max(wait_after(letter.attempt), asked)}


def _switch_off(unit: UnitOfWork, endpoint: Row[Any], why: str) -> None:
    """Switch an address off, once, and tell who made it and the administrators; what waits stays for later."""
    active = webhook_endpoints.c.id == endpoint.id, webhook_endpoints.c.state == "active"
    off = unit.connection.execute(update(webhook_endpoints).where(*active).values(state="disabled", why=why))
    if off.rowcount:
        people = {one.account: one for one in members(unit, endpoint.organisation, {Role.ADMINISTRATOR})}
        if (maker := open_account(unit, endpoint.account)) is not None:
            people[maker.account] = maker
        cause = f"{endpoint.id}/{unit.now().isoformat()}"
        host = urlsplit(endpoint.url).hostname or ""
        notify(unit, list(people.values()), "webhook_disabled", cause, None, host=host)
