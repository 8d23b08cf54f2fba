"""A contest in this process, over HTTP on a free port, against the bundled PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forecourt.compose import build_app
from forecourt.settings import Settings
from foundation.database import Database
from ingest.archive import Archive
from tests.aftersales.client import served
from tests.races.contest import PLACES, Contest, ready

RIVALS = PLACES * PLACES  # one for each pair of bay and technician


@pytest.fixture
def contest(database: Database, tmp_path: Path) -> Iterator[Contest]:
    with served(build_app(Settings(data=tmp_path), database, Archive(tmp_path))) as base:
        contest = ready(database, base, RIVALS)
        yield contest
        contest.close()
