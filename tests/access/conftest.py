"""What the tests of access stand on."""

import pytest

from foundation.clock import FixedClock
from foundation.database import Database
from tests.aftersales.world import World, build


@pytest.fixture
def world(database: Database, clock: FixedClock) -> World:
    return build(database, clock)
