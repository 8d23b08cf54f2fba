"""Passwords: hashed and tried while no connection of the database is held, for that takes long on purpose.

So each act looks first, works, and writes in a second unit, which holds only if what was read still stands. Call them
from a worker thread, never from the event loop. Blanks around a password do not count, on a page as in the API.
"""

import secrets
from collections.abc import Callable

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, update

from foundation.audit import tell
from foundation.database import Database, UnitOfWork
from foundation.identity import FRESH, Actor, actor_in, digest_of, note_failed_sign_in
from foundation.refusals import Conflict, Forbidden, Invalid, Unauthenticated
from foundation.sessions import end_other_sessions
from foundation.tables import accounts, credentials

LEAST_PASSWORD = 10
_ARGON2 = PasswordHash((Argon2Hasher(),))


def hash_of(password: str) -> str:
    """Give what is kept of a password."""
    return _ARGON2.hash(password.strip())


def sign_in(
    database: Database, email: str, password: str, enter: Callable[[UnitOfWork, Actor], str]
) -> tuple[Actor, str]:
    """Try a password, and give the actor with what `enter` issued to him.

    Raises `Unauthenticated`, which says the same for an unknown address as for a wrong password, after the same work.
    Either outcome is told.
    """
    address = email.strip().lower()
    with database.unit() as unit:
        known: str | None = unit.connection.execute(
            select(accounts.c.password_hash).where(accounts.c.email == address, accounts.c.revoked_at.is_(None))
        ).scalar_one_or_none()
    fits = _fits(password, known or _decoy())
    with database.unit() as unit:
        still = accounts.c.email == address, accounts.c.password_hash == known, accounts.c.revoked_at.is_(None)
        row = unit.connection.execute(select(accounts).where(*still)).one_or_none()
        if fits and row is not None:
            actor = actor_in(row)
            tell(unit, actor.organisation, "signed_in", actor.account, by="password")
            return actor, enter(unit, actor)
        note_failed_sign_in(unit, email)
    raise Unauthenticated("the e-mail address or the password is wrong")


def show_oneself(database: Database, actor: Actor, secret: str, password: str | None) -> None:
    """Raise `Forbidden` unless the account's password is right.

    Where it has none, the credential that asks (`secret`) has to come from a sign-in of the last minutes.
    """
    with database.unit() as unit:
        known = _known(unit, actor)
        fresh = known is None and is_fresh(unit, actor, secret)
    _prove(known, password, fresh=fresh)


def set_password(database: Database, actor: Actor, secret: str, password: str, current: str | None) -> None:
    """Give the account a new password, and end all its sign-ins but the one that asks (`secret`).

    The password before is asked for, unless there was none or it is forgotten: then a sign-in of the last minutes, by
    a link. Raises `Invalid` for one that is easily guessed, `Forbidden`, and `Conflict` when it was changed meanwhile.
    """
    if len(password.strip()) < LEAST_PASSWORD:
        raise Invalid(
            f"a password has at least {LEAST_PASSWORD} characters",
            why="password_too_short",
            told={"least": LEAST_PASSWORD},
        )
    mine = accounts.c.id == actor.account
    with database.unit() as unit:
        known = _known(unit, actor)
        fresh = is_fresh(unit, actor, secret, by_link=known is not None)
        address = unit.connection.execute(select(accounts.c.email).where(mine)).scalar_one()
    if password.strip().lower() == address:
        raise Invalid("the e-mail address is no password", why="password_is_address")
    _prove(known, current, fresh=fresh)
    made = hash_of(password)
    with database.unit() as unit:
        still = mine, accounts.c.password_hash.is_not_distinct_from(known), accounts.c.revoked_at.is_(None)
        if unit.connection.execute(update(accounts).where(*still).values(password_hash=made)).rowcount == 0:
            raise Conflict("the password was changed meanwhile", why="password_changed")
        tell(unit, actor.organisation, "password_set", actor.account)
        end_other_sessions(unit, actor, secret, links=True)


def is_fresh(unit: UnitOfWork, actor: Actor, secret: str, *, by_link: bool = False) -> bool:
    """Whether the credential that asks comes from a sign-in of the last minutes; `by_link`: from one by a link."""
    begun = credentials.c.begun_by == "link" if by_link else credentials.c.begun_by.is_distinct_from("turn")
    asks = select(credentials.c.digest).where(
        credentials.c.digest == digest_of(secret),
        credentials.c.account == actor.account,
        credentials.c.revoked_at.is_(None),
        credentials.c.created_at > unit.now() - FRESH,
        begun,
    )
    return unit.connection.execute(asks).one_or_none() is not None


def _known(unit: UnitOfWork, actor: Actor) -> str | None:
    known: str | None = unit.connection.execute(
        select(accounts.c.password_hash).where(accounts.c.id == actor.account)
    ).scalar_one()
    return known


def _prove(known: str | None, password: str | None, *, fresh: bool) -> None:
    if fresh:
        return
    if known is None:
        raise Forbidden("this asks for a sign-in of the last minutes; sign in again", why="signed_in_lately")
    if password is None or not _fits(password, known):
        raise Forbidden("this asks for the account's password, and that was not it", why="wrong_password")


def _fits(password: str, known: str) -> bool:
    return _ARGON2.verify(password.strip(), known)


_decoys: list[str] = []


def _decoy() -> str:
    if not _decoys:
        _decoys.append(hash_of(secrets.token_urlsafe(16)))
    return _decoys[0]
