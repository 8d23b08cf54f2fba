"""The whole house as a user starts it: `forecourt serve` in a data directory of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running, seeded Forecourt with one owner, one technician and one car."""
    running = House(tmp_path / "var")
    running.start()
    try:
        running.provision()
        yield running
    finally:
        running.stop()
