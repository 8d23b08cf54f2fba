"""Looks that followers of the same thing share."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from forecourt.pages.looks import Looks


def test_those_who_follow_the_same_thing_look_as_often_as_one_and_see_what_is_new() -> None:
    looked: list[str] = []

    def look() -> str:
        time.sleep(0.01)
        looked.append(str(len(looked)))
        return looked[-1]

    def fail() -> str:
        raise RuntimeError

    async def story() -> None:
        looks = Looks()
        with looks.at("plan one") as mine, looks.at("plan one") as his, looks.at("plan two") as other:
            assert mine is his is not other
            first = await asyncio.gather(*(it.newer_than(float("-inf"), look) for it in [mine] * 50 + [his] * 50))
            assert set(first) == {"0"}
            woken = time.monotonic()
            assert set(await asyncio.gather(*(his.newer_than(woken, look) for _ in range(20)))) == {"1"}
            assert await other.newer_than(float("-inf"), look) == "2"
            with pytest.raises(RuntimeError):
                await mine.newer_than(time.monotonic(), fail)
            assert await his.newer_than(woken, look) == "1", "another's fault is not mine"
        with looks.at("plan one") as again:
            assert await again.newer_than(float("-inf"), look) == "3", "nothing is kept for nobody"

    with ThreadPoolExecutor(1) as thread:  # the browser of other tests leaves a loop running in this one
        thread.submit(asyncio.run, story()).result()
    assert len(looked) == 4
