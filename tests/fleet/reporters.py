"""Cars that report as real devices do: each with a publisher and a spool, sending until it is told `committed`."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from ingest.envelope import Readings
from ingest.publisher import Publisher
from ingest.topics import Kind
from tests.fleet.fleet import Car, Fleet

ROWS = 2  # a second apart
BOOT = "boot-1"
COUNTER = "engine_run_time"  # counts the rows of a car, so that what is read back shows every loss and every swap
_SIGNALS = (COUNTER, "engine_speed", "vehicle_speed", "control_module_voltage")


class Reporters:
    """The publishers of some cars; the first car's alternator does not charge, which must become one finding."""

    def __init__(self, cars: Sequence[Car], folder: Path, each: int) -> None:
        self.cars, self.each = cars, each
        self.begun = datetime.now(UTC) - timedelta(seconds=ROWS * each + 60)
        folder.mkdir(parents=True, exist_ok=True)
        self.publishers = [
            Publisher(car.url, car.device, folder / f"{number}.spool") for number, car in enumerate(cars)
        ]
        self._failure: BaseException | None = None

    def report(self, seconds: float) -> None:
        """Send everything, spread over so many seconds."""
        began = time.monotonic()
        for seq in range(1, self.each + 1):
            time.sleep(max(0.0, began + seconds * seq / self.each - time.monotonic()))
            for number, publisher in enumerate(self.publishers):
                publisher.send(Kind.READINGS_BINARY, BOOT, self._content(number, seq), seq=seq)

    @contextmanager
    def reporting(self, seconds: float) -> Iterator[None]:
        """Send in a thread beside what the caller does."""

        def send() -> None:
            try:
                self.report(seconds)
            except BaseException as error:  # noqa: BLE001 - told below, in the caller's thread
                self._failure = error

        for publisher in self.publishers:
            publisher.start()
        thread = threading.Thread(target=send, name="reporters")
        thread.start()
        try:
            yield
        except BaseException:
            self._stop()
            raise
        thread.join()
        if self._failure is not None:
            raise self._failure

    def wait(self, seconds: float) -> None:
        """Wait until every device was told that everything is committed; then they say goodbye."""
        deadline = time.monotonic() + seconds
        told = [it.wait_committed(max(0.0, deadline - time.monotonic())) for it in self.publishers]
        waiting = sum(it.waiting for it in self.publishers)
        dead = sum(it.dead for it in self.publishers)
        self._stop()
        assert all(told), f"{waiting} messages are not committed, {dead} given up"

    def _stop(self) -> None:
        for publisher in self.publishers:
            publisher.stop()

    def _content(self, number: int, seq: int) -> Readings:
        row = np.arange((seq - 1) * ROWS, seq * ROWS, dtype=np.float32)
        volts = 11.4 if number == 0 else 14.1
        values = np.stack([row, np.full(ROWS, 1800), np.full(ROWS, 60), np.full(ROWS, volts)]).astype(np.float32)
        t0 = self.begun + timedelta(seconds=(seq - 1) * ROWS)
        return Readings(t0, np.arange(ROWS, dtype=np.int64) * 1000, _SIGNALS, values)

    def check(self, fleet: Fleet) -> str:
        """Hold everything against the archive, before and after compaction; gives a sentence for the log."""
        messages, rows = self.each * len(self.cars), self.each * len(self.cars) * ROWS
        assert fleet.keys() == messages
        for after in (False, True):
            if after:
                assert fleet.compact() == 0
            files = fleet.files()
            lost, twice = rows - files.identities, files.twice
            assert (lost, twice, files.disordered) == (0, 0, []), f"lost {lost}, twice {twice}, {files.disordered}"
            for car in self.cars:
                at_us, values = fleet.read(car, COUNTER)
                assert np.array_equal(values, np.arange(self.each * ROWS)), f"{car.vehicle}: rows are lost or swapped"
                assert np.all(np.diff(at_us) == 1_000_000)
        return f"{messages} messages, {rows} rows: lost {lost}, stored twice {twice}, out of order 0"
