"""What the tests of personal data stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from foundation.clock import FixedClock
from foundation.database import Database
from tests.aftersales.world import build as build_world
from tests.application import compose
from tests.privacy.scene import Scene, build


@pytest.fixture
def scene(database: Database, clock: FixedClock, tmp_path: Path) -> Scene:
    return build(build_world(database, clock), tmp_path / "archive")


@pytest.fixture
def client(scene: Scene, tmp_path: Path) -> Iterator[TestClient]:
    """The whole house over HTTP, as the private owner."""
    app = compose(tmp_path, scene.database, scene.archive)
    with TestClient(app, headers={"Authorization": f"Bearer {scene.token}"}) as client:
        yield client
