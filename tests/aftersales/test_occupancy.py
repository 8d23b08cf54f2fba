"""The guarantee under the lock: overlapping and empty occupancies cannot be stored, deadlocks are tried once more."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from psycopg import errors
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError, IntegrityError

from aftersales.cases import Wish
from aftersales.tables import occupancies
from aftersales.visits.occupancy import HoldExpired, SlotTaken, attempt, occupy
from aftersales.visits.slot_search import SlotQuery, find_slots
from aftersales.visits.wishes import book
from aftersales.workshop.workshops import Timing, load_workshop
from foundation.database import UnitOfWork
from ingest.registry import Vehicles
from tests.aftersales.world import World, garage, local

START, END = local("2026-11-24T09:00"), local("2026-11-24T10:00")


def store(world: World, unit: UnitOfWork, key: str, start: object, end: object, *, active: bool = True) -> None:
    visit = world_visit(world)
    row = {"id": key, "organisation": "o", "resource": "bay_x", "appointment": visit, "active": active}
    unit.connection.execute(occupancies.insert().values(during=Range(start, end), **row))


def world_visit(world: World) -> str:
    return str(world.open()["appointment"]["id"])


def test_the_database_itself_refuses_an_overlap(world: World) -> None:
    world_visit(world)
    with world.database.unit() as unit:
        store(world, unit, "a", START, END)
        store(world, unit, "b", END, local("2026-11-24T11:00"))
        store(world, unit, "c", START, END, active=False)
        with pytest.raises(SlotTaken):
            attempt(unit, lambda: store(world, unit, "d", local("2026-11-24T09:59"), END))
        with pytest.raises(IntegrityError, match="during"), unit.connection.begin_nested():
            store(world, unit, "e", START, START)


def failing(times: int, error: Callable[[], Exception]) -> Callable[[], str]:
    left = iter(range(times))

    def act() -> str:
        if next(left, None) is not None:
            raise DBAPIError("INSERT", {}, error())
        return "done"

    return act


def test_a_deadlock_is_tried_once_more(world: World) -> None:
    with world.database.unit() as unit:
        assert attempt(unit, failing(1, errors.DeadlockDetected)) == "done"
        with pytest.raises(SlotTaken):
            attempt(unit, failing(2, errors.DeadlockDetected))
        with pytest.raises(SlotTaken):
            attempt(unit, failing(1, errors.ExclusionViolation))
        with pytest.raises(DBAPIError):
            attempt(unit, failing(1, errors.DiskFull))


def test_an_expired_hold_in_the_way_gives_back_all_that_it_has(world: World) -> None:
    world.put(garage(services={"maintenance": Timing(900, 0, 0)}))
    with world.database.unit() as unit:
        slots = find_slots(unit, world.owner, Vehicles(), SlotQuery(vehicle="car-1", wish=Wish.MAINTENANCE))
        visit = book(unit, world.owner, world.vehicle, slots[0]["id"], Wish.MAINTENANCE)
    assert world.occupied() == 2
    world.clock.advance(timedelta(hours=3))
    end = datetime.fromisoformat(visit["end"])
    with world.database.unit() as unit:
        occupy(unit, load_workshop(unit, "wks_one"), visit["id"], [("bay_one_0", (end - timedelta(minutes=15), end))])
        left = select(occupancies.c.resource, occupancies.c.during).where(occupancies.c.active)
        ((resource, during),) = unit.connection.execute(left)
    assert (resource, during.lower) == ("bay_one_0", end - timedelta(minutes=15)), (
        "days that nobody wanted are free, too"
    )
    with pytest.raises(HoldExpired):
        world.confirm(visit["id"])
