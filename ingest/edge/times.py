"""The car end's three notions of time, handed in from outside: the wall clock, one that never jumps, and waiting."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from foundation.clock import Clock, SystemClock
from ingest.envelope import FIRST_TRUSTED, UNSET_CLOCK

JUMP_S = 2.0
_MACHINE_START = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment by the clock that never jumps (`at`, seconds), and by the wall clock if anybody has set that."""

    at: float
    wall: datetime | None

    def agrees(self, other: "Instant") -> bool:
        """Whether the wall clock went on between the two as it should; False when it was set meanwhile."""
        if self.wall is None or other.wall is None:
            return self.wall is other.wall
        return abs((other.wall - self.wall).total_seconds() - (other.at - self.at)) <= JUMP_S


@dataclass(frozen=True, slots=True)
class Times:
    """`monotonic` counts within one `session`, a start of the machine. `has_clock`: the wall clock may be believed."""

    clock: Clock
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    session: str | None = None
    has_clock: bool = True

    def now(self) -> Instant:
        wall = self.clock.now() if self.has_clock else None
        return Instant(self.monotonic(), None if wall is None or wall < FIRST_TRUSTED else wall)

    def clock_source(self) -> str:
        return UNSET_CLOCK if self.now().wall is None else "system"


def machine_times(sleep: Callable[[float], None], *, has_clock: bool = True) -> Times:
    """Give the machine's own times; they go on over a restart of the process, and over a suspension where known."""
    session = _MACHINE_START.read_text("ascii").strip() if _MACHINE_START.exists() else None
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    monotonic = time.monotonic if boot_time is None else lambda: time.clock_gettime(boot_time)
    return Times(SystemClock(), monotonic, sleep, session, has_clock)
