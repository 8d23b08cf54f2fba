import pytest

from foundation.database import Database
from tests.parts_catalog.payments.scene import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)
