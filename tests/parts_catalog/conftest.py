"""A seeded catalogue for the tests that only read: loaded once for the session."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy.engine import URL

from foundation.clock import FixedClock
from foundation.database import Database
from parts_catalog.seed import seed

WORKSHOPS = (("ws_north", "org_north"), ("ws_south", "org_south"))


@pytest.fixture(scope="session")
def catalogue(server_url: URL) -> Iterator[Database]:
    """The seed catalogue with stock at two workshops. Do not write into it."""
    admin = server_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE test_catalogue TEMPLATE template_forecourt")
    database = Database(
        server_url.set(database="test_catalogue").render_as_string(hide_password=False),
        FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC)),
    )
    try:
        with database.unit() as unit:
            seed(unit, WORKSHOPS)
        yield database
    finally:
        database.close()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DROP DATABASE test_catalogue WITH (FORCE)")
