"""Looks that followers of the same thing share."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from foundation.follow import POLL_S

LOOK_S = POLL_S / 2  # what is followed is looked at so often, however many follow


class Looks:
    """What was last seen of each thing that somebody follows, by its key; all but looking runs in the loop's thread."""

    def __init__(self) -> None:
        self._shared: dict[str, _Shared] = {}

    @contextmanager
    def at(self, key: str) -> Iterator["_Shared"]:
        shared = self._shared.setdefault(key, _Shared())
        shared.followers += 1
        try:
            yield shared
        finally:
            shared.followers -= 1
            if not shared.followers:
                del self._shared[key]


class _Shared:
    def __init__(self) -> None:
        self.followers = 0
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._seen = ""

    async def newer_than(self, instant: float, look: Callable[[], str]) -> str:
        """Give what was seen later than an instant of the machine's clock; looks only if nobody has looked since."""
        async with self._looking:
            if self._looked_at <= instant:
                began = time.monotonic()
                self._seen = await asyncio.to_thread(look)
                self._looked_at = began
            return self._seen
