"""Credentials that reach less far than their account: integrators' keys with scopes, and links to one subject.

A tracking link shows its subject to anybody who holds it. An approval link was sent to one person, who decides by it in
his own name and without signing in; its forms carry a token as a session's do.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update

from foundation.audit import tell
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor, new_secret
from foundation.refusals import Invalid, NotFound
from foundation.tables import accounts, credentials

MOST_DAYS = 14  # a link ends by itself
TRACKING, APPROVAL = "tracking_link", "approval_link"


@dataclass(frozen=True, slots=True)
class Key:
    """A key or link as it is listed: never its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None


def add_key(unit: UnitOfWork, actor: Actor, name: str, scopes: Iterable[str], known: frozenset[str]) -> tuple[Key, str]:
    """Give a new key of the actor's organisation and its secret, which is shown this once.

    It acts as an integrator, ends with the account that made it, and may do what `scopes` name of `known`.
    """
    wanted = sorted(set(scopes))
    if not wanted:
        raise Invalid("a key needs a scope", why="key_needs_scope")
    if unknown := sorted(set(wanted) - known):
        raise Invalid(f"there is no scope {', '.join(unknown)}", why="no_scope")
    return _add(unit, actor, "key", name.strip(), wanted, None, None)


def add_tracking_link(
    unit: UnitOfWork, actor: Actor, subject: str, days: int, scopes: Iterable[str]
) -> tuple[Key, str]:
    """Give a link with which anybody who holds it may look at one subject, and its secret."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"a tracking link lives for 1 to {MOST_DAYS} days", why="link_days", told={"most": MOST_DAYS})
    return _add(unit, actor, TRACKING, "", sorted(scopes), subject, timedelta(days=days))


def add_approval_link(
    unit: UnitOfWork, person: Actor, subject: str, days: int, scopes: Iterable[str]
) -> tuple[Key, str]:
    """Give a link by which the person alone is meant to decide on one subject, and its secret."""
    return _add(unit, person, APPROVAL, "", sorted(scopes), subject, timedelta(days=days))


def list_keys(unit: UnitOfWork, actor: Actor, subject: str | None = None, kind: str = TRACKING) -> list[Key]:
    """Give the valid keys of the actor's organisation or, with a subject, the links of a kind to it; newest first."""
    rows = unit.connection.execute(
        select(credentials)
        .join(accounts, accounts.c.id == credentials.c.account)
        .where(*_of(unit, actor, subject, kind))
        .order_by(credentials.c.created_at.desc(), credentials.c.id)
    )
    return [Key(row.id, row.name, tuple(row.scopes), row.created_at, row.expires_at) for row in rows]


def revoke_key(unit: UnitOfWork, actor: Actor, key: str, subject: str | None = None, kind: str = TRACKING) -> None:
    """End a key of the actor's organisation or a link to the subject; raises `NotFound` for any other."""
    ended = unit.connection.execute(
        update(credentials)
        .where(credentials.c.id == key, accounts.c.id == credentials.c.account, *_of(unit, actor, subject, kind))
        .values(revoked_at=unit.now())
        .returning(credentials.c.kind)
    ).scalar_one_or_none()
    if ended is None:
        raise NotFound(f"there is no key {key}")
    tell(unit, actor.organisation, "credential_revoked", actor.account, kind=ended)


def end_links(unit: UnitOfWork, subject: str, by: str) -> int:
    """End every approval link to a subject, whoever it was sent to; gives how many. Again is no harm."""
    ended = unit.connection.execute(
        update(credentials)
        .where(
            credentials.c.kind == APPROVAL,
            credentials.c.subject == subject,
            credentials.c.revoked_at.is_(None),
            accounts.c.id == credentials.c.account,
        )
        .values(revoked_at=unit.now())
        .returning(accounts.c.organisation)
    )
    organisations = ended.scalars().all()
    for organisation in sorted(organisations):
        tell(unit, organisation, "credential_revoked", by, kind=APPROVAL)
    return len(organisations)


def _of(unit: UnitOfWork, actor: Actor, subject: str | None, kind: str) -> list[ColumnElement[bool]]:
    mine = [
        accounts.c.organisation == actor.organisation,
        credentials.c.kind == ("key" if subject is None else kind),
        credentials.c.revoked_at.is_(None),
        credentials.c.expires_at.is_(None) | (credentials.c.expires_at > unit.now()),
    ]
    return mine if subject is None else [*mine, credentials.c.subject == subject]


def _add(
    unit: UnitOfWork,
    actor: Actor,
    kind: str,
    name: str,
    scopes: list[str],
    subject: str | None,
    life: timedelta | None,
) -> tuple[Key, str]:
    secret, digest = new_secret()
    now = unit.now()
    made = Key(new_id("key" if subject is None else "link"), name, tuple(scopes), now, now + life if life else None)
    unit.connection.execute(
        credentials.insert().values(
            digest=digest,
            kind=kind,
            account=actor.account,
            id=made.id,
            name=name,
            scopes=scopes,
            subject=subject,
            csrf=secrets.token_urlsafe(24) if kind == APPROVAL else None,
            created_at=now,
            expires_at=made.expires_at,
        )
    )
    tell(unit, actor.organisation, "credential_made", actor.account, kind=kind)
    return made, secret
