"""Decisions on single lines, appended with the hash of what was shown; a line that has changed since awaits another."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, or_, select

from aftersales.estimates import Line
from aftersales.scope import find_order
from aftersales.tables import approvals
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor

APPROVED, DECLINED, AWAITING = "approved", "declined", "awaiting"
RETURNED = "returned"  # every piece of it went back to the shelf: nothing is done, and nothing is charged


class Way(StrEnum):
    """How a decision reached us (`channel` in the HTTP API)."""

    CONFIRMATION = "confirmation"  # with the visit
    APP = "app"
    LINK = "link"
    COUNTER = "counter"
    TELEPHONE = "telephone"


TAKEN_DOWN = frozenset({Way.COUNTER, Way.TELEPHONE})  # the owner said it, the workshop wrote it down


@dataclass(frozen=True, slots=True)
class Heard:
    """From where a decision came: the way, the address, who gave it if another wrote it down, and his signature."""

    way: Way = Way.APP
    ip: str | None = None
    given_by: str | None = None
    signature: str | None = None  # the SHA-256 of a photo of it


def record(unit: UnitOfWork, order: str, line: Line, decision: str, actor: Actor, heard: Heard) -> None:
    """Append a decision on a line as it is shown now."""
    last = select(func.coalesce(func.max(approvals.c.number), 0)).where(approvals.c.line == line.id)
    unit.connection.execute(
        approvals.insert().values(
            id=new_id("appr"),
            organisation=line.organisation,
            order=order,
            line=line.id,
            number=unit.connection.execute(last).scalar_one() + 1,
            decision=decision,
            hash=line.hash,
            actor=actor.account,
            channel=heard.way.value,
            ip=heard.ip,
            given_by=heard.given_by,
            signature=heard.signature,
            decided_at=unit.now(),
        )
    )


def standing(unit: UnitOfWork, lines: Collection[Line]) -> dict[str, str]:
    """Give what holds of each line now: the last decision on it as it is shown, else that it awaits one.

    A no is the end of every yes before it: what he approved once and declined since, dearer perhaps, awaits a new one.
    """
    chosen = select(approvals).where(approvals.c.line.in_([line.id for line in lines])).order_by(approvals.c.number)
    last: dict[str, dict[str, str]] = {line.id: {} for line in lines}
    for row in unit.connection.execute(chosen):
        if row.decision == DECLINED:
            last[row.line] = {shown: said for shown, said in last[row.line].items() if said == DECLINED}
        last[row.line][row.hash] = row.decision
    return {
        line.id: RETURNED if line.returned_at is not None else last[line.id].get(line.hash, AWAITING) for line in lines
    }


def awaits_one(line: FromClause) -> ColumnElement[bool]:
    """Give the WHERE clause of lines that await a decision: the same rule as `standing`, asked of the database."""
    said, later = approvals.alias(), approvals.alias()
    undone = exists().where(
        later.c.line == said.c.line,
        later.c.number > said.c.number,
        or_(later.c.hash == said.c.hash, and_(said.c.decision == APPROVED, later.c.decision == DECLINED)),
    )
    decided = exists().where(said.c.line == line.c.id, said.c.hash == line.c.hash, ~undone)
    return and_(line.c.returned_at.is_(None), ~decided)


def list_approvals(unit: UnitOfWork, actor: Actor, order: str) -> list[dict[str, Any]]:
    """Give every decision on an order's lines, oldest first; both sides see the whole history."""
    row = find_order(unit, actor, order)
    chosen = (
        select(approvals)
        .where(approvals.c.order == row.id)
        .order_by(approvals.c.decided_at, approvals.c.number, approvals.c.id)
    )
    # Who follows by a link sees what was decided, and not from where.
    seen = ("line", "decision", "hash", "actor", "channel")
    names = seen if actor.only is not None else (*seen, "ip", "given_by", "signature")
    return [
        {**{name: getattr(one, name) for name in names}, "decided_at": one.decided_at.isoformat()}
        for one in unit.connection.execute(chosen)
    ]
