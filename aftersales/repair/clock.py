"""The technician's clock: who worked on which order from when to when; durations are learnt from it (`durations.py`).

One clock runs per technician. A clock that is started for another order stops the one that runs.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from aftersales.cases import RepairOrderState
from aftersales.permissions import Act, require
from aftersales.scope import find_order, lock_counts, lock_order
from aftersales.tables import clock_entries, technicians
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid

CLOCKED = frozenset(
    {
        RepairOrderState.OPEN,
        RepairOrderState.INSPECTED,
        RepairOrderState.IN_PROGRESS,
        RepairOrderState.QUALITY_CHECK,
        RepairOrderState.REWORK,
    }
)


def start(unit: UnitOfWork, actor: Actor, order: str, technician: str | None = None) -> dict[str, Any]:
    """Start a technician's clock on an order, his own if none is named; gives the order's clock. Again is no harm."""
    _, row = lock_order(unit, actor, order)
    require(actor, Act.CLOCK, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state not in CLOCKED:
        raise Conflict(f"the repair order is {row.state}; nobody works on it now", why="not_worked_on", state=row.state)
    who = _technician(unit, actor, row, technician)
    lock_counts(unit, f"clock {who}")
    running = unit.connection.execute(
        select(clock_entries).where(clock_entries.c.technician == who, clock_entries.c.stopped_at.is_(None))
    ).one_or_none()
    if running is not None and running.order == row.id:
        return clock_view(unit, row)
    if running is not None:
        _stop(unit, clock_entries.c.id == running.id)
    unit.connection.execute(
        clock_entries.insert().values(
            id=new_id("clock"),
            organisation=row.organisation,
            order=row.id,
            technician=who,
            started_by=actor.account,
            started_at=unit.now(),
        )
    )
    return clock_view(unit, row)


def stop(unit: UnitOfWork, actor: Actor, order: str, technician: str | None = None) -> dict[str, Any]:
    """Stop a technician's clock on an order; gives the order's clock. Again is no harm."""
    _, row = lock_order(unit, actor, order)
    require(actor, Act.CLOCK, owner=row.organisation, workshop=row.workshop_organisation)
    who = _technician(unit, actor, row, technician)
    lock_counts(unit, f"clock {who}")
    _stop(unit, (clock_entries.c.order == row.id) & (clock_entries.c.technician == who))
    return clock_view(unit, row)


def stop_all(unit: UnitOfWork, order: str) -> None:
    """Stop every clock on an order on which nobody works any more."""
    _stop(unit, clock_entries.c.order == order)


def stop_of(unit: UnitOfWork, technician: str) -> None:
    """Stop the clock of a technician whom nobody is any more."""
    lock_counts(unit, f"clock {technician}")
    _stop(unit, clock_entries.c.technician == technician)


def show_clock(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    return clock_view(unit, find_order(unit, actor, order))


def clock_view(unit: UnitOfWork, order: Row[Any]) -> dict[str, Any]:
    """Show who worked on an order, and for how many minutes until now."""
    rows = unit.connection.execute(
        select(clock_entries).where(clock_entries.c.order == order.id).order_by(clock_entries.c.started_at)
    ).all()
    return {
        "minutes": minutes_of(unit, [order.id]).get(order.id, 0),
        "items": [
            {
                "technician": row.technician,
                "started_at": row.started_at.isoformat(),
                "stopped_at": row.stopped_at.isoformat() if row.stopped_at else None,
            }
            for row in rows
        ],
    }


def minutes_of(unit: UnitOfWork, orders: Collection[str]) -> dict[str, int]:
    """Give the minutes worked on each order until now, of all technicians together; who has no clock is not there."""
    worked: dict[str, timedelta] = {}
    for row in unit.connection.execute(select(clock_entries).where(clock_entries.c.order.in_(orders))):
        span = (row.stopped_at or unit.now()) - row.started_at
        worked[row.order] = worked.get(row.order, timedelta(0)) + span
    return {order: round(span / timedelta(minutes=1)) for order, span in worked.items()}


def _stop(unit: UnitOfWork, which: Any) -> None:
    # A clock that another machine started a moment ahead of ours still ends no earlier than it began.
    ended = func.greatest(clock_entries.c.started_at, unit.now())
    unit.connection.execute(
        update(clock_entries).where(which, clock_entries.c.stopped_at.is_(None)).values(stopped_at=ended)
    )


def _technician(unit: UnitOfWork, actor: Actor, order: Row[Any], named: str | None) -> str:
    here = technicians.c.workshop == order.workshop
    which = technicians.c.account == actor.account if named is None else technicians.c.id == named
    found = unit.connection.execute(select(technicians.c.id).where(here, which)).scalars().all()
    if len(found) != 1:
        raise Invalid("name a technician of this workshop; this account is none of them", why="no_technician_here")
    return str(found[0])
