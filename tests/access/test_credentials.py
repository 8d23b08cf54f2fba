"""Credentials: how long they live, how they end, and how far they reach."""

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from forecourt.pages.readers import SESSION_COOKIE
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.identity import TOKEN_LIFE, Role, add_account, add_organisation, issue_token, start_session
from ingest.archive import Archive
from tests.application import compose


class House:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.app = compose(folder, database, Archive(folder))
        with database.unit() as unit:
            home = add_organisation(unit, "Li")
            self.boss = add_account(unit, "boss@example.com", Role.ADMINISTRATOR, home)
            self.token = issue_token(unit, self.boss)
            self.session = start_session(unit, self.boss)

    def api(self, token: str) -> TestClient:
        return TestClient(self.app, headers={"Authorization": f"Bearer {token}"}, follow_redirects=False)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def test_a_token_ends_after_thirty_days_or_when_it_is_told_to(house: House, clock: FixedClock) -> None:
    first, second = house.api(house.token), TestClient(house.app)
    assert first.delete("/v1/tokens/current").status_code == 204
    assert first.get("/v1/vehicles").status_code == 401
    with house.database.unit() as unit:
        second.headers["Authorization"] = f"Bearer {issue_token(unit, house.boss)}"
    clock.advance(TOKEN_LIFE - timedelta(seconds=1))
    assert second.get("/v1/vehicles").status_code == 200
    clock.advance(timedelta(seconds=1))
    assert second.get("/v1/vehicles").status_code == 401


def test_a_key_is_shown_once_listed_and_ended(house: House) -> None:
    boss = house.api(house.token)
    made = boss.post("/v1/keys", json={"name": "fleet", "scopes": ["vehicles.list"]}).json()
    key = house.api(made["secret"])
    assert (key.get("/v1/vehicles").status_code, key.get("/v1/cases").status_code) == (200, 403)
    listed = boss.get("/v1/keys")
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
    assert made["secret"] not in listed.text
    assert boss.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert (key.get("/v1/vehicles").status_code, boss.delete(f"/v1/keys/{made['id']}").status_code) == (401, 404)
    assert boss.post("/v1/keys", json={"name": "x", "scopes": ["me.erase"]}).status_code == 422


def test_somebody_invited_signs_in_once_sets_a_password_and_is_closed_out(house: House) -> None:
    boss = house.api(house.token)
    made = boss.post("/v1/accounts", json={"email": "new@example.com", "role": "owner"}).json()
    secret = made["link"].partition("#")[2]
    page = TestClient(house.app, follow_redirects=False)
    assert [page.post("/sign-in/link", data={"secret": secret}).status_code for _ in range(2)] == [303, 401]
    with house.database.unit() as unit:
        new = house.api(issue_token(unit, add_account(unit, "two@example.com", Role.OWNER, house.boss.organisation)))
    passwords = ("short", "two@example.com", "long enough")
    said = [new.post("/v1/me/password", json={"password": password}).status_code for password in passwords]
    assert said == [422, 422, 204]
    again = {"password": "another long one", "current": "not it"}
    assert new.post("/v1/me/password", json=again).status_code == 403
    credentials = {"email": "two@example.com", "password": "long enough"}
    token = new.post("/v1/tokens", json=credentials).json()["token"]
    account = next(one["id"] for one in boss.get("/v1/accounts").json()["items"] if one["email"] == "two@example.com")
    assert boss.delete(f"/v1/accounts/{account}").status_code == 204
    assert house.api(token).get("/v1/vehicles").status_code == 401
    assert boss.delete(f"/v1/accounts/{house.boss.account}").status_code == 409


def test_a_session_goes_on_under_a_new_secret_each_day(house: House, clock: FixedClock) -> None:
    page = TestClient(house.app, cookies={SESSION_COOKIE: house.session}, follow_redirects=False)
    assert "set-cookie" not in page.get("/account").headers
    clock.advance(timedelta(hours=25))
    turned = page.get("/account").cookies[SESSION_COOKIE]
    assert turned != house.session
    clock.advance(timedelta(minutes=2))
    old = TestClient(house.app, cookies={SESSION_COOKIE: house.session}, follow_redirects=False)
    new = TestClient(house.app, cookies={SESSION_COOKIE: turned}, follow_redirects=False)
    assert (old.get("/account").status_code, new.get("/account").status_code) == (303, 200)
    clock.advance(timedelta(days=13))
    assert new.get("/account").status_code == 303
