"""The market of the shop's tests, in the application as it is composed."""

from pathlib import Path

import pytest

from foundation.clock import FixedClock
from foundation.database import Database
from ingest.archive import Archive
from tests.application import compose
from tests.parts_catalog.shop.market import Market, build


@pytest.fixture
def market(database: Database, clock: FixedClock, tmp_path: Path) -> Market:
    return build(database, clock, compose(tmp_path, database, Archive(tmp_path)))
