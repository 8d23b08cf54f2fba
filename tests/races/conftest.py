"""A contest in this process, over HTTP on a free port, against the bundled PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation.database import Database
from ingest.archive import Archive
from tests.aftersales.client import served
from tests.application import compose
from tests.races.contest import PLACES, Contest, ready

RIVALS = PLACES * PLACES  # one for each pair of bay and technician


@pytest.fixture
def contest(database: Database, tmp_path: Path) -> Iterator[Contest]:
    with served(compose(tmp_path, database, Archive(tmp_path), "served")) as base:
        contest = ready(database, base, RIVALS)
        yield contest
        contest.close()
