"""A running Forecourt with many cars: enrols them, breaks it, and counts what the archive holds in two ways."""

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text

from forecourt.installation import Installation
from forecourt.settings import Settings
from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.archive.compaction import Pace
from ingest.readings import FloatArray
from ingest.vehicles import VehicleConfig
from tests.flow.house import House

AT_ONCE = Pace(many=1, patience=timedelta(0), rest=timedelta(0))
_IDENTITY = ("device", "boot", "seq", "position")
_ORDER = ("vehicle", "time", *_IDENTITY)


@dataclass(frozen=True)
class Car:
    vehicle: str
    device: str
    url: str


class Fleet(House):
    """One installation under test, with any number of ingest workers and cars."""

    def __init__(self, data: Path, **settings: object) -> None:
        super().__init__(data)
        self._enrolled = 0
        self.set(**settings)

    def set(self, **settings: object) -> None:
        """Change settings for the next start: `ingest_workers=2`."""
        self.environment |= {f"FORECOURT_{name.upper()}": str(value) for name, value in settings.items()}

    def pause(self) -> None:
        """Stop `serve` as an operator does; its data stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    @contextlib.contextmanager
    def database(self) -> Iterator[Database]:
        database = Database(Installation(Settings(data=self.data)).database_url)
        try:
            yield database
        finally:
            database.close()

    def archive(self) -> Archive:
        return Archive(self.data / "archive")

    def enrol(self, count: int, config: VehicleConfig | None = None) -> list[Car]:
        """Give the owner so many cars, each with a device that the broker knows; `config`: what is known of them."""
        installation = Installation(Settings(data=self.data))
        found = []
        with self.database() as database:
            with database.unit() as unit:
                for number in range(self._enrolled, self._enrolled + count):
                    vehicle = f"{self.vehicle}-{number}"
                    registry.add_vehicle(unit, self.owner_organisation, vehicle, config=config)
                    device, password = registry.add_device(unit, vehicle)
                    found.append((vehicle, device, password))
            installation.let_devices_in(database)
        self._enrolled += count
        return [Car(vehicle, device, installation.device_url(device, key)) for vehicle, device, key in found]

    def works(self, name: str) -> bool:
        if not name.startswith("ingest-"):
            return super().works(name)
        beat, pid = self.data / "run" / f"{name}.beat", self.pid(name)
        return beat.exists() and pid is not None and beat.read_text() == str(pid)

    def ask(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with self.database() as database, database.unit() as unit:
            return [tuple(row) for row in unit.connection.execute(text(statement), values)]

    def number(self, statement: str) -> int:
        [(found,)] = self.ask(statement)
        return int(str(found or 0))

    def keys(self) -> int:
        return self.number("SELECT count(*) FROM message_keys")

    def compact(self) -> int:
        """Compact all there is, beside the tasks process; gives how many fresh segments are left."""
        archive = self.archive()
        deadline = time.monotonic() + 120
        with self.database() as database:
            while time.monotonic() < deadline:
                merged = archive.compact(database, AT_ONCE)
                if not merged and not (left := self.number("SELECT count(*) FROM segments WHERE day IS NULL")):
                    return left
        return self.number("SELECT count(*) FROM segments WHERE day IS NULL")

    def read(self, car: Car, signal_name: str) -> tuple[np.ndarray, FloatArray]:
        """Give a car's instants and values through the archive's own reading."""
        now = datetime.now(UTC)
        with self.database() as database, database.unit() as unit:
            rows = self.archive().readings(unit, car.vehicle, now - timedelta(days=9), now, [signal_name])
        return rows.at_us, rows.signals.get(signal_name, np.zeros(0, dtype=np.float32))

    def files(self) -> "Files":
        """Open every listed file as anybody with the path could, past all reading functions."""
        for _ in range(9):  # the tasks process may compact in between
            listed = {str(name) for (name,) in self.ask("SELECT name FROM segments")}
            waiting = {str(name) for (name,) in self.ask("SELECT name FROM segment_removals")}
            root = self.data / "archive"
            there = {str(path.relative_to(root)) for path in root.rglob("*.parquet")}
            with contextlib.suppress(FileNotFoundError):
                return Files.of(root, listed, there - listed - waiting)
        raise AssertionError("the archive's files change all the time")


@dataclass(frozen=True)
class Files:
    """What the files hold: `rows` of all, identities seen twice, files out of order, files that nothing lists."""

    rows: int
    identities: int
    disordered: Collection[str]
    unlisted: Collection[str]

    @classmethod
    def of(cls, root: Path, listed: Collection[str], unlisted: Collection[str]) -> "Files":
        disordered, tables = [], []
        for name in sorted(listed):
            with pq.ParquetFile(root / name) as file:
                table = file.read(columns=list(_ORDER))
            table = pa.table({it: _plain(table[it]) for it in _ORDER})
            tables.append(table.select(_IDENTITY))
            if not name.startswith("fresh/") and table != table.sort_by([(it, "ascending") for it in _ORDER]):
                disordered.append(name)
        everything = pa.concat_tables(tables) if tables else pa.table({it: pa.array([]) for it in _IDENTITY})
        identities = everything.group_by(list(_IDENTITY)).aggregate([]).num_rows
        return cls(everything.num_rows, identities, disordered, sorted(unlisted))

    @property
    def twice(self) -> int:
        return self.rows - self.identities


def _plain(column: Any) -> Any:
    """Give texts as they are, not as places in a file's own dictionary."""
    texts = pa.types.is_dictionary(column.type)
    return (column.cast(pa.string()) if texts else column).combine_chunks()


def rss_mb(pid: int) -> float:
    """Give the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def machine() -> str:
    """Say on what a figure was measured."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
