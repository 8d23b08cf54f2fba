"""A data directory of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    return DataPaths.prepare(tmp_path / "data")


@pytest.fixture
def postgres(paths: DataPaths) -> Iterator[Postgres]:
    server = Postgres(paths, {"shared_buffers": "32MB"})
    yield server
    server.remove()
