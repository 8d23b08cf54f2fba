"""A car of ours behind our ELM327 with a car end plugged in: in this process in quick time, or as its users run it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from forecourt.installation import Installation
from forecourt.settings import Settings
from foundation.database import Database
from ingest.archive import Archive
from ingest.edge.times import Times
from ingest.readings import TripColumns
from simulators.ecu import Car, Ecu, Source
from simulators.elm327 import Elm327
from simulators.elm_servers import ElmServer, PtyElm, TcpElm
from tests.flow.house import House

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class QuickTimes:
    """Time that runs `factor` times as fast from `start` on, for a car end and for the car behind it."""

    def __init__(self, start: datetime, factor: float) -> None:
        self._start, self._factor, self._begun = start, factor, time.monotonic()
        self.stopping = threading.Event()

    def monotonic(self) -> float:
        return (time.monotonic() - self._begun) * self._factor

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def sleep(self, seconds: float) -> None:
        self.stopping.wait(seconds / self._factor)

    def times(self) -> Times:
        return Times(self, self.monotonic, self.sleep, session="quick")


@contextmanager
def elm_of(source: Source, *, on_pty: bool = False) -> Iterator[tuple[Ecu, ElmServer]]:
    """Serve a car of one control unit behind our ELM327; gives the control unit and the server."""
    ecu = Ecu(source)
    elm = Elm327(Car([ecu]))
    with (PtyElm if on_pty else TcpElm)(elm) as server:
        yield ecu, server


def counting_trip(rows: int, **steps: float) -> TripColumns:
    """Give a trip in which no value of a signal occurs twice: row k of each is k of its wire's steps."""
    k = np.arange(1, rows + 1)
    return TripColumns(
        "", "", None, k.astype(np.float64), {name: (k * step).astype(np.float32) for name, step in steps.items()}
    )


def archived(house: House, signals: Sequence[str]) -> Mapping[str, np.ndarray]:
    """Give what the archive holds of the house's vehicle, each signal in the order of event time."""
    installation = Installation(Settings(data=house.data))
    database = Database(installation.database_url)
    try:
        with database.unit() as unit:
            rows = Archive(Path(installation.archive_directory)).readings(
                unit, house.vehicle, LONG_AGO, datetime.now(UTC) + timedelta(days=1), list(signals)
            )
    finally:
        database.close()
    return {name: rows.signals[name][~np.isnan(rows.signals[name])] for name in signals if name in rows.signals}


@dataclass
class Driver:
    """Keeps `forecourt edge` running as its systemd unit does, the broker's address in the environment."""

    house: House
    port: str
    folder: Path
    said: list[str] = field(default_factory=list)
    process: "subprocess.Popen[str] | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)

    def start(self, *more: str) -> None:
        command = [sys.executable, "-m", "forecourt", "edge", "--port", self.port, "--vehicle", self.house.vehicle]
        self.process = subprocess.Popen(
            [*command, "--spool", str(self.folder), *more],
            env={**os.environ, "FORECOURT_MQTT_URL": self.house.device_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.said += (self.process.communicate(timeout=20)[0] or "").splitlines()
