"""What the desk's tests stand on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from foundation.clock import FixedClock
from foundation.database import Database
from tests.aftersales.voices import Town, town
from tests.aftersales.world import World, build
from tests.conftest import NOON, execute
from tests.databases import Databases


@dataclass
class Inhabited:
    """Databases in which the small world stands already, and the world as it was built there."""

    databases: Databases
    world: World


@pytest.fixture(scope="session")
def inhabited(server_url: URL, admin_url: URL) -> Iterator[Inhabited]:
    name = "template_desk"
    execute(server_url, f"CREATE DATABASE {name} TEMPLATE template_forecourt")
    clock = FixedClock(NOON)
    database = Database(server_url.set(database=name).render_as_string(hide_password=False), clock)
    world = build(database, clock)
    database.close()
    databases = Databases(admin_url, name)
    yield Inhabited(databases, world)
    databases.close()


@pytest.fixture
def database_url(server_url: URL, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of the test's own; inhabited when the test plays in the world."""
    databases: Databases = (
        request.getfixturevalue("inhabited").databases
        if "world" in request.fixturenames
        else request.getfixturevalue("databases")
    )
    with databases.borrowed() as name:
        yield server_url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def world(inhabited: Inhabited, database: Database, clock: FixedClock) -> World:
    return replace(inhabited.world, database=database, clock=clock)


@pytest.fixture
def street(world: World, tmp_path: Path) -> Town:
    """The world behind the whole application, with one client per person."""
    return town(world, tmp_path)
