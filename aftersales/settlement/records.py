"""The electronic repair record (JT/T 1132): one row per settled repair, reported after its unit has committed.

    waiting ──take_records, a task──▶ take_up, sent ──▶ delivered
       ▲   └─ no answer: waiting again, later ──▶ given_up      lacking: something is missing, and never invented
       └── mend (the workshop says what it lacks, or: once more) ◀── lacking, refused, given_up

It is sent without a lock or a connection held; whoever takes it has it for `LEASE`, and a killed sender loses nothing:
at worst a record arrives twice, under the same number of its sheet.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.permissions import Act, require
from aftersales.scope import find_order, lock_order
from aftersales.tables import (
    record_attempts,
    repair_findings,
    repair_orders,
    repair_records,
    repair_steps,
    settlements,
)
from aftersales.telling.messages import desk_people, notify
from aftersales.visits.appointment_view import whereabouts_of
from aftersales.visits.occupancy import local_day
from aftersales.workshop.workshops import load_workshop
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from foundation.identity import Actor, Role
from foundation.refusals import Conflict, Forbidden, NotFound

LEASE = timedelta(minutes=5)  # longer than any sending may take
LONGEST_WAIT = timedelta(hours=1)
MOST_ATTEMPTS = 60
MOST_WORDS = 500  # of a platform's own
OPEN = ("waiting", "lacking", "refused", "given_up")
WISHES = {"maintenance": "保养", "repair": "维修", "inspection": "检测"}


@dataclass(frozen=True, slots=True)
class UsedPart:
    name: str
    code: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Job:
    """One operation; `hours` of labour, None where others did it and we do not know."""

    name: str
    hours: Decimal | None


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """What a platform is told of a settled repair. `fault`: in Chinese, in our own or the technician's words."""

    number: str  # of the settlement sheet
    plate: str
    vin: str
    company: str
    mileage_km: int
    repaired_on: date
    settled_on: date
    fault: str
    parts: tuple[UsedPart, ...]
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that was taken up: its order, whose car, at which workshop, and the plate and VIN as far as on file."""

    order: str
    organisation: str
    workshop: str
    vehicle: str
    attempt: int
    plate: str | None
    vin: str | None


def queue_record(unit: UnitOfWork, order: Row[Any], plate: str | None) -> None:
    """Have the record of an order reported that is being settled in this unit."""
    unit.connection.execute(
        insert(repair_records).values(
            order=order.id,
            organisation=order.organisation,
            workshop=order.workshop,
            version=1,
            state="waiting",
            plate=plate,
            due_at=unit.now(),
            created_at=unit.now(),
        )
    )


def take_records(unit: UnitOfWork, workshops: Collection[str], limit: int = 100) -> list[str]:
    """Take the records that are due of workshops that have a platform, to be queued in this unit; gives the orders."""
    now, of = unit.now(), repair_records.c
    due = (
        select(of.order)
        .where(of.state == "waiting", of.due_at <= now, of.workshop.in_(workshops))
        .order_by(of.due_at, of.order)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(repair_records)
        .where(of.order.in_(due.scalar_subquery()))
        .values(due_at=now + LEASE, attempts=of.attempts + 1)
        .returning(of.order)
    )
    return sorted(unit.connection.execute(taken).scalars())


def take_up(unit: UnitOfWork, order: str) -> Waiting | None:
    """Give a record that waits to be sent; None: there is nothing to send any more."""
    of, orders = repair_records.c, repair_orders.c
    chosen = select(repair_records, orders.vehicle).join(repair_orders, orders.id == of.order)
    row = unit.connection.execute(chosen.where(of.order == order, of.state == "waiting")).one_or_none()
    if row is None:
        return None
    return Waiting(row.order, row.organisation, row.workshop, row.vehicle, row.attempts, row.plate, row.vin)


def compose(unit: UnitOfWork, waiting: Waiting, plate: str, vin: str) -> RepairRecord:
    """Write the record of a settled order by the sheet that it was settled by."""
    order = unit.connection.execute(select(repair_orders).where(repair_orders.c.id == waiting.order)).one()
    of, sheets = repair_records.c, settlements.c
    mine = (of.order == order.id, sheets.order == of.order, sheets.version == of.version)
    written = unit.connection.execute(select(settlements).join(repair_records, of.order == sheets.order).where(*mine))
    sheet = written.one()
    lines = [line for group in sheet.sheet["groups"] for line in group["lines"]]
    arrived = select(func.min(repair_steps.c.taken_at)).where(repair_steps.c.order == order.id)
    workshop = load_workshop(unit, order.workshop)
    return RepairRecord(
        number=sheet.number,
        plate=plate,
        vin=vin,
        company=sheet.sheet["workshop"]["name_zh"],  # as it settled, whatever it is called since
        mileage_km=sheet.sheet["mileage_km"],
        repaired_on=local_day(unit.connection.execute(arrived).scalar_one(), workshop.zone),
        settled_on=local_day(sheet.settled_at, workshop.zone),
        fault=_fault(unit, order),
        parts=tuple(
            UsedPart(line["text_zh"], line["part_number"] or line["part"], line["quantity"])
            for line in lines
            if line["kind"] == "part"
        ),
        jobs=tuple(Job(line["text_zh"], _hours(line)) for line in lines if line["kind"] != "part"),
    )


def _hours(line: Mapping[str, Any]) -> Decimal | None:
    return Decimal(str(line["quantity"])) if line["unit"] == "h" else None


def _fault(unit: UnitOfWork, order: Row[Any]) -> str:
    """Say what was wrong: as the technician found it, else as it was predicted, else what was wished."""
    found = select(repair_findings.c.condition).where(repair_findings.c.order == order.id)
    conditions = list(unit.connection.execute(found.order_by(repair_findings.c.number)).scalars())
    if conditions:
        return "；".join(conditions)
    visit = whereabouts_of(unit, [order.appointment])[order.appointment]
    return FAULTS[visit.fault].zh if visit.fault else WISHES[visit.wish]


def note_attempt(unit: UnitOfWork, waiting: Waiting, at: datetime, took_ms: int, outcome: str) -> None:
    """Append an attempt to the log of deliveries; two at once wait for each other."""
    unit.connection.execute(select(repair_records).where(repair_records.c.order == waiting.order).with_for_update())
    last = select(func.coalesce(func.max(record_attempts.c.number), 0)).where(record_attempts.c.order == waiting.order)
    unit.connection.execute(
        insert(record_attempts).values(
            order=waiting.order,
            number=unit.connection.execute(last).scalar_one() + 1,
            organisation=waiting.organisation,
            at=at,
            took_ms=took_ms,
            outcome=outcome,
        )
    )


def note_delivered(unit: UnitOfWork, waiting: Waiting, platform: str, reference: str | None) -> None:
    """Note that the platform has a record, from this attempt or one before it."""
    ended = {"platform": platform, "reference": reference, "why": None, "words": None, "ended_at": unit.now()}
    _end(unit, waiting, "delivered", **ended)


def note_lacking(unit: UnitOfWork, waiting: Waiting, lacking: Sequence[str]) -> None:
    """Stop until the workshop says what a record lacks; nothing of it is invented."""
    if _end(unit, waiting, "lacking", why=" ".join(lacking)):
        _tell_desk(unit, waiting, "record_lacking")


def note_refused(unit: UnitOfWork, waiting: Waiting, platform: str, why: str, words: str) -> None:
    """Stop at a record that the platform will not take as it is; the workshop has to look."""
    if _end(unit, waiting, "refused", platform=platform, why=why, words=words[:MOST_WORDS]):
        _tell_desk(unit, waiting, "record_refused")


def note_again(unit: UnitOfWork, waiting: Waiting, platform: str, why: str) -> None:
    """Let a record be sent again later, the longer the more often it was; in the end a person has to look."""
    if waiting.attempt >= MOST_ATTEMPTS:
        if _end(unit, waiting, "given_up", platform=platform, why=why):
            _tell_desk(unit, waiting, "record_refused")
        return
    later = unit.now() + min(LONGEST_WAIT, timedelta(seconds=2 ** min(waiting.attempt, 12)))
    _end(unit, waiting, "waiting", platform=platform, why=why, due_at=later)


def _end(unit: UnitOfWork, waiting: Waiting, state: str, **values: Any) -> bool:
    """Change a record that still waits; False: somebody else's attempt has ended it."""
    mine = repair_records.c.order == waiting.order, repair_records.c.state == "waiting"
    ended = unit.connection.execute(update(repair_records).where(*mine).values(state=state, **values))
    return bool(ended.rowcount)


def _tell_desk(unit: UnitOfWork, waiting: Waiting, kind: str) -> None:
    row = unit.connection.execute(select(repair_orders).where(repair_orders.c.id == waiting.order)).one()
    people = desk_people(unit, load_workshop(unit, waiting.workshop))
    notify(
        unit, people, kind, f"{waiting.order}/{unit.now().isoformat()}", row.case, number=_number(unit, waiting.order)
    )


def _number(unit: UnitOfWork, order: str) -> str:
    of, sheets = repair_records.c, settlements.c
    joined = select(sheets.number).join(repair_records, (of.order == sheets.order) & (of.version == sheets.version))
    return str(unit.connection.execute(joined.where(of.order == order)).scalar_one())


def mend(unit: UnitOfWork, actor: Actor, order: str, plate: str | None, vin: str | None) -> dict[str, Any]:
    """Say what a record lacks, or have it sent once more; gives how it stands. One that was delivered stays as it is.

    The VIN that is registered for the car goes before what is said here.
    """
    _, row = lock_order(unit, actor, order)
    require(actor, Act.MEND_RECORD, owner=row.organisation, workshop=row.workshop_organisation)
    now = _find(unit, row.id)
    if now.state not in OPEN:
        raise Conflict(
            f"the record is {now.state}; there is nothing to add to it",
            why="record_complete",
            told={"record_state": now.state},
            state=now.state,
        )
    said: dict[str, Any] = {name: value for name, value in (("plate", plate), ("vin", vin)) if value is not None}
    if now.state != "waiting":
        said |= {"state": "waiting", "due_at": unit.now(), "why": None, "words": None, "attempts": 0}
    if said:
        unit.connection.execute(update(repair_records).where(repair_records.c.order == row.id).values(**said))
    return record_view(unit, row.id) or {}


def show_record(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    """Give how the record of an order stands, with every attempt; for the workshop that reports it."""
    row = find_order(unit, actor, order)
    if actor.organisation != row.workshop_organisation:
        raise Forbidden("this is for the workshop of the visit to see")
    actor.must_be(Role.ADVISOR, Role.WORKSHOP_MANAGER)
    _find(unit, row.id)
    tried = select(record_attempts).where(record_attempts.c.order == row.id).order_by(record_attempts.c.number)
    attempts = [
        {"number": one.number, "at": one.at.isoformat(), "took_ms": one.took_ms, "outcome": one.outcome}
        for one in unit.connection.execute(tried)
    ]
    return {**(record_view(unit, row.id) or {}), "log": attempts}


def record_view(unit: UnitOfWork, order: str) -> dict[str, Any] | None:
    """Show how the record of an order stands; None: there is none, for nothing was repaired, or not settled yet."""
    row = unit.connection.execute(select(repair_records).where(repair_records.c.order == order)).one_or_none()
    if row is None:
        return None
    return {
        "repair_order": row.order,
        "state": row.state,
        "plate": row.plate,
        "vin": row.vin,
        "lacking": row.why.split() if row.state == "lacking" else [],
        "platform": row.platform,
        "reference": row.reference,
        "why": row.why if row.state != "lacking" else None,
        "words": row.words,
        "attempts": row.attempts,
        "next_at": row.due_at.isoformat() if row.state == "waiting" else None,
        "delivered_at": row.ended_at.isoformat() if row.state == "delivered" else None,
    }


def read_off(unit: UnitOfWork, order: str) -> tuple[str | None, str | None]:
    """Give plate and VIN as the workshop read them off the car of an order; None: it did not say."""
    row = unit.connection.execute(select(repair_records).where(repair_records.c.order == order)).one_or_none()
    return (row.plate, row.vin) if row is not None else (None, None)


def _find(unit: UnitOfWork, order: str) -> Row[Any]:
    row = unit.connection.execute(select(repair_records).where(repair_records.c.order == order)).one_or_none()
    if row is None:
        raise NotFound("this repair order has no record to report")
    return row
