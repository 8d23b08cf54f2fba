"""The event log: what happened to a subject, numbered per subject in commit order, followed without gaps.

Numbers are taken under the subject row's lock, so they appear in the order in which their transactions commit.
A follower of several subjects reads below `pg_snapshot_xmin` in (xid, id) order: nothing that commits later can
appear behind its cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from foundation.tables import event_subjects, events

CHANNEL = "forecourt_events"


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the log as followers of several subjects see it; written `xid-id` on the wire."""

    xid: int
    id: int

    @classmethod
    def parse(cls, written: str) -> "Cursor":
        xid, _, number = written.partition("-")
        if not (xid.isdecimal() and number.isdecimal()):
            raise Invalid(f"{written!r} is no event id of ours")
        return cls(int(xid), int(number))

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"


START = Cursor(0, 0)


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log. `number` counts from 1 within `subject`."""

    cursor: Cursor
    subject: str
    number: int
    kind: str
    data: dict[str, Any]
    actor: str | None
    occurred_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "number": self.number,
            "kind": self.kind,
            "occurred_at": self.occurred_at.isoformat(),
            **self.data,
        }


def append(unit: UnitOfWork, subject: str, kind: str, data: dict[str, Any], actor: str | None = None) -> int:
    """Write what happened into the transaction of the change it tells of; gives its number within the subject."""
    number: int = unit.connection.execute(
        insert(event_subjects)
        .values(subject=subject, last_number=1)
        .on_conflict_do_update(
            index_elements=[event_subjects.c.subject], set_={"last_number": event_subjects.c.last_number + 1}
        )
        .returning(event_subjects.c.last_number)
    ).scalar_one()
    unit.connection.execute(
        events.insert().values(
            subject=subject, number=number, kind=kind, data=data, actor=actor, occurred_at=unit.now()
        )
    )
    unit.connection.execute(select(func.pg_notify(CHANNEL, subject)))
    return number


def read(unit: UnitOfWork, subject: str, after: int = 0, limit: int = 500) -> list[Event]:
    """Give a subject's events with a number above `after`, in order."""
    rows = unit.connection.execute(
        select(events)
        .where(events.c.subject == subject, events.c.number > after)
        .order_by(events.c.number)
        .limit(limit)
    )
    return [_event(row) for row in rows]


def read_many(unit: UnitOfWork, subjects: Sequence[str], after: Cursor = START, limit: int = 500) -> list[Event]:
    """Give the settled events of several subjects behind the cursor, in (xid, id) order."""
    settled = text("events.xid < pg_snapshot_xmin(pg_current_snapshot())")
    behind = text("(events.xid, events.id) > (CAST(:xid AS xid8), :id)").bindparams(xid=str(after.xid), id=after.id)
    rows = unit.connection.execute(
        select(events)
        .where(events.c.subject.in_(subjects), settled, behind)
        .order_by(events.c.xid, events.c.id)
        .limit(limit)
    )
    return [_event(row) for row in rows]


def end_of_log(unit: UnitOfWork) -> Cursor:
    """Give the cursor behind everything that is settled now."""
    row = unit.connection.execute(
        select(events.c.xid, events.c.id)
        .where(text("events.xid < pg_snapshot_xmin(pg_current_snapshot())"))
        .order_by(tuple_(events.c.xid, events.c.id).desc())
        .limit(1)
    ).one_or_none()
    return Cursor(int(row.xid), row.id) if row else START


def _event(row: "Row[Any]") -> Event:
    return Event(Cursor(int(row.xid), row.id), row.subject, row.number, row.kind, row.data, row.actor, row.occurred_at)
