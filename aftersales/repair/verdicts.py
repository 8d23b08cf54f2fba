"""What the workshop found of each finding of a case: appended, never edited; the last one counts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from aftersales.cases import RepairOrderState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import find_order, lock_order
from aftersales.tables import case_findings, verdicts
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound


class Verdict(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    OTHER_FAULT = "other_fault"


VERDICT_WORDS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.FOUND: ("Found", "确有此故障"),
    Verdict.NOT_FOUND: ("Not found", "未发现故障"),
    Verdict.OTHER_FAULT: ("Another fault", "其他故障"),
}
# Somebody has looked at the car. What was found may also be said, or put right, after the settlement.
OPEN_FOR_VERDICTS = frozenset(RepairOrderState) - {
    RepairOrderState.EXPECTED,
    RepairOrderState.OPEN,
    RepairOrderState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict as it is given; `other` is the fault that it was instead, where the table of faults knows it."""

    verdict: Verdict
    other: str | None = None
    note: str | None = None


def give_verdict(unit: UnitOfWork, actor: Actor, order: str, finding: str, judged: Judged) -> dict[str, Any]:
    """Say what the workshop found of a finding; gives all verdicts of the order. The same again changes nothing.

    Raises `Conflict` before anybody has looked at the car, `Invalid` for another fault that is neither named nor
    described.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.GIVE_VERDICT, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in OPEN_FOR_VERDICTS:
        raise Conflict(
            f"the repair order is {row.state}; nobody has looked at the car yet", why="not_looked_yet", state=row.state
        )
    document = _finding(unit, case.id, finding)
    said = _said(document["fault"], judged)
    last = last_verdicts(unit, [finding]).get(finding)
    if last is None or said != {name: getattr(last, name) for name in said}:
        unit.connection.execute(
            verdicts.insert().values(
                finding=finding,
                number=last.number + 1 if last else 1,
                organisation=row.organisation,
                order=row.id,
                workshop=row.workshop,
                fault=document["fault"],
                predictor=document["predictor"],
                given_by=actor.account,
                given_at=unit.now(),
                **said,
            )
        )
        told = {"finding": finding, "fault": document["fault"], "verdict": judged.verdict.value, "other": said["other"]}
        tell(unit, case.id, "verdict_given", actor.account, repair_order=row.id, **told)
    return _view(unit, row)


def list_verdicts(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    """Give every finding of an order's case with its verdict, and how many wait for theirs."""
    return _view(unit, find_order(unit, actor, order))


def waiting_of(unit: UnitOfWork, orders: Sequence[Row[Any]]) -> dict[str, int]:
    """Give, by order, how many findings of a car that was looked at have no verdict."""
    asked = {row.case for row in orders if row.state in OPEN_FOR_VERDICTS}
    here = case_findings.c
    query = (
        select(here.case, func.count().label("waiting"))
        .where(here.case.in_(asked), ~exists().where(verdicts.c.finding == here.finding))
        .group_by(here.case)
    )
    waiting = {row.case: int(row.waiting) for row in unit.connection.execute(query)} if asked else {}
    return {row.id: waiting.get(row.case, 0) if row.state in OPEN_FOR_VERDICTS else 0 for row in orders}


def last_verdicts(unit: UnitOfWork, findings: Collection[str]) -> dict[str, Row[Any]]:
    """Give the verdict that counts of each finding that has one."""
    newest = (
        select(verdicts)
        .where(verdicts.c.finding.in_(findings))
        .ext(distinct_on(verdicts.c.finding))
        .order_by(verdicts.c.finding, verdicts.c.number.desc())
    )
    return {row.finding: row for row in unit.connection.execute(newest)}


def _finding(unit: UnitOfWork, case: str, finding: str) -> dict[str, Any]:
    here = case_findings.c
    document: dict[str, Any] | None = unit.connection.execute(
        select(here.document).where(here.case == case, here.finding == finding)
    ).scalar_one_or_none()
    if document is None:
        raise NotFound(f"the case of this repair order has no finding {finding}")
    return document


def _said(fault: str, judged: Judged) -> dict[str, str | None]:
    note = (judged.note or "").strip() or None
    if judged.verdict is not Verdict.OTHER_FAULT:
        if judged.other is not None:
            raise Invalid(f"another fault belongs to the verdict {Verdict.OTHER_FAULT}", why="other_fault_only")
    elif judged.other is None and note is None:
        raise Invalid("say which fault it was: `other` by its name, or in a note", why="say_other_fault")
    elif judged.other is not None and judged.other not in FAULTS:
        raise Invalid(
            f"{judged.other!r} is no fault of the table; say it in a note", why="unknown_fault", faults=list(FAULTS)
        )
    elif judged.other == fault:
        raise Invalid(f"{fault} is the fault of the finding itself; then it was found", why="same_fault")
    return {"verdict": judged.verdict.value, "other": judged.other, "note": note}


def _view(unit: UnitOfWork, order: Row[Any]) -> dict[str, Any]:
    here = case_findings.c
    chosen = select(here.finding, here.document).where(here.case == order.case)
    found = unit.connection.execute(chosen.order_by(here.merged_at, here.finding)).all()
    last = last_verdicts(unit, [row.finding for row in found])
    items = [_item(row.document, last.get(row.finding), row.finding) for row in found]
    return {
        "repair_order": order.id,
        "items": items,
        "waiting": waiting_of(unit, [order])[order.id],
        "open": order.state in OPEN_FOR_VERDICTS,
    }


def _item(document: Mapping[str, Any], last: Row[Any] | None, finding: str) -> dict[str, Any]:
    fault = FAULTS[document["fault"]]
    other = FAULTS[last.other] if last is not None and last.other is not None else None
    en, zh = VERDICT_WORDS[Verdict(last.verdict)] if last is not None else (None, None)
    return {
        "finding": finding,
        "fault": document["fault"],
        "title_en": fault.en,
        "title_zh": fault.zh,
        "probability": document["probability"],
        "predictor": document["predictor"],
        "first_seen": document["first_seen"],
        "confirmed": document["confirmed"],
        "verdict": last.verdict if last is not None else None,
        "en": en,
        "zh": zh,
        "other": last.other if last is not None else None,
        "other_en": other.en if other else None,
        "other_zh": other.zh if other else None,
        "note": last.note if last is not None else None,
        "number": last.number if last is not None else 0,
        "given_at": last.given_at.isoformat() if last is not None else None,
    }
