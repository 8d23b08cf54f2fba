"""A workshop changes while somebody books there, on two connections in a fixed order: no visit lands outside of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from aftersales.cases import Wish
from aftersales.visits import holds, wishes
from aftersales.visits.occupancy import SlotTaken
from aftersales.visits.slot_search import SlotQuery, find_slots
from aftersales.workshop.staffing import Calendar, change_calendar, remove
from aftersales.workshop.workshop_setup import disturbed, put_bay, put_technician, report_absence
from aftersales.workshop.workshops import Bay, load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor, Role, add_account
from ingest.registry import Vehicles
from tests.aftersales.world import GARAGE, World, garage

View = dict[str, Any]
Change = Callable[[UnitOfWork, Actor, View], object]
HERE = "wks_one"


@pytest.fixture
def manager(world: World) -> Actor:
    world.put(garage(bays=2))
    with world.database.unit() as unit:
        return add_account(unit, "boss@garage.example", Role.WORKSHOP_MANAGER, GARAGE)


def first_slot(world: World) -> View:
    with world.database.unit() as unit:
        return find_slots(unit, world.owner, Vehicles(), SlotQuery(vehicle="car-1", wish=Wish.MAINTENANCE))[0]


def book(world: World, unit: UnitOfWork, slot: View) -> View:
    return wishes.book(unit, world.owner, world.vehicle, slot["id"], Wish.MAINTENANCE)


def close(unit: UnitOfWork, manager: Actor, slot: View) -> None:
    change_calendar(unit, manager, HERE, Calendar(special_days={slot["start"][:10]: []}))


def let_go(unit: UnitOfWork, manager: Actor, slot: View) -> None:
    start = datetime.fromisoformat(slot["start"])
    report_absence(unit, manager, HERE, slot["technician"]["id"], (start, start + timedelta(minutes=15)), "ill")


def off_shift(unit: UnitOfWork, manager: Actor, slot: View) -> None:
    people = {one.id: one for one in load_workshop(unit, HERE).technicians}
    put_technician(unit, manager, HERE, replace(people[slot["technician"]["id"]], shifts={}))


def without_bay(unit: UnitOfWork, manager: Actor, slot: View) -> None:
    remove(unit, manager, HERE, "bays", slot["bay"]["id"])


def call_bay_otherwise(unit: UnitOfWork, manager: Actor, slot: View) -> None:
    put_bay(unit, manager, HERE, Bay(slot["bay"]["id"], "by the gate", frozenset({"lift"})))


def changing_meanwhile(world: World, manager: Actor, patch: pytest.MonkeyPatch, change: Change, slot: View) -> None:
    """Let a manager change the workshop when a booking has checked its slot, and is about to lock its days."""
    lock_days, left = holds.lock_days, iter([change])

    def meanwhile(*given: Any) -> None:
        for one in left:
            with world.database.unit() as other:
                one(other, manager, slot)
        lock_days(*given)

    patch.setattr(holds, "lock_days", meanwhile)


@pytest.mark.parametrize("change", [close, let_go, off_shift, without_bay])
def test_what_has_changed_since_the_slot_was_checked_is_not_booked(
    world: World, manager: Actor, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    slot = first_slot(world)
    changing_meanwhile(world, manager, monkeypatch, change, slot)
    with world.database.unit() as unit:
        with pytest.raises(SlotTaken) as refused:
            book(world, unit, slot)
        assert slot["id"] not in {one["id"] for one in refused.value.extra["slots"]}, "the next best ones are as of now"
        assert refused.value.extra["slots"]
    assert world.nothing_is_held()


def test_a_change_that_leaves_the_slot_alone_does_not_stop_its_booking(
    world: World, manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = first_slot(world)
    changing_meanwhile(world, manager, monkeypatch, call_bay_otherwise, slot)
    with world.database.unit() as unit:
        assert book(world, unit, slot)["state"] == "held"


def in_the_background(world: World, act: Callable[[], object], waits_for: str) -> threading.Thread:
    """Start something that has to wait for a lock of the set-up, and come back when it does."""
    thread = threading.Thread(target=act)
    thread.start()
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND mode = :mode")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with world.database.unit() as unit:
            if unit.connection.execute(waiting, {"mode": waits_for}).scalar_one():
                return thread
    raise AssertionError("it does not wait")


def test_who_books_waits_for_a_change_that_is_not_committed_yet(world: World, manager: Actor) -> None:
    slot, refused = first_slot(world), []

    def later() -> None:
        try:
            with world.database.unit() as unit:
                book(world, unit, slot)
        except SlotTaken as taken:
            refused.append(taken.code)

    with world.database.unit() as unit:
        close(unit, manager, slot)
        thread = in_the_background(world, later, "ShareLock")
    thread.join(30)
    assert refused == ["slot_taken"]
    assert world.nothing_is_held()


def test_a_change_waits_for_who_books_and_names_his_visit(world: World, manager: Actor) -> None:
    slot, named = first_slot(world), []

    def later() -> None:
        with world.database.unit() as unit:
            close(unit, manager, slot)
            named.extend(disturbed(unit, manager, HERE))

    with world.database.unit() as unit:
        visit = book(world, unit, slot)
        thread = in_the_background(world, later, "ExclusiveLock")
    thread.join(30)
    assert [one["id"] for one in named] == [visit["id"]]
