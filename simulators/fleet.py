"""Simulated cars that publish in real time, as their devices would, each under its own credentials."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from ingest.envelope import Readings
from ingest.publisher import Publisher
from ingest.readings import TripColumns
from ingest.topics import Kind
from simulators.faults import AlternatorShape
from simulators.garage import Character, growing, history, record
from simulators.output import trip_of

__all__ = ["LiveCar", "LiveFleet", "growing", "history"]

AGENT = "forecourt-simulate 0.1"
ROUND_S = 900  # all cars set out together and are home within this time
_SHORTEST_S, _LONGEST_S = 600, 900
_AHEAD_S = 60.0  # the next round is driven this long before it is due


class Clock(Protocol):
    """Tells the time that the cars' devices show."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class LiveCar:
    """A car on the road: `mqtt_url` with its device's credentials, and the severity of its `fault`."""

    mqtt_url: str
    seed: int
    severity: float = 0.0
    shape: AlternatorShape = AlternatorShape.UNDERVOLTAGE
    traits: Mapping[str, float] = field(default_factory=dict)
    fault: str = "alternator"

    @property
    def character(self) -> Character:
        return Character(self.seed, self.shape, self.traits, self.fault)


class LiveFleet:
    """Up to some dozens of cars that drive on and on, one message each every `period_s`. Use as a context manager.

    The readings of a round follow from the seeds; their times from `clock`. With `spools`, each device keeps its
    unanswered messages in a file there.
    """

    def __init__(
        self, cars: Sequence[LiveCar], clock: Clock, *, seed: int = 0, period_s: float = 2.0, spools: Path | None = None
    ) -> None:
        if not cars:
            raise ValueError("a fleet needs a car")
        self._cars, self._clock, self._seed, self._period_s = tuple(cars), clock, seed, period_s
        self._publishers = [
            Publisher(car.mqtt_url, spool=spools / f"{index}.spool" if spools else None, agent=AGENT, clock=clock)
            for index, car in enumerate(self._cars)
        ]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-fleet", daemon=True)
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def sent_readings(self) -> int:
        return sum(publisher.sent_readings for publisher in self._publishers)

    @property
    def sent_messages(self) -> int:
        return sum(publisher.sent_messages for publisher in self._publishers)

    @property
    def committed(self) -> int:
        """The number of messages that were answered."""
        return sum(publisher.committed for publisher in self._publishers)

    @property
    def dead(self) -> int:
        return sum(publisher.dead for publisher in self._publishers)

    def start(self) -> None:
        for publisher in self._publishers:
            publisher.start()
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> bool:
        """Park the cars, wait until every message is answered, and disconnect.

        True: all were answered in time. What killed the driving thread, if anything did, is raised here.
        """
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        deadline = time.monotonic() + timeout_s
        answered = [it.wait_committed(max(deadline - time.monotonic(), 0)) for it in self._publishers]
        for publisher in self._publishers:
            publisher.stop()
        if self.failure is not None:
            raise self.failure
        return all(answered)

    def _run(self) -> None:
        try:
            number, trips = 0, self._drive(0)
            while not self._stopping.is_set():
                trips = self._publish(number, trips)
                number += 1
        except BaseException as error:  # it is raised again by `stop`: a thread has nobody else to tell
            self.failure = error
            raise

    def _drive(self, number: int) -> list[TripColumns]:
        """Drive round `number` and give a trip per car, undated."""
        when = np.array([self._clock.now().astimezone(UTC).replace(tzinfo=None)] * len(self._cars), "datetime64[s]")
        severity = np.array([car.severity for car in self._cars], dtype=np.float32)
        characters = [car.character for car in self._cars]
        seed = self._seed * 1_000_003 + number
        block = record(characters, severity, when, _SHORTEST_S, _LONGEST_S, seed)
        rng = np.random.default_rng([seed, 4])
        return [trip_of(block, index, rng) for index in range(len(self._cars))]

    def _publish(self, number: int, trips: list[TripColumns]) -> list[TripColumns]:
        """Publish a round as it happens and give the trips of the next one."""
        begun = time.monotonic()
        boot = f"live-{int(self._clock.now().timestamp() * 1000)}"
        sent = [0] * len(trips)
        following: list[TripColumns] = []
        while (elapsed := time.monotonic() - begun) < ROUND_S and not self._stopping.is_set():
            # The clock is asked each time, for a demo may move it while the cars drive.
            start = self._clock.now() - timedelta(seconds=elapsed)
            for index, trip in enumerate(trips):
                until = int(np.searchsorted(trip.t_s, elapsed, side="right"))
                if until > sent[index]:
                    readings = _readings(trip, sent[index], until, start)
                    self._publishers[index].send(Kind.READINGS_JSON, boot, readings)
                    sent[index] = until
            if not following and elapsed > ROUND_S - _AHEAD_S:
                following = self._drive(number + 1)
            self._stopping.wait(self._period_s)
        return following


def _readings(trip: TripColumns, first: int, until: int, start: datetime) -> Readings:
    """Give rows `first`..`until` of a trip that began at `start`, without signals that say nothing in them."""
    t_ms = np.rint(trip.t_s[first:until] * 1000).astype(np.int64)
    rows = {name: values[first:until] for name, values in trip.signals.items()}
    told = {name: values for name, values in rows.items() if not np.isnan(values).all()}
    return Readings(
        t0=start + timedelta(milliseconds=int(t_ms[0])),
        dt_ms=t_ms - t_ms[0],
        signals=tuple(told),
        values=np.stack(list(told.values())),
    )
