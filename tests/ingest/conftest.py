"""The real bundled broker for the tests of both its ends."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential, hash_device_password
from forecourt.supervision.paths import DataPaths
from foundation.clock import FixedClock
from foundation.database import Database
from ingest.archive import Archive
from ingest.intake import Intake
from tests.ingest.cast import Cast

DEVICE = "dev-1"
PASSWORD = secrets.token_urlsafe(16)


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running broker of the test's own that knows one device."""
    broker = Broker(DataPaths.prepare(tmp_path_factory.mktemp("broker")))
    broker.write_config([DeviceCredential(DEVICE, hash_device_password(PASSWORD))])
    broker.ensure()
    yield broker
    broker.stop()


@pytest.fixture
def device_url(broker: Broker) -> str:
    return broker.url_for(DEVICE, PASSWORD)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


@pytest.fixture
def cast(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Cast]:
    """A family's car, its workshop, and everybody else, at the door of commands."""
    cast = Cast(database, clock, Intake(database, Archive(tmp_path / "archive"), "w1"))
    yield cast
    cast.client.close()
