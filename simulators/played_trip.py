"""Where a simulated car's values come from: a recorded trip, in time or step by step, or drives without end."""

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import numpy as np

from ingest.readings import TripColumns

Monotonic = Callable[[], float]
Values = Mapping[str, float]


class PlayedTrip:
    """A trip in real time, `speed` times as fast: a value stands until the next one of its signal, as in a real ECU.

    The trip begins when the ignition is turned on, which the first question does. After the last row the control units
    sleep, unless the trip is looped. A signal has no value before its first reading.
    """

    def __init__(
        self, trip: TripColumns, *, speed: float = 1.0, loop: bool = False, monotonic: Monotonic = time.monotonic
    ) -> None:
        if not len(trip.t_s):
            raise ValueError("a trip without rows cannot be played")
        self.signals = frozenset(trip.signals)
        self._columns = {name: _told(trip.t_s - trip.t_s[0], values) for name, values in trip.signals.items()}
        self._duration_s = trip.duration_s
        self._speed, self._loop, self._monotonic = speed, loop, monotonic
        self._begun: float | None = None

    @property
    def awake(self) -> bool:
        """Whether the ignition is on, or would be turned on by asking."""
        return self._loop or self._elapsed_s() <= self._duration_s

    @property
    def over_for_s(self) -> float:
        """How long the trip has been over, in its own seconds."""
        return max(self._elapsed_s() - self._duration_s, 0.0)

    def turn_on(self) -> None:
        if self._begun is None:
            self._begun = self._monotonic()

    def held(self, signals: Sequence[str]) -> Values:
        """Give the values that stand now; nothing before the ignition is on and after the end."""
        if self._begun is None or not self.awake:
            return {}
        elapsed = self._elapsed_s()
        at = elapsed % self._duration_s if self._loop and elapsed > self._duration_s > 0 else elapsed
        return self.held_at(at, signals)

    def held_at(self, at_s: float, signals: Sequence[str] | None = None) -> Values:
        """Give the values that stand `at_s` seconds after the first row; of all signals, if none are named."""
        found = {}
        for name in self.signals if signals is None else signals:
            if name in self._columns:
                times, values = self._columns[name]
                if place := bisect_right(times, at_s):
                    found[name] = values[place - 1]
        return found

    ask = held

    def half_way(self) -> Values:
        """Give the values in the middle of the trip, as a freeze frame may hold them."""
        return self.held_at(self._duration_s / 2)

    def _elapsed_s(self) -> float:
        return 0.0 if self._begun is None else (self._monotonic() - self._begun) * self._speed


class SteppedTrip:
    """A trip that moves on by being asked: each question for some signals gives their next reading.

    Nothing is skipped or repeated, whatever the time between the questions; after the last one there is no value.
    """

    def __init__(self, trip: TripColumns) -> None:
        self.signals = frozenset(trip.signals)
        self.awake = True
        self._trip = PlayedTrip(trip)
        self._columns = {name: np.asarray(values, dtype=np.float64) for name, values in trip.signals.items()}
        self._waiting: dict[tuple[str, ...], list[Values]] = {}
        self._given: dict[str, float] = {}
        self._left = {name: int(np.isfinite(values).sum()) for name, values in self._columns.items()}

    @property
    def exhausted(self) -> bool:
        """Whether every reading of every signal has been given."""
        return not any(self._left.values())

    def turn_on(self) -> None:
        """Nothing: it is by being asked that such a trip moves on."""

    def ask(self, signals: Sequence[str]) -> Values:
        key = tuple(name for name in signals if name in self._columns)
        if key not in self._waiting:
            self._waiting[key] = self._rows(key)
        if not self._waiting[key]:
            return {}
        found = self._waiting[key].pop()
        for name in found:
            self._left[name] -= 1
        self._given.update(found)
        return found

    def held(self, signals: Sequence[str]) -> Values:
        """Give what was given last, without moving on."""
        return {name: self._given[name] for name in signals if name in self._given}

    def half_way(self) -> Values:
        return self._trip.half_way()

    def _rows(self, key: tuple[str, ...]) -> list[Values]:
        """Give the readings of these signals row by row, the last one first."""
        columns = [self._columns[name] for name in key]
        if not columns:
            return []
        rows = np.flatnonzero(np.any([np.isfinite(values) for values in columns], axis=0))
        return [
            {name: float(values[row]) for name, values in zip(key, columns, strict=True) if np.isfinite(values[row])}
            for row in rows[::-1]
        ]


class EndlessDrive:
    """Drives one after another, without end; between two the car is parked for `parked_s` of its own seconds.

    `drive` gives the trip of a number; the next one is driven while the present one is played. Close it in the end.
    """

    def __init__(
        self, drive: Callable[[int], TripColumns], *, speed: float = 1.0, parked_s: float = 60.0,
        monotonic: Monotonic = time.monotonic,
    ) -> None:  # fmt: skip
        self._drive, self._speed, self._parked_s, self._monotonic = drive, speed, parked_s, monotonic
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="next-drive")
        self._lock = Lock()
        self.number = 0
        self._playing = self._play(drive(0))
        self._next: Future[TripColumns] = self._ahead.submit(drive, 1)
        self.signals = self._playing.signals

    def close(self) -> None:
        self._ahead.shutdown(cancel_futures=True)

    @property
    def awake(self) -> bool:
        return self._now().awake

    def turn_on(self) -> None:
        self._now().turn_on()

    def held(self, signals: Sequence[str]) -> Values:
        return self._now().held(signals)

    ask = held

    def half_way(self) -> Values:
        return self._now().half_way()

    def _now(self) -> PlayedTrip:
        with self._lock:
            if self._playing.over_for_s > self._parked_s:
                self._playing = self._play(self._next.result())
                self.number += 1
                self._next = self._ahead.submit(self._drive, self.number + 1)
            return self._playing

    def _play(self, trip: TripColumns) -> PlayedTrip:
        return PlayedTrip(trip, speed=self._speed, monotonic=self._monotonic)


def _told(t_s: np.ndarray, values: np.ndarray) -> tuple[list[float], list[float]]:
    there = np.isfinite(values)
    return t_s[there].tolist(), values[there].astype(np.float64).tolist()
