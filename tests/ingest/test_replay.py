"""A replay through the real broker and database: what is archived is the file, and doing it again changes nothing."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from forecourt.supervision.broker import Broker
from foundation.clock import SystemClock
from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.counting import count_readings
from ingest.envelope import MAXIMUM_BYTES, Header, Message, encode
from ingest.intake import Intake
from ingest.partitions import sessions
from ingest.publisher import Publisher
from ingest.readings import TripColumns
from ingest.replay import boot_of, messages_of, replay
from ingest.sources.mqtt import MqttSource
from ingest.topics import Kind
from ingest.trip_log import TripSpan
from ingest.trips import read_trip, write_trip

START = datetime(2026, 11, 1, 10, tzinfo=UTC)


class Desk:
    """An ingest process as a thread, on the machine's clock."""

    def __init__(self, database_url: str, broker: Broker, archive: Archive) -> None:
        self.database = Database(database_url, SystemClock())
        self._source = MqttSource(broker.ingest_url, sessions(broker.ingest_client_id), SystemClock())
        self._intake = Intake(self.database, archive, "w1")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.failures: list[BaseException] = []

    def start(self) -> None:
        self._intake.start()
        self._source.start()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._source.stop()
        self.database.close()
        assert self.failures == []

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                batch = self._source.collect(0.1)
                if batch:
                    outcome = self._intake.process(batch)
                    self._source.acknowledge(batch)
                    for reply in outcome.replies:
                        self._source.publish(reply.topic, reply.payload)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failures.append(error)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def desk(database_url: str, broker: Broker, archive: Archive) -> Iterator[Desk]:
    desk = Desk(database_url, broker, archive)
    with desk.database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    desk.start()
    yield desk
    desk.stop()


def archived(desk: Desk, archive: Archive) -> dict[str, TripColumns]:
    """Give what the archive has per boot, from the spans of the trip log."""
    with desk.database.unit() as unit:
        spans = unit.connection.execute(text("SELECT * FROM trip_spans ORDER BY start_at")).all()
        trips = [
            archive.read_span(unit, TripSpan(it.vehicle, "org", it.boot, it.start_at, it.end_at, 1, it.device))
            for it in spans
        ]
    return {trip.boot: trip for trip in trips}


def assert_same(found: TripColumns, sent: TripColumns) -> None:
    assert sorted(found.signals) == sorted(name for name, it in sent.signals.items() if not np.isnan(it).all())
    np.testing.assert_allclose(found.t_s, sent.t_s - sent.t_s[0], atol=0.0006)
    for name, values in found.signals.items():
        np.testing.assert_array_equal(values, sent.signals[name])


def check(desk: Desk, archive: Archive, url: str, files: list[Path], **how: Any) -> None:
    outcome = replay(files, "car-1", Publisher(url), **how)
    trips = [read_trip(path).columns for path in files]
    sent = sum(int((~np.isnan(it)).sum()) for trip in trips for it in trip.signals.values())
    assert (outcome.readings, outcome.uncommitted, outcome.committed) == (sent, 0, outcome.messages)
    found = archived(desk, archive)
    for path, trip in zip(files, trips, strict=True):
        assert_same(found[boot_of("car-1", path.read_bytes(), how.get("start"))], trip)
    with desk.database.unit() as unit:
        counts = count_readings(unit, "org")
    assert (counts.stored, counts.rejected) == (sent, {})


def test_a_replay_is_archived_whole_and_its_repetition_is_redelivered(
    desk: Desk, archive: Archive, device_url: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    files = []
    for number in range(2):
        t_s = np.round(np.cumsum(rng.uniform(0.1, 2.0, 300)), 3)
        speed = rng.uniform(0, 4000, 300).astype(np.float32)
        volts = np.where(rng.random(300) < 0.5, np.nan, rng.uniform(12, 14, 300)).astype(np.float32)
        trip = TripColumns("", "", None, t_s, {"engine_speed": speed, "control_module_voltage": volts})
        files.append(tmp_path / f"trip{number}.parquet")
        write_trip(trip, files[-1], long=bool(number))
    check(desk, archive, device_url, files)
    first = archived(desk, archive)
    ends = [trip.start + timedelta(seconds=float(trip.t_s[-1])) for trip in first.values() if trip.start]
    assert abs((ends[1] - datetime.now(UTC)).total_seconds()) < 30
    again = replay(files, "car-1", Publisher(device_url))
    assert again.uncommitted == 0
    assert [trip.start for trip in archived(desk, archive).values()] == [trip.start for trip in first.values()]
    with desk.database.unit() as unit:
        counts = count_readings(unit, "org")
    # The first answer covers messages that are still in the spool, too: those are not sent again at all.
    assert 0 < counts.redelivered <= again.messages


def test_real_trips_are_archived_to_the_last_value(desk: Desk, archive: Archive, device_url: str, shared: Path) -> None:
    trips = shared / "data/trips"
    files = [trips / "carobd/live1.parquet", trips / "carobd/live10.parquet"]
    kit = next(path for path in sorted((trips / "kit").iterdir()) if "Vollbremsung" in path.name)
    check(desk, archive, device_url, [*files, kit], start=START)


def test_a_message_never_exceeds_the_broker_s_limit() -> None:
    rows = 60_000
    signals = {name: np.arange(rows, dtype=np.float32) for name in ("engine_speed", "vehicle_speed", "engine_load")}
    trip = TripColumns("", "", START, np.arange(rows) / 1000, signals)
    pieces = list(messages_of(trip))
    assert sum(len(piece.dt_ms) for piece in pieces) == rows
    sizes = [len(encode(Kind.READINGS_BINARY, Message(Header("b", 1), piece))) for piece in pieces]
    assert len(sizes) == 2
    assert max(sizes) <= MAXIMUM_BYTES


def test_the_boot_names_vehicle_file_and_start() -> None:
    boots = {boot_of("a", b"x", None), boot_of("b", b"x", None), boot_of("a", b"y", None), boot_of("a", b"x", START)}
    assert len(boots) == 4
    assert boot_of("a", b"x", None) == boot_of("a", b"x", None)


def test_speed_paces_the_messages(device_url: str, desk: Desk, tmp_path: Path) -> None:
    trip = TripColumns("", "", None, np.arange(0.0, 180.0), {"engine_speed": np.full(180, 800, np.float32)})
    write_trip(trip, tmp_path / "trip.parquet")
    began = datetime.now(UTC)
    replay([tmp_path / "trip.parquet"], "car-1", Publisher(device_url), speed=90)
    assert timedelta(seconds=1.9) < datetime.now(UTC) - began < timedelta(seconds=15)
    with desk.database.unit() as unit:
        ended = unit.connection.execute(text("SELECT end_at FROM trip_spans")).scalar_one()
    assert abs((ended - began).total_seconds() - 2) < 1
