"""The composed application over a real database in which workshops and catalogue are seeded."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy.engine import URL

from forecourt.seeding import seed_demo
from foundation.database import Database
from foundation.identity import Actor, Role, add_account, add_organisation, issue_link
from ingest.archive import Archive
from tests.application import compose
from tests.conftest import execute
from tests.databases import Databases
from tests.pages.people import ARGUMENTS
from tests.pages.scene import Scene, build_scene
from tests.pages.served import Served

Entrance = Callable[[Actor], TestClient]
expect.set_options(timeout=20_000)  # patience with a busy machine: what is there is seen at once


@pytest.fixture(scope="session")
def seeded(server_url: URL, admin_url: URL) -> Iterator[Databases]:
    """Databases with the demo's workshops and catalogue."""
    name = "template_pages"
    execute(server_url, f"CREATE DATABASE {name} TEMPLATE template_forecourt")
    database = Database(server_url.set(database=name).render_as_string(hide_password=False))
    with database.unit() as unit:
        seed_demo(unit)
    database.close()
    databases = Databases(admin_url, name)
    yield databases
    databases.close()


@pytest.fixture
def database_url(server_url: URL, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of the test's own; seeded when the test plays on a scene."""
    wanted = "seeded" if "scene" in request.fixturenames else "databases"
    databases: Databases = request.getfixturevalue(wanted)
    with databases.borrowed() as name:
        yield server_url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def scene(database: Database, archive: Archive) -> Scene:
    return build_scene(database, archive)


@pytest.fixture
def application(database: Database, archive: Archive, tmp_path: Path) -> FastAPI:
    return compose(tmp_path, database, archive)


@pytest.fixture
def browser(application: FastAPI) -> Iterator[Callable[[], TestClient]]:
    """Give new browsers, each with cookies of its own; they do not follow redirects by themselves."""
    opened: list[TestClient] = []

    def open_browser() -> TestClient:
        opened.append(TestClient(application, follow_redirects=False, base_url="http://forecourt.test"))
        return opened[-1]

    yield open_browser
    for client in opened:
        client.close()


@pytest.fixture
def served(database: Database, archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """The application behind a real HTTP server on a free port."""
    running = Served(lambda: compose(tmp_path, database, archive, "served"))
    running.start()
    yield running
    running.close()


@pytest.fixture
def person(database: Database) -> Callable[..., Actor]:
    """Give people: `person(Role.OWNER)`; each has an organisation of his own unless one is named."""

    def make(role: Role, name: str = "Li Wei", organisation: str | None = None, **more: str | None) -> Actor:
        with database.unit() as unit:
            home = organisation or add_organisation(unit, f"{name}'s")
            return add_account(unit, f"{role.value}.{home}@example.com", role, home, name=name, **more)

    return make


@pytest.fixture
def signed_in(database: Database, browser: Callable[[], TestClient]) -> Entrance:
    """Give a browser in which the actor has opened a sign-in link."""

    def enter(actor: Actor) -> TestClient:
        client = browser()
        with database.unit() as unit:
            link = issue_link(unit, actor)
        answer = client.post("/sign-in/link", data={"secret": link})
        assert answer.status_code == 303, answer.text
        return client

    return enter


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium on this machine: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
