"""Sight: every row has an owning organisation, and grants open single subjects to other parties."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from foundation.audit import tell
from foundation.database import UnitOfWork
from foundation.identity import GRANTEES, Actor, Role
from foundation.tables import grants


def open_to(unit: UnitOfWork, subject: str, organisation: str, role: Role, by: str) -> None:
    """Open a subject (the id of a vehicle, case or order) to another organisation; again is no harm.

    `by` is the account that did what opens it, or the name of background work.
    """
    opened = unit.connection.execute(
        insert(grants)
        .values(subject=subject, organisation=organisation, role=role.value, granted_at=unit.now())
        .on_conflict_do_nothing()
        .returning(grants.c.subject)
    ).one_or_none()
    if opened is not None:
        tell(unit, f"grants:{subject}", "grant_opened", by, organisation=organisation, role=role.value)


def close_to(unit: UnitOfWork, subject: str, organisation: str, by: str) -> None:
    """Close a subject to another organisation again; again is no harm."""
    closed = unit.connection.execute(
        grants.delete().where(grants.c.subject == subject, grants.c.organisation == organisation)
    )
    if closed.rowcount:
        tell(unit, f"grants:{subject}", "grant_closed", by, organisation=organisation)


def visible(
    actor: Actor, owner: ColumnElement[str], subject: ColumnElement[str], itself: ColumnElement[str] | None = None
) -> ColumnElement[bool]:
    """Give the WHERE clause of what the actor may see: rows his organisation owns, and those opened to it.

    A link sees one subject of its organisation, or one row alone where `itself` names it: its id, beside the subject
    that opens it with others. What is opened to a house is for the roles that work there.
    """
    own = owner == actor.organisation
    if actor.only is not None:
        return and_(own, subject == actor.only if itself is None else or_(subject == actor.only, itself == actor.only))
    if actor.role not in GRANTEES:
        return own
    opened = exists().where(and_(grants.c.subject == subject, grants.c.organisation == actor.organisation))
    return or_(own, opened)


def of_house(actor: Actor, owner: ColumnElement[str], subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Give the WHERE clause of what belongs in a list of the actor's house.

    That is its own rows; for whose software serves others, the rows that were opened to it, too. A workshop sees
    what is opened to it through the repair it was opened for, not in a list of its own.
    """
    return visible(actor, owner, subject) if actor.role is Role.INTEGRATOR else owner == actor.organisation


def is_open_to(unit: UnitOfWork, subject: str, organisation: str) -> bool:
    """Whether a grant opens the subject to the organisation; what it owns itself needs none, and has none."""
    opened = exists().where(and_(grants.c.subject == subject, grants.c.organisation == organisation))
    return bool(unit.connection.execute(select(opened)).scalar_one())


def opened_to(unit: UnitOfWork, subjects: Sequence[str]) -> dict[str, frozenset[str]]:
    """Give, by subject, the organisations that a grant opens it to; a subject without any is left out."""
    found: dict[str, set[str]] = {}
    query = select(grants.c.subject, grants.c.organisation).where(grants.c.subject.in_(subjects))
    for row in unit.connection.execute(query):
        found.setdefault(row.subject, set()).add(row.organisation)
    return {subject: frozenset(organisations) for subject, organisations in found.items()}
