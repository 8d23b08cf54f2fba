"""Followers: woken by a commit, nothing twice, no database connection held while they wait."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import QueuePool
from sqlalchemy.exc import OperationalError

import foundation.follow
from foundation.database import Database
from foundation.events import append, read_each
from foundation.follow import POLL_S, Wakeups, follow


def _append(database: Database, subject: str, kind: str) -> None:
    with database.unit() as unit:
        append(unit, subject, kind, {})


def test_a_follower_resumes_behind_the_number_it_names_and_is_woken(database: Database) -> None:
    async def story() -> tuple[list[int], float, int]:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())
        for kind in ("one", "two", "three"):
            await asyncio.to_thread(_append, database, "order_a", kind)
        stream = follow(database, wakeups, "order_a", after=1)
        seen = [(await anext(stream)).number, (await anext(stream)).number]
        waiting: Any = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.3)
        pool = database.engine.pool
        assert isinstance(pool, QueuePool)
        held = pool.checkedout()
        began = time.monotonic()
        await asyncio.to_thread(_append, database, "order_a", "four")
        seen.append((await waiting).number)
        took = time.monotonic() - began
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.to_thread(wakeups.stop)
        return seen, took, held

    seen, took, held = asyncio.run(story())
    assert seen == [2, 3, 4]
    assert took < POLL_S
    assert held == 0


def test_stopping_ends_the_streams(database: Database) -> None:
    async def story() -> list[Any]:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())

        async def watch() -> list[Any]:
            return [event async for event in follow(database, wakeups, "a")]

        watching = asyncio.ensure_future(watch())
        await asyncio.sleep(0.2)
        await asyncio.to_thread(wakeups.stop)
        return await asyncio.wait_for(watching, 5)

    assert asyncio.run(story()) == []


def test_each_is_read_behind_its_own_place(database: Database) -> None:
    for subject in ("a", "b", "a", "a", "c"):
        _append(database, subject, "kind")
    with database.unit() as unit:
        found = read_each(unit, {"a": 1, "b": 0, "c": 1}, limit=1)
        assert {subject: [event.number for event in events] for subject, events in found.items()} == {
            "a": [2],
            "b": [1],
        }


def test_a_thousand_followers_ask_no_more_than_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def counted(unit: Any, places: Any, limit: int) -> Any:
        looks.append(len(places))
        return read_each(unit, places, limit)

    monkeypatch.setattr(foundation.follow, "read_each", counted)

    async def story() -> list[list[int]]:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())

        async def watch() -> list[int]:
            seen = []
            async for event in follow(database, wakeups, "a"):
                seen.append(event.number)
                if len(seen) == 3:
                    break
            return seen

        watching = [asyncio.ensure_future(watch()) for _ in range(1000)]
        await asyncio.sleep(0.3)
        for kind in ("one", "two", "three"):
            await asyncio.to_thread(_append, database, "a", kind)
        seen = await asyncio.wait_for(asyncio.gather(*watching), 20)
        await asyncio.to_thread(wakeups.stop)
        return seen

    assert asyncio.run(story()) == [[1, 2, 3]] * 1000
    assert sum(looks) < 12


def test_followers_who_come_and_go_at_any_place_see_each_event_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foundation.follow, "ROOM", 7)  # so that slow ones fall behind, and many looks are cut
    last = 60

    async def story() -> list[list[int]]:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())

        async def watch(number: int) -> list[int]:
            seen: list[int] = []
            while len(seen) < last:  # comes back with the number that it saw last, each time after some more
                stream = follow(database, wakeups, f"s{number % 3}", after=seen[-1] if seen else 0)
                for _ in range(1 + (number + len(seen)) % 11):
                    seen.append((await anext(stream)).number)
                    if number % 5 == 0:
                        await asyncio.sleep(0.01)
                    if len(seen) == last:
                        break
                await stream.aclose()  # type: ignore[attr-defined]
            return seen

        def write() -> None:
            for number in range(last * 3):
                _append(database, f"s{number % 3}", "kind")

        writing = asyncio.ensure_future(asyncio.to_thread(write))
        seen = await asyncio.wait_for(asyncio.gather(*(watch(number) for number in range(40))), 30)
        await writing
        await asyncio.to_thread(wakeups.stop)
        return seen

    assert asyncio.run(story()) == [list(range(1, last + 1))] * 40


@pytest.mark.parametrize("failure", [OperationalError("look", {}, Exception("away")), RuntimeError("broken")])
def test_a_database_that_is_away_is_waited_for_and_any_other_fault_ends_the_stream(
    database: Database, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    failures = [failure]

    def failing(unit: Any, places: Any, limit: int) -> Any:
        if failures:
            raise failures.pop()
        return read_each(unit, places, limit)

    monkeypatch.setattr(foundation.follow, "read_each", failing)
    _append(database, "a", "kind")

    async def story() -> int:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())
        try:
            return (await asyncio.wait_for(anext(follow(database, wakeups, "a")), 10)).number
        finally:
            await asyncio.to_thread(wakeups.stop)

    if isinstance(failure, RuntimeError):
        with pytest.raises(RuntimeError, match="broken"):
            asyncio.run(story())
    else:
        assert asyncio.run(story()) == 1
