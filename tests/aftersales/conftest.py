"""What the desk's tests stand on."""

from pathlib import Path

import pytest

from foundation.clock import FixedClock
from foundation.database import Database
from tests.aftersales.voices import Town, town
from tests.aftersales.world import World, build


@pytest.fixture
def world(database: Database, clock: FixedClock) -> World:
    return build(database, clock)


@pytest.fixture
def street(world: World, tmp_path: Path) -> Town:
    """The world behind the whole application, with one client per person."""
    return town(world, tmp_path)
