"""The clock that all processes share: asked within a unit, it never waits for the connection of another one."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy.exc
from sqlalchemy import create_engine

from foundation.clock import OffsetClock
from foundation.database import Database, move_clock


def test_units_that_hold_every_connection_may_all_ask_the_time(database_url: str) -> None:
    database = Database(database_url, pool_size=1)  # and one more when it is busy
    try:
        with database.unit() as first, database.unit() as second:
            assert abs(first.now() - second.now()) < timedelta(seconds=5)
    finally:
        database.close()


def test_the_clock_goes_on_while_the_database_is_away(database_url: str) -> None:
    database, stranger = Database(database_url), Database(database_url)
    try:
        with database.unit() as unit:
            move_clock(unit, timedelta(hours=3))
        known = database.clock.now()
        for it in (database, stranger):
            it._clock_engine.dispose()
            it._clock_engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
        assert isinstance(database.clock, OffsetClock)
        database.clock._read_at = 0.0  # long ago
        assert timedelta() <= database.clock.now() - known < timedelta(minutes=1)
        with pytest.raises(sqlalchemy.exc.OperationalError):
            stranger.clock.now()
    finally:
        database.close()
        stranger.close()


def test_the_offset_is_looked_up_by_one_thread_while_others_go_on() -> None:
    looking, go_on = threading.Event(), threading.Event()
    offsets = iter([timedelta(hours=1), timedelta(hours=2)])

    def look_up() -> timedelta:
        offset = next(offsets)
        if offset == timedelta(hours=2):
            looking.set()
            assert go_on.wait(20)
        return offset

    clock = OffsetClock(look_up, refresh_s=0)
    before = clock.now()
    slow = threading.Thread(target=clock.now)
    slow.start()
    assert looking.wait(20)
    assert clock.now() - before < timedelta(minutes=1)
    go_on.set()
    slow.join(20)
