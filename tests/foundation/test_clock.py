"""The clock that all processes share: asked within a unit, it never waits for the connection of another one."""

import threading
from datetime import timedelta

from foundation.clock import OffsetClock
from foundation.database import Database


def test_units_that_hold_every_connection_may_all_ask_the_time(database_url: str) -> None:
    database = Database(database_url, pool_size=1)  # and one more when it is busy
    try:
        with database.unit() as first, database.unit() as second:
            assert abs(first.now() - second.now()) < timedelta(seconds=5)
    finally:
        database.close()


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
