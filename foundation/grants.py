"""Sight: every row has an owning organisation, and grants open single subjects to other parties."""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.identity import Actor, Role
from foundation.tables import grants


def open_to(unit: UnitOfWork, subject: str, organisation: str, role: Role) -> None:
    """Open a subject (the id of a vehicle, case or order) to another organisation; again is no harm."""
    unit.connection.execute(
        insert(grants)
        .values(subject=subject, organisation=organisation, role=role.value, granted_at=unit.now())
        .on_conflict_do_nothing()
    )


def close_to(unit: UnitOfWork, subject: str, organisation: str) -> None:
    unit.connection.execute(grants.delete().where(grants.c.subject == subject, grants.c.organisation == organisation))


def visible(actor: Actor, owner: ColumnElement[str], subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Give the WHERE clause of what the actor may see: rows his organisation owns, and those opened to it."""
    opened = exists().where(and_(grants.c.subject == subject, grants.c.organisation == actor.organisation))
    return or_(owner == actor.organisation, opened)


def is_open_to(unit: UnitOfWork, subject: str, organisation: str) -> bool:
    """Whether a grant opens the subject to the organisation; what it owns itself needs none, and has none."""
    opened = exists().where(and_(grants.c.subject == subject, grants.c.organisation == organisation))
    return bool(unit.connection.execute(select(opened)).scalar_one())
