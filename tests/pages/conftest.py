"""The pages over a real database, without any other room's HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from forecourt import http, pages
from foundation.database import Database
from foundation.follow import Wakeups
from foundation.identity import Actor, Role, add_account, add_organisation, issue_link
from ingest.archive import Archive
from ingest.registry import Vehicles

Entrance = Callable[[Actor], TestClient]


@pytest.fixture
def site(database: Database, tmp_path: Path) -> pages.Site:
    return pages.Site(database, Wakeups(database.url), Vehicles(), Archive(tmp_path / "archive"), "en", False)


@pytest.fixture
def browser(site: pages.Site) -> Iterator[Callable[[], TestClient]]:
    """Give new browsers, each with cookies of its own; they do not follow redirects by themselves."""
    app = FastAPI()
    http.install(app)
    pages.mount(app, site)
    opened: list[TestClient] = []

    def open_browser() -> TestClient:
        opened.append(TestClient(app, follow_redirects=False, base_url="http://forecourt.test"))
        return opened[-1]

    yield open_browser
    for client in opened:
        client.close()


@pytest.fixture
def person(database: Database) -> Callable[..., Actor]:
    """Give people: `person(Role.OWNER)`; each has an organisation of his own unless one is named."""

    def make(role: Role, name: str = "Li Wei", organisation: str | None = None, **more: str | None) -> Actor:
        with database.unit() as unit:
            home = organisation or add_organisation(unit, f"{name}'s")
            email = f"{role.value}.{home}@example.com"
            return add_account(unit, email, role, home, name=name, **more)

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
