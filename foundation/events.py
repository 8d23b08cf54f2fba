"""The event log: what happened to a subject, numbered per subject in commit order, followed without gaps.

Numbers are taken under the subject row's lock, so they appear in the order in which their transactions commit.
A follower of several subjects reads in (xid, id) order below the oldest transaction that runs: nothing that commits
later can appear behind its cursor. Transactions that take minutes and `stay_silent` are not waited for. The rows of a
subject are a hash chain; `foundation/audit.py` checks it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Row, select, text, tuple_

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from foundation.tables import event_subjects, events

CHANNEL = "forecourt_events"
_SILENT = 70_671, 1  # the key of a lock that nobody waits for: who holds it is silent


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


@dataclass(frozen=True)
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

    @cached_property
    def message(self) -> bytes:
        """The same as a server-sent event of its subject, written once however many follow."""
        return f"id: {self.number}\ndata: {json.dumps(self.to_json())}\n\n".encode()


def _hash(words: str) -> str:
    return f"encode(sha256(convert_to({words}, 'UTF8')), 'hex')"


def link(previous: str, subject: str, number: str, kind: str, data_digest: str, actor: str, at: str) -> str:
    """Give the SQL of an event's digest, from the SQL of what it covers; `foundation/audit.py` has it in Python."""
    micros = f"CAST(extract(epoch FROM {at}) * 1000000 AS bigint)"
    covered = f"jsonb_build_array({previous}, {subject}, {number}, {kind}, {data_digest}, {actor}, {micros})"
    return _hash(f"CAST({covered} AS text)")


def data_hash(data: str) -> str:
    """Give the SQL of the digest of an event's data: over PostgreSQL's own spelling, which reads back the same."""
    return _hash(f"CAST({data} AS text)")


def _link(previous: str, number: str, data_digest: str) -> str:
    subject, kind, actor = (f"CAST(%({name})s AS text)" for name in ("subject", "kind", "actor"))
    return link(previous, subject, number, kind, data_digest, actor, "CAST(%(at)s AS timestamptz)")


# One statement, under the row lock of the subject: the next number and the new head, then the row that they stand for.
_APPEND = f"""
    WITH told AS (SELECT CAST(%(data)s AS jsonb) AS data),
    hashed AS (SELECT data, {data_hash("data")} AS digest FROM told),
    head AS (
        INSERT INTO event_subjects AS mine (subject, last_number, head)
        SELECT CAST(%(subject)s AS text), 1, {_link("CAST('' AS text)", "1", "hashed.digest")} FROM hashed
        ON CONFLICT (subject) DO UPDATE SET
            last_number = mine.last_number + 1,
            head = {_link("mine.head", "mine.last_number + 1", "(SELECT digest FROM hashed)")}
        RETURNING last_number, head
    )
    INSERT INTO events (subject, number, kind, data, actor, occurred_at, data_digest, digest)
    SELECT %(subject)s, head.last_number, %(kind)s, hashed.data, %(actor)s, %(at)s, hashed.digest, head.head
    FROM head, hashed
    RETURNING number, pg_notify(%(channel)s, subject)
"""  # noqa: S608 - put together from constants


def append(unit: UnitOfWork, subject: str, kind: str, data: dict[str, Any], actor: str | None = None) -> int:
    """Write what happened into the transaction of the change it tells of; gives its number within the subject.

    Its digest covers the digest of the subject's event before it.
    """
    if unit.silent:
        raise RuntimeError("this unit of work has promised to tell nothing")
    told = {"subject": subject, "kind": kind, "data": Jsonb(data), "actor": actor, "at": unit.now(), "channel": CHANNEL}
    number: int = unit.rows(_APPEND, told)[0].number
    return number


def stay_silent(unit: UnitOfWork) -> None:
    """Promise, before anything is written, that this unit appends nothing; so no follower has to wait for its end."""
    unit.rows(f"SELECT pg_advisory_xact_lock_shared({_SILENT[0]}, {_SILENT[1]})")
    unit.silent = True


def newest_number(unit: UnitOfWork, subject: str) -> int:
    """Give the number of a subject's newest event; 0: nothing has happened to it."""
    last = select(event_subjects.c.last_number).where(event_subjects.c.subject == subject)
    return unit.connection.execute(last).scalar_one_or_none() or 0


def read(unit: UnitOfWork, subject: str, after: int = 0, limit: int = 500) -> list[Event]:
    """Give a subject's events with a number above `after`, in order."""
    rows = unit.connection.execute(
        select(events)
        .where(events.c.subject == subject, events.c.number > after)
        .order_by(events.c.number)
        .limit(limit)
    )
    return [_event(row) for row in rows]


# Of many subjects at once, each behind a place of its own.
_EACH = """
    SELECT told.*
    FROM unnest(CAST(%(subjects)s AS text[]), CAST(%(places)s AS bigint[])) AS place (subject, after)
    CROSS JOIN LATERAL (
        SELECT xid, id, subject, number, kind, data, actor, occurred_at
        FROM events
        WHERE events.subject = place.subject AND events.number > place.after
        ORDER BY events.number
        LIMIT %(most)s
    ) AS told
    ORDER BY told.subject, told.number
"""


def read_each(unit: UnitOfWork, places: Mapping[str, int], limit: int = 500) -> dict[str, list[Event]]:
    """Give, by subject, the events with a number above its place, in order; at most `limit` of each subject."""
    asked = {"subjects": list(places), "places": list(places.values()), "most": limit}
    found: dict[str, list[Event]] = {}
    for row in unit.rows(_EACH, asked):
        found.setdefault(row.subject, []).append(_event(row))
    return found


# The oldest transaction of this statement's snapshot that may still append. One that fell silent, or ended, between the
# snapshot and the look at its locks counts as if it might.
_SETTLED = f"""events.xid < (
    WITH locks AS MATERIALIZED (
        SELECT virtualtransaction AS owner, locktype, classid, objid, transactionid, mode FROM pg_locks
        WHERE locktype IN ('advisory', 'transactionid') AND granted
    )
    SELECT coalesce(min(running), pg_snapshot_xmax(pg_current_snapshot()))
    FROM pg_snapshot_xip(pg_current_snapshot()) AS running
    WHERE NOT EXISTS (
        SELECT FROM locks AS silent JOIN locks AS own USING (owner)
        WHERE silent.locktype = 'advisory' AND (silent.classid, silent.objid) = ({_SILENT[0]}, {_SILENT[1]})
            AND own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock'  -- who waited for another's may share it
            AND own.transactionid = CAST(running AS xid)
    )
)"""  # noqa: S608 - two numbers of ours


def read_many(unit: UnitOfWork, subjects: Sequence[str] | None, after: Cursor = START, limit: int = 500) -> list[Event]:
    """Give the settled events of several subjects (None: of all) behind the cursor, in (xid, id) order."""
    behind = text("(events.xid, events.id) > (CAST(:xid AS xid8), :id)").bindparams(xid=str(after.xid), id=after.id)
    rows = unit.connection.execute(
        select(events)
        .where(text(_SETTLED), behind, *(() if subjects is None else (events.c.subject.in_(subjects),)))
        .order_by(events.c.xid, events.c.id)
        .limit(limit)
    )
    return [_event(row) for row in rows]


def place_of(unit: UnitOfWork, since: datetime) -> Cursor | None:
    """Give the cursor right before the first event that occurred at an instant or later; None: there is none yet."""
    row = unit.connection.execute(
        select(events.c.xid, events.c.id)
        .where(events.c.occurred_at >= since)
        .order_by(events.c.xid, events.c.id)
        .limit(1)
    ).one_or_none()
    return Cursor(int(row.xid), row.id - 1) if row else None


def end_of_log(unit: UnitOfWork) -> Cursor:
    """Give the cursor behind everything that is settled now."""
    row = unit.connection.execute(
        select(events.c.xid, events.c.id)
        .where(text(_SETTLED))
        .order_by(tuple_(events.c.xid, events.c.id).desc())
        .limit(1)
    ).one_or_none()
    return Cursor(int(row.xid), row.id) if row else START


def _event(row: "Row[Any]") -> Event:
    return Event(Cursor(int(row.xid), row.id), row.subject, row.number, row.kind, row.data, row.actor, row.occurred_at)
