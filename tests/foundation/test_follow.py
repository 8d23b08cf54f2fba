"""Followers: woken by a commit, nothing twice, no database connection held while they wait."""

import asyncio
import time
from typing import Any

from sqlalchemy import QueuePool

from foundation.database import Database
from foundation.events import START, append
from foundation.follow import POLL_S, Wakeups, follow, follow_many


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


def test_a_follower_of_many_sees_all_subjects_in_the_logs_order(database: Database) -> None:
    async def story() -> list[str]:
        wakeups = Wakeups(database.url)
        wakeups.start(asyncio.get_running_loop())
        for subject, kind in (("a", "1"), ("b", "2"), ("c", "not followed"), ("a", "3")):
            await asyncio.to_thread(_append, database, subject, kind)
        stream = follow_many(database, wakeups, ["a", "b"], START)
        seen = [(await anext(stream)).kind for _ in range(3)]
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.to_thread(wakeups.stop)
        return seen

    assert asyncio.run(story()) == ["1", "2", "3"]


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
