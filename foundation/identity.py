"""Who acts: organisations, accounts with a closed list of roles, bearer tokens, page sessions, sign-in links."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update

from foundation.audit import STRANGERS, tell
from foundation.database import UnitOfWork, new_id
from foundation.refusals import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from foundation.tables import accounts, credentials, organisations

SESSION_LIFE = timedelta(days=14)
TOKEN_LIFE = timedelta(days=30)
LINK_LIFE = timedelta(hours=12)
FRESH = timedelta(minutes=15)  # how long a sign-in counts as having just shown who one is


class Role(StrEnum):
    OWNER = "owner"
    TECHNICIAN = "technician"
    ADVISOR = "advisor"
    PARTS_MANAGER = "parts_manager"
    WORKSHOP_MANAGER = "workshop_manager"
    FLEET_OPERATOR = "fleet_operator"
    INTEGRATOR = "integrator"
    ADMINISTRATOR = "administrator"


WORKSHOP_ROLES = frozenset({Role.TECHNICIAN, Role.ADVISOR, Role.WORKSHOP_MANAGER})
OWNER_ROLES = frozenset({Role.OWNER, Role.FLEET_OPERATOR})
# What is opened to an organisation is opened to those who work there.
GRANTEES = WORKSHOP_ROLES | {Role.PARTS_MANAGER, Role.INTEGRATOR, Role.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks: an account, the organisation it belongs to and its role there.

    A key reaches as far as its `scopes`; a tracking or approval link reaches `only` one subject, as far as its scopes.
    None: all that the role may.
    """

    account: str
    organisation: str
    role: Role
    name: str = ""
    language: str | None = None
    scopes: frozenset[str] | None = None
    only: str | None = None

    def must_be(self, *roles: Role) -> None:
        """Raise `Forbidden` unless the actor has one of the roles; administrators of the organisation always may."""
        if self.role is not Role.ADMINISTRATOR and self.role not in roles:
            raise Forbidden(f"the role {self.role} may not do this")


def desk_of(organisation: str) -> Actor:
    """Give the actor of background work that is done in an organisation's own name."""
    return Actor(account="desk", organisation=organisation, role=Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in page: who, and the token that its forms must carry (against cross-site requests)."""

    actor: Actor
    csrf: str


def add_organisation(unit: UnitOfWork, name: str, id: str | None = None) -> str:  # noqa: A002 - the column's name
    if not name.strip():
        raise Invalid("an organisation needs a name", why="name_needed")
    organisation = id or new_id("org")
    unit.connection.execute(organisations.insert().values(id=organisation, name=name.strip(), created_at=unit.now()))
    return organisation


def organisation_name(unit: UnitOfWork, organisation: str) -> str:
    name: str | None = unit.connection.execute(
        select(organisations.c.name).where(organisations.c.id == organisation)
    ).scalar_one_or_none()
    if name is None:
        raise NotFound(f"there is no organisation {organisation}")
    return name


def list_organisations(unit: UnitOfWork) -> list[tuple[str, str]]:
    """Give (id, name) of every organisation; for the server's own command line only."""
    rows = unit.connection.execute(select(organisations.c.id, organisations.c.name).order_by(organisations.c.name))
    return [(row.id, row.name) for row in rows]


def add_account(
    unit: UnitOfWork,
    email: str,
    role: Role,
    organisation: str,
    *,
    name: str = "",
    language: str | None = None,
    password_hash: str | None = None,
    by: str | None = None,
) -> Actor:
    """Create an account; `by` is the account that does, `password_hash` from `passwords.hash_of`.

    Raises `NotFound` for an unknown organisation, `Conflict` for an e-mail that is taken.
    """
    organisation_name(unit, organisation)
    address = email.strip().lower()
    if "@" not in address:
        raise Invalid(f"{email!r} is no e-mail address", why="no_mail_address", told={"written": email})
    taken = unit.connection.execute(select(accounts.c.id).where(accounts.c.email == address)).scalar_one_or_none()
    if taken is not None:
        raise Conflict(f"there is an account {address} already", why="account_there", told={"address": address})
    account = new_id("acc")
    unit.connection.execute(
        accounts.insert().values(
            id=account,
            email=address,
            name=name or address.split("@", 1)[0],
            organisation=organisation,
            role=role.value,
            language=language,
            password_hash=password_hash,
            created_at=unit.now(),
        )
    )
    tell(unit, organisation, "account_made", by, account=account, role=role.value)
    return Actor(account, organisation, role, name or address.split("@", 1)[0], language)


def list_accounts(unit: UnitOfWork) -> list[tuple[str, str, str, str, bool]]:
    """Give (id, email, role, organisation, revoked) of every account; for the server's own command line only."""
    rows = unit.connection.execute(select(accounts).order_by(accounts.c.email))
    return [(row.id, row.email, row.role, row.organisation, row.revoked_at is not None) for row in rows]


def account_named(unit: UnitOfWork, email: str) -> Actor:
    row = unit.connection.execute(select(accounts).where(accounts.c.email == email.strip().lower())).one_or_none()
    if row is None:
        raise NotFound(f"there is no account {email}")
    return actor_in(row)


def open_accounts(unit: UnitOfWork, wanted: Iterable[str]) -> set[str]:
    """Give those of the accounts that are not closed: for what somebody agreed to before it is carried out."""
    chosen = select(accounts.c.id).where(accounts.c.id.in_(sorted(wanted)), accounts.c.revoked_at.is_(None))
    return set(unit.connection.execute(chosen).scalars())


def names_of(unit: UnitOfWork, wanted: Iterable[str]) -> dict[str, str]:
    """Give the names of accounts by id, whether they are closed or not: for what somebody did, beside what he did."""
    chosen = select(accounts.c.id, accounts.c.name).where(accounts.c.id.in_(sorted(wanted)))
    return {row.id: row.name for row in unit.connection.execute(chosen)}


def members(unit: UnitOfWork, organisation: str, roles: Iterable[Role]) -> list[Actor]:
    """Give an organisation's open accounts with one of the roles, by id: for what is told to a side as a whole."""
    chosen = select(accounts).where(
        accounts.c.organisation == organisation, accounts.c.role.in_(sorted(roles)), accounts.c.revoked_at.is_(None)
    )
    return [actor_in(row) for row in unit.connection.execute(chosen.order_by(accounts.c.id))]


def open_account(unit: UnitOfWork, account: str) -> Actor | None:
    """Give an account that is not closed, or None: it was closed, or nobody in person acted."""
    chosen = select(accounts).where(accounts.c.id == account, accounts.c.revoked_at.is_(None))
    row = unit.connection.execute(chosen).one_or_none()
    return actor_in(row) if row is not None else None


def address_of(unit: UnitOfWork, account: str) -> str:
    """Give the e-mail address of an account: for what its owner agreed to be sent."""
    address: str = unit.connection.execute(select(accounts.c.email).where(accounts.c.id == account)).scalar_one()
    return address


def revoke_account(unit: UnitOfWork, account: str, by: str | None = None) -> None:
    """Close an account and void all its credentials at once."""
    now = unit.now()
    organisation = unit.connection.execute(
        update(accounts)
        .where(accounts.c.id == account, accounts.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(accounts.c.organisation)
    ).scalar_one_or_none()
    if organisation is None:
        raise NotFound(f"there is no open account {account}")
    unit.connection.execute(
        update(credentials)
        .where(credentials.c.account == account, credentials.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    tell(unit, organisation, "account_revoked", by, account=account)


def issue_token(unit: UnitOfWork, actor: Actor, life: timedelta = TOKEN_LIFE) -> str:
    """Give a new bearer token; only its digest is kept, so it can be shown this once."""
    return issue(unit, actor, "bearer", life)


def issue_link(unit: UnitOfWork, actor: Actor) -> str:
    """Give the secret of a sign-in link that works once."""
    return issue(unit, actor, "sign_in_link", LINK_LIFE)


def renew_link(unit: UnitOfWork, actor: Actor, by: str) -> str:
    """Give an account another sign-in link; those of it that nobody has used are void. `by` is who made it."""
    waiting = (credentials.c.account == actor.account, credentials.c.kind == "sign_in_link")
    unit.connection.execute(
        update(credentials).where(*waiting, credentials.c.revoked_at.is_(None)).values(revoked_at=unit.now())
    )
    tell(unit, actor.organisation, "link_renewed", by, account=actor.account)
    return issue_link(unit, actor)


def note_failed_sign_in(unit: UnitOfWork, email: str) -> None:
    """Tell of a sign-in that was refused."""
    address = email.strip().lower()
    whose = select(accounts.c.organisation).where(accounts.c.email == address)
    organisation: str | None = unit.connection.execute(whose).scalar_one_or_none()
    tell(unit, organisation or STRANGERS, "sign_in_failed", None, address=address_digest(address))


def address_digest(address: str) -> str:
    """Give what the log holds in place of an e-mail address."""
    return digest_of(address.strip().lower())


def actor_of_token(unit: UnitOfWork, token: str) -> Actor:
    """Give the actor of a token, key, tracking or approval link; raises `Unauthenticated` if it is unknown or over."""
    row = find_credential(unit, token, "bearer", "key", "tracking_link", "approval_link")
    return actor_in(row) if row.kind == "bearer" else _reaching(row)


def holder_of(unit: UnitOfWork, secret: str) -> Session:
    """Give who holds an approval link: the person it was sent to, reaching no further, and the token of its forms."""
    row = find_credential(unit, secret, "approval_link")
    return Session(_reaching(row), row.csrf)


def _reaching(row: Any) -> Actor:
    actor = actor_in(row)
    role = Role.INTEGRATOR if row.kind == "key" else actor.role
    return replace(actor, role=role, scopes=frozenset(row.scopes), only=row.subject)


def open_session(unit: UnitOfWork, link: str) -> str:
    """Use up a sign-in link and give the secret of a new page session."""
    row = find_credential(unit, link, "sign_in_link")
    used = unit.connection.execute(
        update(credentials)
        .where(credentials.c.digest == digest_of(link), credentials.c.revoked_at.is_(None))
        .values(revoked_at=unit.now())
    )
    if used.rowcount == 0:
        raise Unauthenticated("this sign-in link was used before")
    tell(unit, row.organisation, "signed_in", row.id, by="link")
    return issue(unit, actor_in(row), "session", SESSION_LIFE, csrf=secrets.token_urlsafe(24), begun_by="link")


def start_session(unit: UnitOfWork, actor: Actor) -> str:
    """Give the secret of a new page session for an actor who has just shown his password."""
    return issue(unit, actor, "session", SESSION_LIFE, csrf=secrets.token_urlsafe(24), begun_by="password")


def session_of(unit: UnitOfWork, secret: str) -> Session:
    row = find_credential(unit, secret, "session")
    return Session(actor_in(row), row.csrf)


def end_session(unit: UnitOfWork, secret: str) -> None:
    """End a page session or a bearer token; again is no harm."""
    ended = unit.connection.execute(
        update(credentials)
        .where(
            credentials.c.digest == digest_of(secret),
            credentials.c.revoked_at.is_(None),
            accounts.c.id == credentials.c.account,
        )
        .values(revoked_at=unit.now())
        .returning(accounts.c.id, accounts.c.organisation, credentials.c.kind)
    ).one_or_none()
    if ended is not None:
        tell(unit, ended.organisation, "credential_revoked", ended.id, kind=ended.kind)


def new_secret() -> tuple[str, str]:
    """Give a secret of a new credential, and the digest that is kept of it."""
    secret = secrets.token_urlsafe(32)
    return secret, digest_of(secret)


def issue(
    unit: UnitOfWork, actor: Actor, kind: str, life: timedelta, csrf: str | None = None, begun_by: str | None = None
) -> str:
    """Give the secret of a new credential of a kind; `begun_by` is how its person showed himself."""
    secret, digest = new_secret()
    now = unit.now()
    unit.connection.execute(
        credentials.insert().values(
            digest=digest,
            kind=kind,
            account=actor.account,
            csrf=csrf,
            begun_by=begun_by,
            created_at=now,
            expires_at=now + life,
        )
    )
    tell(unit, actor.organisation, "credential_made", actor.account, kind=kind)
    return secret


def find_credential(unit: UnitOfWork, secret: str, *kinds: str) -> Any:
    """Give the account of a valid credential of one of the kinds; raises `Unauthenticated` when there is none."""
    rows = unit.rows(_CREDENTIAL, {"digest": digest_of(secret), "kinds": list(kinds)})
    row = rows[0] if rows else None
    if row is None or (row.expires_at is not None and row.expires_at <= unit.now()):
        raise Unauthenticated("this credential is not valid, or no longer")
    return row


# Asked by every request.
_CREDENTIAL = """
    SELECT a.*, c.kind, c.expires_at, c.csrf, c.scopes, c.subject, c.created_at AS issued_at
    FROM accounts a JOIN credentials c ON c.account = a.id
    WHERE c.digest = %(digest)s AND c.kind = ANY(%(kinds)s::text[])
    AND c.revoked_at IS NULL AND a.revoked_at IS NULL
"""


def actor_in(row: Any) -> Actor:
    """Give the actor that a row of accounts names."""
    return Actor(row.id, row.organisation, Role(row.role), row.name, row.language)


def digest_of(secret: str) -> str:
    """Give what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
