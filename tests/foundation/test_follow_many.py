"""Followers of several subjects: each event once and in the log's order, one reader for all of them."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

import foundation.follow_many
from foundation.database import Database
from foundation.events import START, Cursor, Event, append, end_of_log, read_many
from foundation.follow import POLL_S, Wakeups
from foundation.follow_many import follow_many


def tell(database: Database, *told: tuple[str, str]) -> None:
    with database.unit() as unit:
        for subject, kind in told:
            append(unit, subject, kind, {})


def run(database: Database, story: Callable[[Wakeups], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())
        try:
            return await asyncio.wait_for(story(wakeups), 40)
        finally:
            await asyncio.to_thread(wakeups.stop)

    return asyncio.run(whole())


def names(*subjects: str) -> Callable[[Any], Sequence[str]]:
    return lambda _: subjects


async def some(stream: Any, number: int) -> list[str]:
    seen: list[str] = []
    while len(seen) < number:
        event = await anext(stream)
        if event is not None:
            seen.append(event.kind)
    return seen


def test_all_subjects_are_seen_in_the_logs_order_from_before_and_from_now(database: Database) -> None:
    tell(database, ("a", "1"), ("b", "2"), ("c", "not followed"), ("a", "3"))

    async def story(wakeups: Wakeups) -> tuple[list[str], float]:
        stream = follow_many(database, wakeups, names("a", "b"), START)
        seen = await some(stream, 3)
        began = time.monotonic()
        await asyncio.to_thread(tell, database, ("c", "x"), ("b", "4"), ("a", "5"))
        seen += await some(stream, 2)
        return seen, time.monotonic() - began

    seen, took = run(database, story)
    assert seen == ["1", "2", "3", "4", "5"]
    assert took < POLL_S


def test_what_is_followed_changes_with_an_event_and_nothing_of_the_new_is_missed(database: Database) -> None:
    def subjects(unit: Any) -> list[str]:
        return ["car", *(event.data["case"] for event in read_many(unit, ["car"], START) if "case" in event.data)]

    async def story(wakeups: Wakeups) -> list[str]:
        stream = follow_many(database, wakeups, subjects, START, changes=lambda event: event.kind == "case_opened")
        waiting = asyncio.ensure_future(some(stream, 4))
        await asyncio.sleep(0.2)

        def open_case() -> None:
            with database.unit() as unit:
                append(unit, "car", "case_opened", {"case": "case_1"})
                append(unit, "case_1", "proposed", {})
                append(unit, "car", "seen", {})

        await asyncio.to_thread(open_case)
        await asyncio.to_thread(tell, database, ("case_1", "confirmed"))
        return await waiting

    assert run(database, story) == ["case_opened", "proposed", "seen", "confirmed"]


def test_an_event_that_an_older_transaction_holds_up_is_told_soon_after_it(database: Database) -> None:
    async def story(wakeups: Wakeups) -> tuple[list[str], float]:
        stream = follow_many(database, wakeups, names("a"), START)
        waiting = asyncio.ensure_future(some(stream, 1))
        await asyncio.sleep(0.3)
        go, over = threading.Event(), threading.Event()

        def hold() -> None:
            with database.unit() as unit:
                append(unit, "older", "kind", {})
                go.set()
                over.wait(10)

        holding = asyncio.ensure_future(asyncio.to_thread(hold))
        await asyncio.to_thread(go.wait)
        await asyncio.to_thread(tell, database, ("a", "1"))
        await asyncio.sleep(0.3)
        assert not waiting.done(), "what is not settled is not told yet"
        over.set()
        began = time.monotonic()
        seen = await waiting
        took = time.monotonic() - began
        await holding
        return seen, took

    seen, took = run(database, story)
    assert seen == ["1"]
    assert took < POLL_S / 2


def test_many_followers_ask_no_more_than_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Any] = []

    def counted(unit: Any, subjects: Any, after: Cursor, limit: int) -> list[Event]:
        looks.append(subjects)
        return read_many(unit, subjects, after, limit)

    monkeypatch.setattr(foundation.follow_many, "read_many", counted)

    async def story(wakeups: Wakeups) -> list[list[str]]:
        streams = [follow_many(database, wakeups, names("a", f"b{number}"), START) for number in range(200)]
        watching = [asyncio.ensure_future(some(stream, 3)) for stream in streams]
        while len(looks) < 200:  # each looks once for itself as it comes  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        looks.clear()
        for kind in "123":
            await asyncio.to_thread(tell, database, ("a", kind))
        return await asyncio.gather(*watching)

    assert run(database, story) == [["1", "2", "3"]] * 200
    assert len(looks) < 12


def test_who_come_and_go_at_any_place_see_each_event_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foundation.follow_many, "ROOM", 5)
    monkeypatch.setattr(foundation.follow_many, "AT_ONCE", 7)
    last = 60

    async def story(wakeups: Wakeups) -> list[list[str]]:
        async def watch(number: int) -> list[str]:
            seen: list[str] = []
            after = START
            while len(seen) < last:
                stream = follow_many(database, wakeups, names("a", "b"), after)
                for _ in range(1 + (number + len(seen)) % 11):
                    event = await anext(stream)
                    assert event is not None
                    seen.append(event.kind)
                    after = event.cursor
                    if number % 5 == 0:
                        await asyncio.sleep(0.01)
                    if len(seen) == last:
                        break
                await stream.aclose()
            return seen

        def write() -> None:
            for number in range(last):
                tell(database, ("abc"[number % 2], str(number)), ("c", "x"))

        writing = asyncio.ensure_future(asyncio.to_thread(write))
        seen = await asyncio.gather(*(watch(number) for number in range(20)))
        await writing
        return seen

    assert run(database, story) == [[str(number) for number in range(last)]] * 20


def test_a_pause_lets_the_follower_look_whether_he_may_go_on(database: Database) -> None:
    async def story(wakeups: Wakeups) -> list[Any]:
        stream = follow_many(database, wakeups, names("a"), START, pause_s=0.1)
        return [await anext(stream), await anext(stream)]

    assert run(database, story) == [None, None]


@pytest.mark.parametrize("failure", [OperationalError("look", {}, Exception("away")), RuntimeError("broken")])
def test_a_database_that_is_away_is_waited_for_and_any_other_fault_ends_the_stream(
    database: Database, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    failures = [failure]

    def failing(unit: Any) -> Cursor:
        if failures:
            raise failures.pop()
        return end_of_log(unit)

    monkeypatch.setattr(foundation.follow_many, "end_of_log", failing)
    tell(database, ("a", "1"))

    async def story(wakeups: Wakeups) -> list[str]:
        stream = follow_many(database, wakeups, names("a"), START)
        return await some(stream, 1 if isinstance(failure, OperationalError) else 2)

    if isinstance(failure, RuntimeError):
        with pytest.raises(RuntimeError, match="broken"):
            run(database, story)
    else:
        assert run(database, story) == ["1"]
