"""How long operations really take at a workshop, by its technicians' clocks, beside the labour times of the table."""

from collections import defaultdict
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import select

from aftersales.cases import RepairOrderState
from aftersales.estimates import lines_of
from aftersales.operations import OPERATIONS
from aftersales.repair.clock import minutes_of
from aftersales.repair.decisions import APPROVED, standing
from aftersales.tables import clock_entries, repair_orders
from aftersales.visits.day_plan import own_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor

FEWEST = 5  # orders, before their minutes say anything
BACK = timedelta(days=365)
FINISHED = (RepairOrderState.COMPLETED, RepairOrderState.SETTLED, RepairOrderState.RELEASED)


def durations(unit: UnitOfWork, actor: Actor, workshop: str) -> list[dict[str, Any]]:
    """Give every operation that was clocked at one's own workshop within a year, with its median of minutes.

    `learnt_min` is None with fewer than `FEWEST` orders; the manager may take it over as the operation's own minutes.
    """
    here = own_workshop(unit, actor, workshop)
    worked = clocked(unit, here.id)
    return [
        {
            "operation": code,
            "en": OPERATIONS[code].en,
            "zh": OPERATIONS[code].zh,
            "labour_min": round(OPERATIONS[code].hours_hundredths * 60 / 100),
            "own_min": here.services[code].minutes if code in here.services else None,
            "learnt_min": round(median(minutes)) if len(minutes) >= FEWEST else None,
            "orders": len(minutes),
        }
        for code, minutes in sorted(worked.items())
    ]


def clocked(unit: UnitOfWork, workshop: str) -> dict[str, list[int]]:
    """Give by operation the minutes of each finished order that was of this operation alone."""
    of = repair_orders.c
    orders = unit.connection.execute(
        select(repair_orders).where(
            of.workshop == workshop,
            of.state.in_(FINISHED),
            of.updated_at >= unit.now() - BACK,
            of.id.in_(select(clock_entries.c.order)),
        )
    ).all()
    lines = lines_of(unit, [order.estimate for order in orders])
    decided = standing(unit, [line for every in lines.values() for line in every])
    minutes = minutes_of(unit, [order.id for order in orders])
    found: defaultdict[str, list[int]] = defaultdict(list)
    for order in orders:
        done = [line for line in lines[order.estimate] if line.kind != "part" and decided[line.id] == APPROVED]
        if len(done) == 1 and done[0].operation in OPERATIONS:
            found[done[0].operation].append(minutes[order.id])
    return dict(found)
