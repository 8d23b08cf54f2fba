"""Closed trips come up once each, oldest first, and again when something was added to them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foundation.clock import FixedClock
from foundation.database import Database
from ingest import registry, trip_log
from ingest.archive import Archive
from ingest.intake import Intake
from ingest.topics import Kind
from tests.ingest.wire import NOON, columns, document

MINUTE = timedelta(minutes=1)


@pytest.fixture
def intake(database: Database, tmp_path: Path) -> Intake:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    return Intake(database, Archive(tmp_path / "archive"), "w1")


def drive(seq: int, minutes_ago: float, *, rpm: float = 800, at: datetime = NOON, **more: Any) -> Any:
    return columns(seq, NOON - minutes_ago * MINUTE, [0, 30], at=at, engine_speed=[rpm, rpm], **more)


def due(database: Database, now: datetime = NOON, *, done: bool = True) -> list[tuple[str, float]]:
    """Give (boot, minutes since the start) of what is due, and note it as done."""
    with database.unit() as unit:
        spans = trip_log.due(unit, now)
        if done:
            trip_log.done(unit, spans)
    return [(span.boot, (NOON - span.start) / MINUTE) for span in spans]


def test_a_trip_is_open_while_its_readings_come(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 5)])
    assert due(database, NOON + 4.9 * MINUTE) == []
    assert due(database, NOON + 5 * MINUTE) == [("b1", 5)]
    assert due(database, NOON + 9 * MINUTE) == []


def test_a_new_boot_closes_the_trip_before_it(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 30), drive(1, 20, boot="b2"), drive(1, 2, boot="b3")])
    assert due(database, done=False) == [("b1", 30), ("b2", 20)]
    assert due(database) == [("b1", 30), ("b2", 20)]
    assert due(database) == []


def test_silence_on_the_road_closes_a_trip_of_the_same_boot(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 30), drive(2, 2)])
    assert due(database) == [("b1", 30)]


def test_going_offline_closes_a_trip_until_more_of_it_comes(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 5), document(Kind.STATUS, {"online": False})])
    assert due(database) == [("b1", 5)]
    later = NOON + MINUTE
    intake.process([document(Kind.STATUS, {"online": True}, at=later), drive(2, 3, at=later)])
    assert due(database, later) == []
    intake.process([document(Kind.STATUS, {"online": False}, at=later + MINUTE)])
    assert due(database, later + MINUTE) == [("b1", 5)]


def test_late_rows_make_a_done_trip_due_again(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 30), drive(3, 2, boot="b2")])
    assert due(database) == [("b1", 30)]
    intake.process([drive(2, 33)])
    assert due(database) == [("b1", 33)]


def test_a_standing_engine_ends_the_trip_and_its_idle_rows_do_not_reopen_it(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 20)])
    intake.process([drive(seq, 20 - 2 * seq, rpm=0) for seq in (2, 3, 4)])
    assert due(database) == [("b1", 20)]
    intake.process([drive(5, 10, rpm=0), drive(6, 9, rpm=0)])
    assert due(database) == []
    intake.process([drive(7, 7)])
    assert due(database) == []
    assert due(database, NOON + 6 * MINUTE) == [("b1", 20)]


def test_a_trip_that_another_worker_judges_is_skipped(database: Database, intake: Intake) -> None:
    intake.process([drive(1, 30), drive(1, 20, boot="b2")])
    later = NOON + 9 * MINUTE
    with database.unit() as mine:
        first = trip_log.due(mine, later, limit=1)
        with database.unit() as other:
            assert [span.boot for span in trip_log.due(other, later)] == ["b2"]
        trip_log.done(mine, first)
    assert due(database, later) == [("b2", 20)]


def test_trips_of_other_vehicles_do_not_close_each_other(database: Database, intake: Intake, clock: FixedClock) -> None:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-2")
        registry.add_device(unit, "car-2", "dev-2")
    intake.process([drive(1, 20), drive(1, 5, device="dev-2")])
    assert due(database) == []
