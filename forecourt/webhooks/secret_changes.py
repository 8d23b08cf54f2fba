"""Changing the secret of an address without losing a message: the one before it signs, too, for a day.

Each old secret has a day of its own, however often the secret is changed meanwhile: whoever was told a new one and lost
it changes it again, and no receiver fails for that. All times here are the machine's, as those of sending are.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from forecourt.webhooks.endpoints import Endpoint, find_endpoint, get_endpoint, new_secret
from forecourt.webhooks.tables import webhook_endpoints, webhook_old_secrets
from foundation.audit import tell
from foundation.clock import Clock
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict

OLD_SIGNS_FOR = timedelta(hours=24)
MOST_OLD = 4  # of one address at a time: each is one more signature in a header
_KIND = "webhook_secret"


class TooManySecrets(Conflict):
    code = "too_many_secrets"


def change_secret(
    unit: UnitOfWork, actor: Actor, endpoint: str, clock: Clock, *, keep_old: bool
) -> tuple[Endpoint, str]:
    """Give an address a new secret, which is shown this once; without `keep_old` the old ones end now."""
    row, now = find_endpoint(unit, actor, endpoint, lock=True), clock.now()
    if keep_old:
        old = webhook_old_secrets.c
        signing = select(func.count()).where(old.endpoint == endpoint, old.until > now)
        if unit.connection.execute(signing).scalar_one() >= MOST_OLD:
            raise TooManySecrets(f"{MOST_OLD} old secrets of this webhook sign still: end them, or wait for a day")
        kept = webhook_old_secrets.insert().values(endpoint=endpoint, secret=row.secret, until=now + OLD_SIGNS_FOR)
        unit.connection.execute(kept)
    else:
        _end_old(unit, endpoint)
        tell(unit, actor.organisation, "credential_revoked", actor.account, kind=_KIND, webhook=endpoint)
    secret = new_secret()
    changed = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint)
    unit.connection.execute(changed.values(secret=secret))
    tell(unit, actor.organisation, "credential_made", actor.account, kind=_KIND, webhook=endpoint)
    return get_endpoint(unit, actor, endpoint), secret


def end_old_secrets(unit: UnitOfWork, actor: Actor, endpoint: str) -> None:
    """Let the address's own secret alone sign from now on; again is no harm."""
    find_endpoint(unit, actor, endpoint, lock=True)
    if _end_old(unit, endpoint):
        tell(unit, actor.organisation, "credential_revoked", actor.account, kind=_KIND, webhook=endpoint)


def old_until(unit: UnitOfWork, actor: Actor, clock: Clock) -> dict[str, datetime]:
    """Give until when old secrets sign, too, of each address of the actor's organisation where any does."""
    here, old = webhook_endpoints.c, webhook_old_secrets.c
    rows = unit.connection.execute(
        select(old.endpoint, func.max(old.until).label("until"))
        .join(webhook_endpoints, here.id == old.endpoint)
        .where(here.organisation == actor.organisation, old.until > clock.now())
        .group_by(old.endpoint)
    )
    return {row.endpoint: row.until for row in rows}


def forget_old_secrets(unit: UnitOfWork, clock: Clock) -> int:
    """Delete the old secrets whose day is over, by which nothing is signed any more; gives how many."""
    over = webhook_old_secrets.c.until <= clock.now()
    return unit.connection.execute(delete(webhook_old_secrets).where(over)).rowcount


def _end_old(unit: UnitOfWork, endpoint: str) -> int:
    return unit.connection.execute(
        delete(webhook_old_secrets).where(webhook_old_secrets.c.endpoint == endpoint)
    ).rowcount
