"""Where one is signed in: the list of one's page sessions and tokens, ending them, and turning a session's secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from foundation.audit import tell
from foundation.database import UnitOfWork
from foundation.identity import Actor, actor_in, digest_of, find_credential, issue
from foundation.tables import credentials

SESSION_TURN = timedelta(hours=24)  # after so long a session goes on under a new secret
SIGN_INS = ("session", "bearer")
TURN_GRACE = timedelta(minutes=1)  # for requests that were under way with the old one


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session or token of an account, as its owner is shown it: never the secret."""

    kind: str
    created_at: datetime
    expires_at: datetime | None
    current: bool


def turn_session(unit: UnitOfWork, secret: str) -> str | None:
    """Give the new secret under which a session of more than a day goes on, or None; its end and its forms stay."""
    row = find_credential(unit, secret, "session")
    now = unit.now()
    if now - row.issued_at < SESSION_TURN or row.expires_at - now <= TURN_GRACE:
        return None
    old = (credentials.c.digest == digest_of(secret), credentials.c.expires_at == row.expires_at)
    if unit.connection.execute(update(credentials).where(*old).values(expires_at=now + TURN_GRACE)).rowcount == 0:
        return None  # a request at the same time has turned it
    return issue(unit, actor_in(row), "session", row.expires_at - now, csrf=row.csrf, begun_by="turn")


def list_sessions(unit: UnitOfWork, actor: Actor, current: str) -> list[SignIn]:
    """Give the actor's page sessions and bearer tokens that are valid now, the newest first."""
    rows = unit.connection.execute(
        select(credentials).where(*_valid(unit, actor)).order_by(credentials.c.created_at.desc(), credentials.c.digest)
    )
    return [SignIn(row.kind, row.created_at, row.expires_at, row.digest == digest_of(current)) for row in rows]


def end_other_sessions(unit: UnitOfWork, actor: Actor, current: str, *, links: bool = False) -> int:
    """End the actor's sessions and tokens but the current one, and with `links` those not begun yet; gives how many."""
    kinds = (*SIGN_INS, "sign_in_link") if links else SIGN_INS
    others = update(credentials).where(*_valid(unit, actor, kinds), credentials.c.digest != digest_of(current))
    ended = unit.connection.execute(others.values(revoked_at=unit.now()).returning(credentials.c.kind)).scalars().all()
    for kind in ended:
        tell(unit, actor.organisation, "credential_revoked", actor.account, kind=kind)
    return len(ended)


def _valid(unit: UnitOfWork, actor: Actor, kinds: Sequence[str] = SIGN_INS) -> list[ColumnElement[bool]]:
    return [
        credentials.c.account == actor.account,
        credentials.c.kind.in_(kinds),
        credentials.c.revoked_at.is_(None),
        or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > unit.now()),
    ]
