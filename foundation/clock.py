"""The one clock: business time comes from here, so that tests, the demo and the workshop simulation can move it."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the business instant as aware UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is advanced; for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


class OffsetClock:
    """The machine's clock plus an offset that all processes read from one database row, looked up once a second."""

    def __init__(self, read_offset: Callable[[], timedelta], refresh_s: float = 1.0) -> None:
        self._read_offset = read_offset
        self._refresh_s = refresh_s
        self._offset = timedelta()
        self._read_at: float | None = None
        self._reading = threading.Lock()

    def now(self) -> datetime:
        """Give the instant. One thread at a time looks the offset up; the others go on with what they know."""
        elapsed = time.monotonic()
        never = self._read_at is None
        if (self._read_at is None or elapsed - self._read_at > self._refresh_s) and self._reading.acquire(never):
            try:
                if not never or self._read_at is None:
                    self._offset = self._read_offset()
                    self._read_at = elapsed
            finally:
                self._reading.release()
        return datetime.now(UTC) + self._offset
