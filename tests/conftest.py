"""What every test stands on: one real PostgreSQL for the session, a fresh migrated database for each test."""

import gc
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import structlog
from anyio.from_thread import start_blocking_portal
from sqlalchemy.engine import URL, make_url
from starlette.testclient import TestClient
from structlog.dev import ConsoleRenderer, plain_traceback
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from forecourt.migrations import migrate
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from forecourt.supervision.postgres_cluster import ADMIN
from foundation.clock import FixedClock
from foundation.database import Database
from tests.databases import Databases

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # a Monday, noon in China


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real trips and device payloads beside the project."""
    if not SHARED.is_dir():
        pytest.skip("real trips and payloads are not here: there is no ../shared beside the project")
    return SHARED


# The default draws the local variables of every frame, in colours: seconds for each exception.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        ConsoleRenderer(colors=False, exception_formatter=plain_traceback),
    ]
)

# The longest are begun first, or one worker waits in the end for the other; the browser's come last, for its driver
# leaves an event loop running in the thread of all tests behind it.
ORDER = {"flow": 0, "access": 1, "pages": 3}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.get(item.path.parent.name, 2))


class _ByFile(LoadScopeScheduling):
    """A file's tests on one worker, and all that share the running house: what they share is made once.

    The marks of `--dist loadgroup` would say the same, but are lost between pytest 9.2 and pytest-xdist 3.8.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "flow" if nodeid.startswith("tests/flow/") else nodeid.partition("::")[0]


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: for a third of their time tests wait for what they have started."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _ByFile(config, log)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays: it went through all modules again for each application that was built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)


def execute(url: URL, statement: str) -> None:
    with psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


@pytest.fixture(scope="session", autouse=True)
def one_loop() -> Iterator[None]:
    """Let all clients ask in one event loop: a new one for each request costs more than its answer."""
    with start_blocking_portal() as TestClient.portal:
        yield
    TestClient.portal = None


@pytest.fixture(scope="session")
def server_paths(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    return DataPaths.prepare(tmp_path_factory.mktemp("postgres"))


@pytest.fixture(scope="session")
def server_url(server_paths: DataPaths) -> Iterator[URL]:
    """The address of a PostgreSQL server that holds the migrated database `template_forecourt`."""
    # Nobody pulls this server's plug: those who do bring their own.
    fast = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "512MB"}
    server = Postgres(server_paths, {"shared_buffers": "64MB", "autovacuum": "off", **fast})
    try:
        url = make_url(server.ensure())
        execute(url, "CREATE DATABASE template_forecourt")
        migrate(url.set(database="template_forecourt").render_as_string(hide_password=False))
        yield url
    finally:
        server.remove()


@pytest.fixture(scope="session")
def admin_url(server_url: URL, server_paths: DataPaths) -> URL:
    """The same server's address as its superuser, who tidies between tests."""
    return server_url.set(username=ADMIN, password=server_paths.secret("database-admin"))


@pytest.fixture(scope="session")
def databases(admin_url: URL) -> Iterator[Databases]:
    databases = Databases(admin_url, "template_forecourt")
    yield databases
    databases.close()


@pytest.fixture
def database_url(server_url: URL, databases: Databases) -> Iterator[str]:
    """The address of an empty, migrated database of the test's own."""
    with databases.borrowed() as name:
        yield server_url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def database(database_url: str, clock: FixedClock) -> Iterator[Database]:
    """An empty, migrated database whose business time is `clock`."""
    database = Database(database_url, clock)
    yield database
    database.close()
