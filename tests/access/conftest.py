"""What the tests of access stand on."""

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import URL

from foundation.clock import FixedClock
from foundation.database import Database
from tests.access.scene import Scene
from tests.access.scene import build as build_scene
from tests.aftersales.world import World, build
from tests.conftest import NOON
from tests.databases import Databases


@pytest.fixture
def world(database: Database, clock: FixedClock) -> World:
    return build(database, clock)


@pytest.fixture(scope="module")
def scene(server_url: URL, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for all tests of a file: whoever ends or moves something there makes his own."""
    clock = FixedClock(NOON)
    with databases.borrowed() as name:
        database = Database(server_url.set(database=name).render_as_string(hide_password=False), clock)
        yield build_scene(build(database, clock), tmp_path_factory.mktemp("scene"))
        database.close()
