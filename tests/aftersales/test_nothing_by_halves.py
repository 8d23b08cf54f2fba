"""All or nothing: whatever fails on the way to a visit, nothing of it is left; and the order of what is told."""

import threading
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select

from aftersales import opening
from aftersales.opening import open_case
from aftersales.tables import metadata as desk
from aftersales.visits import alternatives, bookings, holds, proposing, release
from foundation.events import append, read
from foundation.tables import events, grants
from parts_catalog import stock
from parts_catalog.tables import reservations
from tests.aftersales.voices import HOUR_A_DAY, Town
from tests.aftersales.world import World, garage


class BrokenError(Exception):
    """What the test breaks on purpose."""


def count(world: World) -> dict[str, int]:
    """Give the rows of every table that a booking writes."""
    tables = [*desk.sorted_tables, reservations, events, grants]
    with world.database.unit() as unit:
        return {one.name: unit.connection.execute(select(func.count()).select_from(one)).scalar_one() for one in tables}


def break_after(broken: pytest.MonkeyPatch, module: Any, step: str) -> None:
    """Let a step do its work, and fail behind it: as if the process had died there."""
    whole = getattr(module, step)

    def fail(*arguments: Any, **named: Any) -> Any:
        whole(*arguments, **named)
        raise BrokenError(step)

    broken.setattr(module, step, fail)


def test_a_case_from_a_finding_is_whole_or_not_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = count(world)
    for module, step in (
        (opening, "insert_case"),
        (opening, "_keep_finding"),
        (proposing, "lock_day_of"),
        (holds, "write_estimate"),
        (holds, "take_slot"),
        (stock, "reserve"),
        (holds, "open_to"),
        (holds, "move_case"),
        (holds, "tell"),
        (proposing, "attempt"),
        (proposing, "notify"),
    ):
        with monkeypatch.context() as broken:
            break_after(broken, module, step)
            with pytest.raises(BrokenError, match=step), world.database.unit() as unit:
                open_case(unit, world.finding(), world.vehicle)
        assert count(world) == before, step
        assert world.nothing_is_held(), step
    assert world.open()["state"] == "proposed", "and the next try finds everything free"


def test_a_confirmation_is_whole_or_not_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = world.open()["appointment"]
    before = count(world)
    for module, step in (
        (stock, "keep"),
        (bookings, "move_appointment"),
        (bookings, "move_case"),
        (bookings, "create_order"),
        (bookings, "record"),
        (bookings, "open_to"),
        (bookings, "remind"),
        (bookings, "notify"),
    ):
        with monkeypatch.context() as broken:
            break_after(broken, module, step)
            with pytest.raises(BrokenError, match=step):
                world.confirm(visit["id"])
        assert count(world) == before, step
        assert world.case(visit["case"])["appointment"]["state"] == "held", step
    assert world.confirm(visit["id"])["state"] == "confirmed"


def test_a_decline_is_whole_or_not_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = world.open()["appointment"]
    world.confirm(visit["id"])
    before, held = count(world), world.reserved()
    for module, step in (
        (release, "vacate"),
        (stock, "release"),
        (release, "advance"),
        (release, "note_vacancy"),
        (bookings, "move_case"),
    ):
        with monkeypatch.context() as broken:
            break_after(broken, module, step)
            with pytest.raises(BrokenError, match=step), world.database.unit() as unit:
                bookings.decline(unit, world.owner, visit["id"])
        assert (count(world), world.reserved(), world.occupied()) == (before, held, 2), step
    with world.database.unit() as unit:
        bookings.decline(unit, world.owner, visit["id"])
    assert world.nothing_is_held()


def test_accepting_another_time_is_whole_or_not_there(street: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    street.world.put(garage(opening_hours=HOUR_A_DAY))
    visit = street.owner.confirmed("car-1", street.owner.slots()[3])
    street.owner.post("waitlist", {"case": visit["case"]}, 201)
    street.sweep()
    offer = street.owner.get(f"appointments/{visit['id']}")["offer"]
    before = count(street.world)
    for step in ("vacate", "change_appointment", "notify"):
        with monkeypatch.context() as broken:
            break_after(broken, alternatives, step)
            with pytest.raises(BrokenError, match=step):
                street.owner.post(f"appointments/{offer['id']}/confirm")
        assert (count(street.world), street.world.occupied()) == (before, 4), step
        assert street.owner.get(f"appointments/{visit['id']}")["start"] == visit["start"], step
    assert street.owner.post(f"appointments/{offer['id']}/confirm")["start"] == offer["start"]
    assert street.world.occupied() == 2


@pytest.mark.parametrize("first_commits", [True, False])
def test_two_overlapping_transactions_number_one_subject_in_commit_order(world: World, first_commits: bool) -> None:
    case = world.open()["id"]
    already = len(world.events(case))
    written, go_on = threading.Event(), threading.Event()
    numbers: list[int] = []

    def end() -> None:
        if not first_commits:
            raise BrokenError

    def first() -> None:
        with suppress(BrokenError), world.database.unit() as unit:
            append(unit, case, "first", {})
            written.set()
            assert go_on.wait(20)
            end()

    def second() -> None:
        assert written.wait(20)
        with world.database.unit() as unit:
            numbers.append(append(unit, case, "second", {}))

    threads = [threading.Thread(target=one) for one in (first, second)]
    for thread in threads:
        thread.start()
    assert written.wait(20)
    threads[1].join(0.3)
    assert threads[1].is_alive(), "the second one waits for the first to end"
    with world.database.unit() as unit:
        assert read(unit, case, already) == [], "nobody sees a number whose unit has not committed"
    go_on.set()
    for thread in threads:
        thread.join(20)
    told = world.events(case)[already:]
    assert told == (["first", "second"] if first_commits else ["second"])
    assert numbers == [already + len(told)], "no gap, whether the first one stayed or not"
