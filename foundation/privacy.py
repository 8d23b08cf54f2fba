"""A person's data in the ground: what is known of him, exported and erased, and what may only be kept for a time.

Every package has a file of this name with the same three words: PERSONAL and IMPERSONAL name each column of its tables,
`export_of` gives what it holds of a person, `erase` replaces it. `forecourt/privacy.py` puts them together.

An owner who is alone in his organisation is private: what belongs to the organisation, cars included, is his. Anybody
else takes his account with him, and what he wrote in his own name; a fleet's cars are the fleet's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, Text, cast, delete, false, func, or_, select, update

from foundation.audit import DATA_ERASED, STRANGERS, erase_data
from foundation.database import UnitOfWork
from foundation.identity import Actor, Role, address_digest
from foundation.refusals import NotFound
from foundation.tables import accounts, credentials, events, grants, idempotency_keys, organisations

KEYS_KEPT = timedelta(days=7)
CREDENTIALS_KEPT = timedelta(days=30)  # behind their end
ERASED = "erased"  # what stands where a name has to

PERSONAL: Mapping[str, str] = {
    "accounts": "email name language password_hash",
    "organisations": "name",
    "credentials": "digest csrf name",
    "events": "data",
    "idempotency_keys": "answer body_digest key",
}
IMPERSONAL: Mapping[str, str] = {
    "accounts": "id organisation role revoked_at created_at",
    "organisations": "id created_at",
    "credentials": "id kind account scopes subject begun_by created_at expires_at revoked_at",
    "events": "id xid subject number kind actor occurred_at data_digest digest erased_at",
    "event_subjects": "subject last_number head",
    "seals": "number sealed_at heads digest",
    "sealed_heads": "subject number head seal",
    "grants": "subject organisation role granted_at",
    "idempotency_keys": "account route created_at",
    "clock_offset": "only_row offset",
}

# What stays of an event of an erased person's car, case or order: ids, states, and the fixed words for them.
KEPT_OF_EVENTS = frozenset(
    {
        "en", "zh", "step", "state", "case", "appointment", "repair_order", "finding", "command", "asked", "offer",
        "workshop", "lines", "wish",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data it is; `private`: nobody else is in his organisation, so that its cars are his."""

    account: str
    organisation: str
    role: Role
    email: str
    name: str
    private: bool
    has_password: bool

    @property
    def actor(self) -> Actor:
        return Actor(self.account, self.organisation, self.role, self.name)


Rows = list[dict[str, Any]]


def person_of(unit: UnitOfWork, actor: Actor) -> Person:
    """Give the person behind an account; raises `NotFound` for what no person is, and for who is erased already."""
    return _person(unit, accounts.c.id == actor.account, f"there is no account {actor.account}")


def person_named(unit: UnitOfWork, email: str) -> Person:
    """Give a person by e-mail address, whether his account is closed or not: for the server's own command line."""
    return _person(unit, accounts.c.email == email.strip().lower(), f"there is no account {email}")


def _person(unit: UnitOfWork, wanted: ColumnElement[bool], otherwise: str) -> Person:
    row = unit.connection.execute(select(accounts).where(wanted)).one_or_none()
    if row is None:
        raise NotFound(otherwise)
    others = select(func.count()).where(
        accounts.c.organisation == row.organisation, accounts.c.id != row.id, accounts.c.revoked_at.is_(None)
    )
    alone = unit.connection.execute(others).scalar_one() == 0
    role = Role(row.role)
    private = alone and role is Role.OWNER
    return Person(row.id, row.organisation, role, row.email, row.name, private, row.password_hash is not None)


def rows_of(unit: UnitOfWork, table: Table, *wanted: ColumnElement[bool], without: str = "") -> Rows:
    """Give rows as they are stored, in the order of their key, without secrets."""
    columns = [column for column in table.columns if column.name not in without.split()]
    query = select(*columns).where(*wanted).order_by(*table.primary_key.columns)
    return [dict(row) for row in unit.connection.execute(query).mappings()]


def export_of(unit: UnitOfWork, person: Person, subjects: Iterable[str]) -> dict[str, Rows]:
    """Give the account, its credentials without their secrets, who else may see, and every event by or about him."""
    about = sorted({*subjects, *({person.organisation} if person.private else ())})
    return {
        "organisations": rows_of(unit, organisations, organisations.c.id == person.organisation),
        "accounts": rows_of(unit, accounts, accounts.c.id == person.account, without="password_hash"),
        "credentials": rows_of(unit, credentials, credentials.c.account == person.account, without="digest csrf"),
        "grants": rows_of(unit, grants, grants.c.subject.in_(about)),
        "events": rows_of(
            unit, events, or_(events.c.actor == person.account, events.c.subject.in_(about)), without="xid"
        ),
    }


def erase(unit: UnitOfWork, person: Person, subjects: Iterable[str], by: str) -> None:
    """Erase the account, its credentials and what was kept of its requests, and the data of the events about him."""
    named = {"email": f"{person.account}@erased.invalid", "name": ERASED, "language": None, "password_hash": None}
    closed = func.coalesce(accounts.c.revoked_at, unit.now())
    run = unit.connection.execute
    run(update(accounts).where(accounts.c.id == person.account).values(**named, revoked_at=closed))
    run(delete(credentials).where(credentials.c.account == person.account))
    if person.private:
        run(update(organisations).where(organisations.c.id == person.organisation).values(name=ERASED))
    mine = sorted(subjects)
    # An answer that the other side keeps for its repeats tells of the same cars and cases.
    tells = or_(false(), *(cast(idempotency_keys.c.answer, Text).contains(f'"{it}"', autoescape=True) for it in mine))
    run(delete(idempotency_keys).where(or_(idempotency_keys.c.account == person.account, tells)))
    for subject in mine:
        told = select(events).where(events.c.subject == subject, events.c.kind != DATA_ERASED)
        erase_data(unit, subject, {row.number: _kept(row) for row in run(told)}, by)
    address = address_digest(person.email)
    for subject in sorted({person.organisation, STRANGERS}):
        failed = events.c.subject == subject, events.c.data["address"].astext == address
        erase_data(unit, subject, {row.number: {"address": None} for row in run(select(events).where(*failed))}, by)


def _kept(row: "Row[Any]") -> dict[str, Any]:
    return {name: value if name in KEPT_OF_EVENTS else None for name, value in row.data.items()}


def sweep(unit: UnitOfWork) -> int:
    """Delete what has served its time: ended sessions, used and expired links, old idempotency keys; gives how many."""
    now = unit.now()
    over = func.least(credentials.c.expires_at, credentials.c.revoked_at)
    gone = unit.connection.execute(delete(credentials).where(over < now - CREDENTIALS_KEPT)).rowcount
    keys = delete(idempotency_keys).where(idempotency_keys.c.created_at < now - KEYS_KEPT)
    return gone + unit.connection.execute(keys).rowcount
