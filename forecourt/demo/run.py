"""One run of the demo: the service, the family's history through the real gate, the live fleet, and the script."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2

from forecourt import serving
from forecourt.demo.cast import Cast, assemble
from forecourt.demo.port_car import PortCar, port_car
from forecourt.demo.report import Report, count
from forecourt.demo.script import NotInTimeError, ProgressWatch, await_case, play
from forecourt.demo.shopping import go_shopping
from forecourt.installation import Installation
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.identity import Role
from ingest.publisher import Publisher
from ingest.replay import messages_of
from ingest.topics import Kind
from parts_catalog import payments
from parts_catalog.payments.calling import charge_of
from parts_catalog.payments.sandbox import decide
from simulators.fleet import LiveCar, LiveFleet, growing, history

HISTORY_TRIPS = 12
FAULTY_TRIPS = 8
LIVE_SEVERITY = 1.0
SEED = 20261122
PATIENCE_S = 300.0  # a new installation compiles first, which a busy machine does for minutes
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run stands on: where the service is, its database, and who plays."""

    addresses: serving.Addresses
    database: Database
    cast: Cast


@contextmanager
def running(installation: Installation, port: int, tell: Tell) -> Iterator[serving.Addresses]:
    """Run the whole service in a thread of this process; leaving the block stops it."""
    ready, until = threading.Event(), threading.Event()
    addresses: list[serving.Addresses] = []
    failure: list[Exception] = []

    def announce(found: serving.Addresses) -> None:
        addresses.append(found)
        ready.set()

    def serve() -> None:
        try:
            serving.run_all(installation, port, announce, until, tell)
        except Exception as error:  # noqa: BLE001 - handed to the main thread, which raises it
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=serve, name="service")
    thread.start()
    try:
        ready.wait()
        if failure:
            raise failure[0]
        yield addresses[0]
    finally:
        until.set()
        thread.join()


def feed_history(stage: Stage) -> int:
    """Publish the failing car's past as its device would have; gives the readings sent."""
    car = stage.cast.cars[0]
    trips = history(
        SEED, HISTORY_TRIPS, growing(HISTORY_TRIPS, FAULTY_TRIPS), until=SystemClock().now(), vehicle=car.vehicle
    )
    with Publisher(car.mqtt_url) as publisher:
        for trip in trips:
            for seq, message in enumerate(messages_of(trip), start=1):
                publisher.send(Kind.READINGS_BINARY, trip.boot, message, seq=seq)
        if not publisher.wait_committed(PATIENCE_S):
            raise NotInTimeError(f"{publisher.waiting} messages of the history were not committed in time")
        return publisher.sent_readings


def live_fleet(stage: Stage) -> LiveFleet:
    """Give the family's cars as they drive now; the first has the fault that its history grew."""
    cars = [
        LiveCar(car.mqtt_url, SEED + number, LIVE_SEVERITY if number == 0 else 0.0)
        for number, car in enumerate(stage.cast.cars)
    ]
    return LiveFleet(cars, SystemClock(), seed=SEED)


class Traffic:
    """All cars of the family on the road: those that publish by themselves, and the one read through its OBD port."""

    def __init__(self, fleet: LiveFleet, behind_port: PortCar) -> None:
        self._fleet, self._behind_port = fleet, behind_port
        self._arrived: bool | None = None

    @property
    def sent_readings(self) -> int:
        return self._fleet.sent_readings + self._behind_port.sent_readings

    def park(self) -> bool:
        """Stop all cars and wait for the last commits; False: not all came in time. Again gives the same answer."""
        if self._arrived is None:
            parked = self._behind_port.park(PATIENCE_S)
            self._arrived = self._fleet.stop(PATIENCE_S) and parked
        return self._arrived


@contextmanager
def driving(stage: Stage, tell: Tell) -> Iterator[Traffic]:
    """Let all cars drive; leaving the block parks them."""
    fleet, car = live_fleet(stage), stage.cast.port_car
    with (
        tempfile.TemporaryDirectory(prefix="forecourt-demo-") as folder,
        port_car(car.vehicle, car.mqtt_url, Path(folder)) as behind_port,
    ):
        tell(f"car {car.vehicle} drives behind an ELM327 at {behind_port.address}")
        fleet.start()
        traffic = Traffic(fleet, behind_port)
        try:
            yield traffic
        finally:
            traffic.park()


def perform(installation: Installation, addresses: serving.Addresses, cars: int, seconds: float, tell: Tell) -> Report:
    """Play the whole story without a person and give the report; what went wrong stands in its `errors`.

    Its time begins with the case that the car's history leads to: a new installation compiles what finds it.
    """
    report = Report()
    stage = Stage(addresses, Database(installation.database_url), assemble_cast(installation, cars))
    watch: ProgressWatch | None = None
    try:
        report.readings_sent = feed_history(stage)
        with driving(stage, tell) as traffic:
            try:
                case = await_case(addresses.http, stage.cast, time.monotonic() + PATIENCE_S)
                deadline = time.monotonic() + seconds
                watch = play(addresses.http, stage.cast, case, partial(approve, stage), deadline, tell)
                go_shopping(addresses.http, stage.cast, partial(approve, stage), deadline, tell)
                time.sleep(max(0.0, deadline - time.monotonic()))
            finally:
                if not traffic.park():
                    report.errors.append("the cars' last messages were not committed in time")
                report.readings_sent += traffic.sent_readings
    except (NotInTimeError, httpx2.HTTPError) as error:
        report.errors.append(" ".join(str(error).split()))
    count(report, stage.database, stage.cast.family)
    if watch is not None:
        report.progress_delivered = _delivered(watch, report)
    stage.database.close()
    report.errors += _gaps(report)
    return report


def approve(stage: Stage, payment: str) -> None:
    """Be the owner at the sandbox's page; what the sandbox tells of it comes by the service's own door."""
    with stage.database.unit() as unit:
        found = payments.find(unit, stage.cast.members[Role.OWNER].actor, payment)
        decide(unit, charge_of(found), "approve")


def assemble_cast(installation: Installation, cars: int) -> Cast:
    database = Database(installation.database_url)
    try:
        return assemble(installation, database, cars)
    finally:
        database.close()


def _delivered(watch: ProgressWatch, report: Report) -> int:
    """Give how many progress entries arrived, each counted once and only in their order."""
    deadline = time.monotonic() + 10
    while len(watch.delivered) < report.progress_sent and time.monotonic() < deadline:
        time.sleep(0.1)
    watch.end()
    if watch.delivered != list(range(1, len(watch.delivered) + 1)):
        report.errors.append(f"progress arrived as {watch.delivered}")
    return len(set(watch.delivered))


def _gaps(report: Report) -> Iterator[str]:
    if report.readings_sent != report.readings_stored + sum(report.readings_rejected.values()):
        yield "readings sent are not readings stored and rejected"
    if report.progress_sent != report.progress_delivered:
        yield "progress sent is not progress delivered"
