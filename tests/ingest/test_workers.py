"""Four real ingest workers on the real broker: no vehicle is split, and a killed worker loses and doubles nothing."""

import multiprocessing.process
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.processes import Process, run, worker_name
from forecourt.settings import Settings
from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential
from forecourt.supervision.paths import DataPaths
from foundation.database import Database
from ingest import registry
from ingest.counting import count_readings
from ingest.partitions import owned_by, wire_partition
from tests.ingest.wire import columns
from tests.supervision.awaiting import eventually
from tests.supervision.test_broker import Caller

WORKERS, VEHICLES, MESSAGES = 4, 51, 12
STARTER = multiprocessing.get_context("forkserver")  # reads the predictor's libraries once, not once a worker
STARTER.set_forkserver_preload(["forecourt.processes.ingest"])


def work(settings: Settings, worker: int) -> None:
    run(Process.INGEST, Installation(settings), worker)


class Fleet:
    """The workers of one data directory, as children of this test."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.paths = DataPaths.prepare(folder)
        self.broker = Broker(self.paths)
        self.broker.ensure()
        self.settings = Settings(data=folder, database_url=SecretStr(database.url), ingest_workers=WORKERS)
        self.workers: dict[int, multiprocessing.process.BaseProcess] = {}

    def start(self, *numbers: int) -> None:
        for number in numbers:
            Heartbeat.of(self.paths, worker_name(number)).clear()
            self.workers[number] = STARTER.Process(target=work, args=(self.settings, number))
            self.workers[number].start()
        for number in numbers:
            eventually(Heartbeat.of(self.paths, worker_name(number)).fresh, 60)

    def stop(self) -> None:
        for process in self.workers.values():
            process.terminate()
        for process in self.workers.values():
            process.join(20)
        self.broker.stop()

    def say(self, device: str, password: str) -> None:
        """Publish a device's messages, and wait until the broker has them all."""
        caller = Caller(self.broker, device, password)
        start = datetime.now(UTC) - timedelta(minutes=5)
        for seq in range(1, MESSAGES + 1):
            one = columns(seq, start + timedelta(seconds=seq), device=device, engine_speed=[800])
            caller.client.publish(one.topic, one.payload, qos=1)
        eventually(lambda: len(caller.acknowledged) == MESSAGES, 20)
        caller.client.disconnect()
        caller.client.loop_stop()


@pytest.fixture
def fleet(database: Database, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(database, tmp_path / "data")
    yield fleet
    fleet.stop()


def test_no_vehicle_is_split_and_a_killed_worker_loses_and_doubles_nothing(fleet: Fleet) -> None:
    database = fleet.database
    with database.unit() as unit:
        for number in range(VEHICLES + 1):
            registry.add_vehicle(unit, "org", f"car-{number}")
        known = [registry.add_device(unit, f"car-{number}") for number in range(VEHICLES)]
        shared = [
            next(
                it
                for it in map(f"esp{worker}-{{}}".format, range(99))
                if wire_partition(it) in owned_by(worker, WORKERS)
            )
            for worker in (0, 1)
        ]
        known += [registry.add_device(unit, f"car-{VEHICLES}", device) for device in shared]
        credentials = [DeviceCredential(*one) for one in registry.credentials(unit)]
    fleet.broker.follow(lambda: credentials)
    fleet.start(*range(WORKERS))
    for number, (device, password) in enumerate(known):
        fleet.say(device, password)
        if number == VEHICLES // 2:
            fleet.workers[1].kill()
            fleet.workers[1].join()
    fleet.start(1)

    def stored() -> int:
        with database.unit() as unit:
            return count_readings(unit, "org").stored

    everything = len(known) * MESSAGES
    eventually(lambda: stored() >= everything, 40)
    with database.unit() as unit:
        rows = unit.connection.execute(
            text(
                "SELECT c.vehicle, array_agg(DISTINCT s.worker ORDER BY s.worker) AS workers,"
                " sum(c.readings) AS readings FROM segment_contents c JOIN segments s ON s.name = c.segment"
                " GROUP BY c.vehicle"
            )
        ).all()
        keys = unit.connection.execute(text("SELECT count(*) FROM message_keys")).scalar_one()
    assert (stored(), keys) == (everything, everything)
    of_vehicle = {row.vehicle: (row.workers, row.readings) for row in rows}
    assert of_vehicle.pop(f"car-{VEHICLES}") == ([worker_name(0), worker_name(1)], 2 * MESSAGES)
    assert {readings for _, readings in of_vehicle.values()} == {MESSAGES}
    assert len(of_vehicle) == VEHICLES
    assert {len(workers) for workers, _ in of_vehicle.values()} == {1}
    assert {workers[0] for workers, _ in of_vehicle.values()} == {worker_name(it) for it in range(WORKERS)}
