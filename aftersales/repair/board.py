"""The desk's board: the orders of the day, in columns by what each waits for; the columns are rows of one table."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from json import dumps
from typing import Any

from sqlalchemy import Row, func, or_, select

from aftersales.cases import LETS_GO, BillState, HoldReason, RepairOrderState
from aftersales.estimates import lines_of
from aftersales.repair.clock import minutes_of
from aftersales.repair.decisions import AWAITING, standing
from aftersales.repair.order_view import order_summaries
from aftersales.tables import appointments, bills, repair_orders
from aftersales.visits.day_plan import day_span, own_workshops
from aftersales.visits.occupancy import local_day
from foundation.database import UnitOfWork
from foundation.identity import Actor

_S = RepairOrderState
# What is over is shown until the end of the day on which it ended.
OVER = frozenset({_S.RELEASED, _S.CLOSED_DECLINED})
LATER = timedelta(days=1)  # a car that is expected is shown from the day before


@dataclass(frozen=True, slots=True)
class Seen:
    """What says where an order stands on the board."""

    state: str
    hold_reason: str | None
    awaiting: int  # lines on which the owner has to decide
    bill: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """Orders that wait for the same: an order stands in the first column that is true of it."""

    name: str
    en: str
    zh: str
    states: Collection[RepairOrderState]
    awaiting: bool = False  # also what is at work while the owner has a line to decide on
    bill: Collection[str] | None = None  # of what is settled: only with a bill that stands so


_AT_WORK = frozenset({_S.OPEN, _S.INSPECTED, _S.IN_PROGRESS, _S.QUALITY_CHECK, _S.REWORK})
COLUMNS: tuple[Column, ...] = (
    Column("expected", "Expected", "待到店", {_S.EXPECTED}),
    Column("decision", "The owner decides", "等待车主决定", {_S.AWAITING_APPROVAL}, awaiting=True),
    Column("payment", "The owner pays", "等待车主付款", {_S.SETTLED}, bill={BillState.OPEN}),
    Column("parts", "Parts are coming", "等待配件", {_S.PARTS_PENDING}),
    Column("desk", "The desk acts", "待前台处理", {_S.COMPLETED, _S.DECLINED, _S.SETTLED}),
    Column("work", "At work", "施工中", _AT_WORK | {_S.ON_HOLD}),
    Column("over", "Gone today", "今日已离店", OVER),
)


def column_of(seen: Seen) -> str | None:
    """Name the column of an order; None: it is not on the board."""
    if seen.state == _S.ON_HOLD:
        return "decision" if seen.hold_reason == HoldReason.CUSTOMER else "parts"
    if seen.awaiting and seen.state in _AT_WORK:
        return "decision"
    for column in COLUMNS:
        if seen.state in column.states and (column.bill is None or seen.bill in column.bill):
            return column.name
    return None


def board(unit: UnitOfWork, actor: Actor) -> list[dict[str, Any]]:
    """Give the columns with their orders, the longest waiting first, over all workshops of the actor's house."""
    rows = _rows(unit, actor)
    lines = lines_of(unit, [row.estimate for row in rows])
    decided = {row.id: standing(unit, lines[row.estimate]) for row in rows}
    owed = {row.order: row for row in unit.connection.execute(select(bills).where(bills.c.order.in_([*decided])))}
    minutes = minutes_of(unit, [row.id for row in rows])
    shown: dict[str, list[dict[str, Any]]] = {column.name: [] for column in COLUMNS}
    for row, view in zip(rows, order_summaries(unit, rows), strict=True):
        waiting = sum(one == AWAITING for one in decided[row.id].values())
        bill = owed[row.id].state if row.id in owed else None
        name = column_of(Seen(row.state, row.hold_reason, waiting, bill))
        if name is not None:
            shown[name].append({**view, "awaiting": waiting, "bill": bill, "minutes": minutes.get(row.id, 0)})
    return [
        {"name": one.name, "en": one.en, "zh": one.zh, "orders": sorted(shown[one.name], key=_place)} for one in COLUMNS
    ]


def board_stamp(unit: UnitOfWork, actor: Actor) -> str:
    """Give a stamp of the board: another one whenever what stands on it has changed. Minutes that pass change none."""
    told = [
        [column["name"], one["id"], one["state"], one["awaiting"], one["bill"], one["start"], one["updated_at"]]
        for column in board(unit, actor)
        for one in column["orders"]
    ]
    return sha256(dumps(told).encode()).hexdigest()[:16]


def may_go(bill: str | None) -> bool:
    """Whether a bill that stands so lets the car go."""
    return bill in LETS_GO


def _place(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one["start"] if one["state"] == _S.EXPECTED else one["updated_at"]), str(one["id"])


def _rows(unit: UnitOfWork, actor: Actor) -> list[Row[Any]]:
    here = {one.id: day_span(one, local_day(unit.now(), one.zone)) for one in own_workshops(unit, actor)}
    of, during = repair_orders.c, appointments.c.during
    if not here:
        return []
    midnight = min(span[0] for span in here.values())
    tomorrow = max(span[1] for span in here.values()) + LATER
    live = of.state.not_in([_S.EXPECTED, _S.CANCELLED, *OVER])
    soon = (of.state == _S.EXPECTED) & (func.lower(during) < tomorrow)
    gone = of.state.in_(OVER) & (of.updated_at >= midnight)
    query = (
        select(repair_orders)
        .join(appointments, appointments.c.id == of.appointment)
        .where(of.workshop.in_(here), of.workshop_organisation == actor.organisation, or_(live, soon, gone))
        .order_by(of.updated_at, of.id)
    )
    return list(unit.connection.execute(query))
