"""When a car in the workshop will be ready after all: said by the desk, told to the owner wherever he looks."""

from datetime import datetime, timedelta
from typing import Any

from aftersales.cases import RepairOrderState
from aftersales.permissions import Act, require
from aftersales.repair.progress import advance
from aftersales.scope import lock_order
from aftersales.settlement.notifying import tell_owners
from aftersales.telling.notices import local_words
from aftersales.views import get_repair_order
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Invalid

LONGEST = timedelta(days=366)


def promise(unit: UnitOfWork, actor: Actor, order: str, ready_at: datetime, note: str | None = None) -> dict[str, Any]:
    """Promise another time at which the car is ready, sooner or later; gives the order. The same again is told once.

    The visit and its bay stay as they were booked. Raises `StepBlocked` once the work is done or before the car is
    here, `Invalid` for a time that is over, or more than a year ahead.
    """
    _, row = lock_order(unit, actor, order)
    require(actor, Act.PROMISE, owner=row.organisation, workshop=row.workshop_organisation)
    if not unit.now() < ready_at <= unit.now() + LONGEST:
        raise Invalid("a car is promised for a time that is to come, within a year", why="promised_to_come")
    if ready_at != row.ready_at:
        here = load_workshop(unit, row.workshop)
        when = local_words(ready_at, here.zone)
        said = " · ".join(filter(None, (when.en, (note or "").strip())))
        advance(unit, row, RepairOrderState(row.state), "promise", actor.account, said, ready_at=ready_at)
        tell_owners(unit, row, "ready_anew", f"{row.id}/{ready_at.isoformat()}", when=when)
    return get_repair_order(unit, actor, order)
