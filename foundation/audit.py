"""The audit trail: the event log as a hash chain per subject, seals over all its heads, and what is told for safety.

    digest(n) = SHA-256 of the JSON array [digest(n - 1) or "", subject, n, kind, data_digest, actor, microseconds]
    data_digest = SHA-256 of the data as PostgreSQL writes it
    seal(n) = SHA-256 of the JSON array [seal(n - 1) or "", n, microseconds, [[subject, number, head], ...]]

A chain shows that a row was changed, removed, put in or put elsewhere; a seal, that a whole subject was removed.
Whoever can write every table can make a new chain: against him, keep the digest of a seal elsewhere (`expected`).

A person's data leaves the log without breaking it: `data` is replaced, `data_digest` stays, and a further event of the
subject, `data_erased`, tells the digest of what stands there now. What is replaced without such an event is a break.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, and_, func, select, text

from foundation.database import UnitOfWork
from foundation.events import append
from foundation.tables import event_subjects, events, sealed_heads, seals

DATA_ERASED = "data_erased"
STRANGERS = "strangers"  # the subject of what cannot be told of any organisation

# What is told for safety, on the organisation's own subject; grants on `grants:SUBJECT`, beside what they open.
SECURITY_EVENTS: Mapping[str, str] = {
    "account_made": "an account was made, with its role",
    "link_renewed": "an administrator made a new sign-in link for an account",
    "account_revoked": "an account was closed, and all its credentials with it",
    "signed_in": "somebody signed in, by password or by link",
    "sign_in_failed": "somebody failed to: the digest of the address alone",
    "credential_made": "a token, session, link or a webhook's new secret was made",
    "credential_revoked": "one of them was ended or used up",
    "webhook_named": "an address was named to which what happens is sent, another one, or none any more: its digest",
    "password_set": "an account was given a new password",
    "grant_opened": "a vehicle or case was opened to another organisation",
    "grant_closed": "it was closed to it again",
    "access_refused": "a role was not enough for what its account asked for",
    "data_exported": "a person's data was exported",
    "person_erased": "a person was erased",
}
_SEAL_LOCK = 0x1F0E
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the log is not what was written."""

    subject: str
    number: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the whole log found. `seal` is the last seal's (number, digest): worth keeping elsewhere."""

    subjects: int
    events: int
    erased: int
    seals: int
    seal: tuple[int, str] | None
    broken: Broken | None

    def to_json(self) -> dict[str, Any]:
        last = {"number": self.seal[0], "digest": self.seal[1]} if self.seal else None
        broken = None
        if self.broken:
            broken = {"subject": self.broken.subject, "number": self.broken.number, "what": self.broken.what}
        counts = {"subjects": self.subjects, "events": self.events, "erased": self.erased, "seals": self.seals}
        return {"whole": broken is None, **counts, "seal": last, "broken": broken}


class _Break(Exception):  # noqa: N818 - it ends the reading of a log, and is told as `Broken`
    def __init__(self, subject: str, number: int | None, what: str) -> None:
        super().__init__(what)
        self.broken = Broken(subject, number, what)


@dataclass(slots=True)
class _Counts:
    subjects: int = 0
    events: int = 0
    erased: int = 0
    seals: int = 0
    seal: tuple[int, str] | None = None


def tell(unit: UnitOfWork, subject: str, kind: str, actor: str | None, /, **data: Any) -> None:
    """Tell of something that matters for safety, in the transaction of what it tells of: ids and digests only."""
    if kind not in SECURITY_EVENTS:
        raise ValueError(f"{kind!r} is not among what is told for safety")
    append(unit, subject, kind, data, actor)


def seal(unit: UnitOfWork) -> int | None:
    """Seal the heads that moved since the last seal; gives the seal's number, None when none did."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(_SEAL_LOCK)))
    sealed = and_(
        sealed_heads.c.subject == event_subjects.c.subject, sealed_heads.c.number == event_subjects.c.last_number
    )
    moved = unit.connection.execute(
        select(event_subjects)
        .where(~select(sealed_heads.c.seal).where(sealed).exists())
        .order_by(event_subjects.c.subject.collate("C"))
    ).all()
    if not moved:
        return None
    last = unit.connection.execute(select(seals).order_by(seals.c.number.desc()).limit(1)).one_or_none()
    number, now = (last.number + 1 if last else 1), unit.now()
    heads = [(row.subject, row.last_number, row.head) for row in moved]
    digest = _seal_digest(last.digest if last else "", number, now, heads)
    unit.connection.execute(seals.insert().values(number=number, sealed_at=now, heads=len(heads), digest=digest))
    unit.connection.execute(
        sealed_heads.insert(), [{"subject": s, "number": n, "head": h, "seal": number} for s, n, h in heads]
    )
    return number


def verify(unit: UnitOfWork, expected: str | None = None) -> Verdict:
    """Read the whole log and give what was found, up to the first broken place.

    `expected`: the digest of a seal that was kept elsewhere. The unit must be a new one: it reads one instant's state.
    """
    unit.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    counts = _Counts()
    broken: Broken | None = None
    try:
        _verify_chains(unit, counts)
        _verify_seals(unit, counts, expected)
    except _Break as found:
        broken = found.broken
    return Verdict(counts.subjects, counts.events, counts.erased, counts.seals, counts.seal, broken)


def erase_data(unit: UnitOfWork, subject: str, kept: dict[int, dict[str, Any]], actor: str) -> int:
    """Replace the data of a subject's events, by number, with what may be kept; gives how many were not so already.

    The chain still holds: the replacement is told by an event of its own.
    """
    changed: dict[str, str] = {}
    for number, data in sorted(kept.items()):
        row = unit.connection.execute(
            events.update()
            .where(events.c.subject == subject, events.c.number == number, events.c.data != data)
            .values(data=data, erased_at=unit.now())
            .returning(text("CAST(data AS text)"))
        ).scalar_one_or_none()
        if row is not None:
            changed[str(number)] = _sha256(row)
    if changed:
        append(unit, subject, DATA_ERASED, {"now": changed}, actor)
    return len(changed)


@dataclass(slots=True)
class _Chain:
    """One subject's events as they are read, in order."""

    subject: str
    digest: str = ""
    number: int = 0
    replaced: dict[int, str] = field(default_factory=dict)  # number -> digest of what stands there now
    told: dict[int, str] = field(default_factory=dict)  # number -> digest that a later event tells of

    def take(self, row: "Row[Any]") -> None:
        if row.number != self.number + 1:
            raise _Break(self.subject, self.number + 1, "an event is missing")
        covered = [self.digest, row.subject, row.number, row.kind, row.data_digest, row.actor, _micros(row.occurred_at)]
        if _sha256(_json(covered)) != row.digest:
            raise _Break(self.subject, row.number, "the event is not the one that was written here")
        data = _sha256(row.written)
        if row.erased_at is not None:
            self.replaced[row.number] = data
        elif data != row.data_digest:
            raise _Break(self.subject, row.number, "the data of the event was changed")
        elif row.kind == DATA_ERASED:
            now: dict[str, str] = json.loads(row.written)["now"]
            self.told |= {int(number): digest for number, digest in now.items()}
        self.digest, self.number = row.digest, row.number

    def end(self, said: "Row[Any] | None") -> None:
        """Check the whole chain against what its subject's row says of it."""
        for number, digest in self.replaced.items():
            if self.told.get(number) != digest:
                raise _Break(self.subject, number, "the data was replaced, and no erasure tells of it")
        if said is None:
            raise _Break(self.subject, None, "the subject is missing, its events are there")
        if (said.last_number, said.head) != (self.number, self.digest):
            raise _Break(self.subject, self.number + 1, "events are missing at the end")


def _verify_chains(unit: UnitOfWork, counts: _Counts) -> None:
    """Check every chain against itself and against the head that its subject holds."""
    names = ("subject", "number", "kind", "actor", "occurred_at", "data_digest", "digest", "erased_at")
    subjects = select(event_subjects).order_by(event_subjects.c.subject.collate("C"))
    log = select(*(events.c[name] for name in names), text("CAST(data AS text) AS written")).order_by(
        events.c.subject.collate("C"), events.c.number
    )
    run = unit.connection.execute
    with run(_streamed(subjects)) as heads, run(_streamed(log)) as rows:
        last = next(heads, None)
        for subject, mine in groupby(rows, key=lambda row: str(row.subject)):
            if last is not None and last.subject.encode() < subject.encode():
                break
            chain = _Chain(subject)
            for row in mine:
                chain.take(row)
                counts.events += 1
                counts.erased += row.erased_at is not None
            chain.end(last if last is not None and last.subject == subject else None)
            counts.subjects += 1
            last = next(heads, None)
        if last is not None:
            raise _Break(last.subject, 1, "the subject's events are missing")


def _streamed(query: "Select[Any]") -> "Select[Any]":
    return query.execution_options(yield_per=_AT_ONCE)


def _verify_seals(unit: UnitOfWork, counts: _Counts, expected: str | None) -> None:
    """Check that each seal covers its heads, and that every sealed head is still an event of the log."""
    lost = unit.connection.execute(
        select(sealed_heads.c.subject, sealed_heads.c.number)
        .outerjoin(
            events,
            and_(
                events.c.subject == sealed_heads.c.subject,
                events.c.number == sealed_heads.c.number,
                events.c.digest == sealed_heads.c.head,
            ),
        )
        .where(events.c.id.is_(None))
        .order_by(sealed_heads.c.seal, sealed_heads.c.subject.collate("C"))
        .limit(1)
    ).one_or_none()
    if lost is not None:
        raise _Break(lost.subject, lost.number, "an event that was sealed is missing")
    previous, found = "", set()
    for row in unit.connection.execute(select(seals).order_by(seals.c.number)).all():
        counts.seals += 1
        heads = unit.connection.execute(
            select(sealed_heads.c.subject, sealed_heads.c.number, sealed_heads.c.head)
            .where(sealed_heads.c.seal == row.number)
            .order_by(sealed_heads.c.subject.collate("C"))
        ).all()
        if row.number != counts.seals:
            raise _Break("seals", counts.seals, "a seal is missing")
        if _seal_digest(previous, row.number, row.sealed_at, (tuple(it) for it in heads)) != row.digest:
            raise _Break("seals", row.number, "the seal does not fit what it covers")
        previous = row.digest
        counts.seal = (row.number, row.digest)
        found.add(row.digest)
    if expected is not None and expected not in found:
        raise _Break("seals", None, "the seal that was kept elsewhere is not in the log")


def _seal_digest(previous: str, number: int, at: datetime, heads: Iterable[tuple[Any, ...]]) -> str:
    return _sha256(_json([previous, number, _micros(at), [list(it) for it in heads]]))


def _micros(at: datetime) -> int:
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + at.microsecond


def _json(value: object) -> str:
    """Write JSON as PostgreSQL's `jsonb` does."""
    return json.dumps(value, ensure_ascii=False)


def _sha256(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
