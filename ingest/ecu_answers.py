"""What each ECU said last, and what it answered last: two facts, so that a silence neither hides a code nor is one.

A pure merge, in any order of arrival: the newest word counts by (event time, boot, seq), like a last value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on, insert

from foundation.database import UnitOfWork
from ingest.batch import from_us
from ingest.gate import AcceptedReport
from ingest.tables import ecu_answers

CODE_KINDS = ("stored", "pending", "permanent")
CAR = "*"  # in the place of an ECU: what a report says of the whole car
LAMP = "mil"


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Which report: the newest is the greatest."""

    at: datetime
    boot: str
    seq: int


@dataclass(frozen=True, slots=True)
class EcuAnswer:
    """One fact of one ECU, as one device told it: `told` is its newest word (None: no answer), `answered` its last."""

    device: str
    ecu: str
    fact: str
    told_by: Moment
    told: Any
    answered_by: Moment | None
    answered: Any


def merge(known: EcuAnswer | None, new: EcuAnswer) -> EcuAnswer:
    """Let the newer word and the newer real answer count."""
    if known is None:
        return new
    newest = max(known, new, key=lambda it: it.told_by)
    answers = [(it.answered_by, it.answered) for it in (known, new) if it.answered_by is not None]
    by, answered = max(answers, key=lambda pair: pair[0], default=(None, None))
    return replace(newest, answered_by=by, answered=answered)


def move(unit: UnitOfWork, reports: Sequence[AcceptedReport]) -> list[AcceptedReport]:
    """Move the answers on by new reports; gives those reports that changed which codes are known."""
    if not reports:
        return []
    known = {_key(it): it for it in _stored(unit, {one.origin.device for one in reports})}
    moved: dict[tuple[str, str, str], AcceptedReport] = {}
    changed = []
    for one in reports:
        fresh = False
        for word in words(one):
            before = known.get(_key(word))
            fresh |= word.fact in CODE_KINDS and _differs(before, word)
            known[_key(word)] = merge(before, word)
            moved[_key(word)] = one
        if fresh:
            changed.append(one)
    rows = [_row(known[key], moved[key]) for key in sorted(moved)]
    if rows:
        unit.connection.execute(_UPSERT, rows)
    return changed


def of_vehicle(unit: UnitOfWork, vehicle: str) -> list[EcuAnswer]:
    """Give all words of a vehicle's ECUs, by device, ECU and fact."""
    chosen = select(ecu_answers).where(ecu_answers.c.vehicle == vehicle)
    order = ecu_answers.c.device, ecu_answers.c.ecu, ecu_answers.c.fact
    return [_answer(row) for row in unit.connection.execute(chosen.order_by(*order))]


def lamps(names: Select[str]) -> Select[str, bool]:
    """Give the query of `vehicle` and whether its newest report says that the malfunction lamp is on (`lit`)."""
    of = ecu_answers.c
    return (
        select(of.vehicle, and_(of.fact == LAMP, of.told == func.to_jsonb(true())).label("lit"))
        .where(of.vehicle.in_(names), of.ecu == CAR)
        .ext(distinct_on(of.vehicle))
        .order_by(of.vehicle, of.told_at.desc(), of.told_boot.desc(), of.told_seq.desc())
    )


def words(one: AcceptedReport) -> Iterator[EcuAnswer]:
    """Give what a report says, fact by fact; what it did not ask is no word."""
    report = one.report
    moment = Moment(from_us(one.at_us), one.origin.boot, one.origin.seq)

    def word(ecu: str, fact: str, told: Any) -> EcuAnswer:
        answered = None if told is None else moment
        return EcuAnswer(one.origin.device, ecu, fact, moment, told, answered, told)

    yield word(CAR, LAMP, report.mil)
    for ecu, answers in report.ecus.items():
        for kind in CODE_KINDS:
            codes = answers.get(kind)
            yield word(ecu, kind, None if codes is None else list(codes))
    asked: dict[str, Mapping[str, Any] | None] = {
        "freeze": report.freeze,
        "readiness": report.readiness,
        "monitors": report.monitors,
    }
    for fact, told in asked.items():
        if told is not None:
            for ecu in dict.fromkeys((*report.ecus, *told)):
                yield word(ecu, fact, told.get(ecu))


def newest_of(answers: Iterable[EcuAnswer]) -> dict[tuple[str, str], EcuAnswer]:
    """Give per ECU and fact the word of whichever device heard it last."""
    found: dict[tuple[str, str], EcuAnswer] = {}
    for it in answers:
        key = (it.ecu, it.fact)
        if key not in found or it.told_by > found[key].told_by:
            found[key] = it
    return found


def _differs(before: EcuAnswer | None, word: EcuAnswer) -> bool:
    known = before.answered if before is not None and before.answered is not None else []
    return word.told is not None and set(word.told) != set(known)


def _key(it: EcuAnswer) -> tuple[str, str, str]:
    return it.device, it.ecu, it.fact


def _stored(unit: UnitOfWork, devices: set[str]) -> list[EcuAnswer]:
    rows = unit.connection.execute(select(ecu_answers).where(ecu_answers.c.device.in_(sorted(devices))))
    return [_answer(row) for row in rows]


def _answer(row: Any) -> EcuAnswer:
    told_by = Moment(row.told_at, row.told_boot, row.told_seq)
    answered_by = None if row.answered_at is None else Moment(row.answered_at, row.answered_boot, row.answered_seq)
    return EcuAnswer(row.device, row.ecu, row.fact, told_by, row.told, answered_by, row.answered)


def _row(it: EcuAnswer, one: AcceptedReport) -> dict[str, Any]:
    by = it.answered_by
    return {
        "device": it.device,
        "ecu": it.ecu,
        "fact": it.fact,
        "vehicle": one.origin.vehicle,
        "partition": one.origin.partition,
        "told_at": it.told_by.at,
        "told_boot": it.told_by.boot,
        "told_seq": it.told_by.seq,
        "told": it.told,
        "answered_at": by.at if by else None,
        "answered_boot": by.boot if by else None,
        "answered_seq": by.seq if by else None,
        "answered": it.answered,
    }


_INSERT = insert(ecu_answers)
_MOVED = ("told_at", "told_boot", "told_seq", "told", "answered_at", "answered_boot", "answered_seq", "answered")
_UPSERT = _INSERT.on_conflict_do_update(
    index_elements=[ecu_answers.c.device, ecu_answers.c.ecu, ecu_answers.c.fact],
    set_={name: _INSERT.excluded[name] for name in _MOVED},
)
