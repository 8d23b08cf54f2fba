"""The whole house as a user starts it: `forecourt serve` in a data directory of its own."""

from collections.abc import Iterator

import pytest

from tests.flow.house import House


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running, seeded Forecourt for the flow tests; each brings a family and a car of its own."""
    house = House(tmp_path_factory.mktemp("house") / "var")
    house.start()
    try:
        yield house
    finally:
        house.stop()


@pytest.fixture
def house(running: House) -> House:
    """The running house, with a new family and its car moved in."""
    running.provision()
    return running
