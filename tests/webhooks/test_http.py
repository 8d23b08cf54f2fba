"""The door to webhooks: a secret is shown once, an address inside is refused, and a log has pages."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from forecourt.http import install
from forecourt.webhooks.collecting import collect
from forecourt.webhooks.http import router
from forecourt.webhooks.secret_changes import OLD_SIGNS_FOR
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.events import append
from foundation.http import bearer_actor
from foundation.identity import Role, add_account, add_organisation, digest_of, issue_token
from foundation.tables import events
from ingest.registry import add_vehicle

WISH = {"url": "https://hooks.example/us", "kinds": ["vehicle"]}


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    app = FastAPI()
    install(app)
    app.include_router(router(database, bearer_actor(database), private=False))
    with database.unit() as unit:
        fleet = add_organisation(unit, "Fleet")
        add_vehicle(unit, fleet, "car_a")
        token = issue_token(unit, add_account(unit, "boss@fleet.example", Role.ADMINISTRATOR, fleet))
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def test_a_secret_is_shown_once(client: TestClient) -> None:
    made = client.post("/v1/webhooks", json=WISH).json()
    assert made["secret"].startswith("whsec_")
    shown = client.get(f"/v1/webhooks/{made['id']}")
    assert made["secret"] not in shown.text + client.get("/v1/webhooks").text
    assert (shown.json()["state"], shown.json()["kinds"]) == ("active", ["vehicle"])


def test_where_what_happens_goes_is_told_by_digests(client: TestClient, database: Database) -> None:
    other = "https://hooks.example/elsewhere"
    made = client.post("/v1/webhooks", json=WISH).json()
    for change in ({"active": False}, {"url": other}, {"kinds": []}):
        assert client.patch(f"/v1/webhooks/{made['id']}", json=change).status_code == 200
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    with database.unit() as unit:
        query = select(events).where(events.c.kind == "webhook_named").order_by(events.c.id)
        rows = unit.connection.execute(query).all()
    went = [digest_of(str(WISH["url"])), digest_of(other), None]
    assert [row.data for row in rows] == [{"webhook": made["id"], "address": one} for one in went]
    assert all(row.actor for row in rows)


def test_a_new_secret_is_shown_once_and_until_when_the_old_one_signs(client: TestClient, database: Database) -> None:
    made = client.post("/v1/webhooks", json=WISH).json()
    path = f"/v1/webhooks/{made['id']}"
    assert made["old_secret_until"] is None
    before = datetime.now(UTC)
    changed = client.post(f"{path}/secret").json()
    assert changed["secret"].startswith("whsec_")
    assert changed["secret"] != made["secret"]
    until = datetime.fromisoformat(changed["old_secret_until"])
    assert before <= until - OLD_SIGNS_FOR <= datetime.now(UTC)
    shown, listed = client.get(path), client.get("/v1/webhooks")
    assert shown.json() == listed.json()["items"][0] == {name: changed[name] for name in changed if name != "secret"}
    assert client.patch(path, json={"active": False}).json()["old_secret_until"] == changed["old_secret_until"]
    assert client.post(f"{path}/secret", json={"keep_old": "now"}).status_code == 422
    assert client.delete(f"{path}/old-secrets").status_code == 204
    assert client.get(path).json()["old_secret_until"] is None
    leaked = client.post(f"{path}/secret", json={"keep_old": False}).json()
    assert leaked["old_secret_until"] is None

    with database.unit() as unit:
        other = add_organisation(unit, "Other")
        token = issue_token(unit, add_account(unit, "boss@other.example", Role.ADMINISTRATOR, other))
    stranger = {"Authorization": f"Bearer {token}"}
    assert client.post(f"{path}/secret", headers=stranger).status_code == 404
    assert client.delete(f"{path}/old-secrets", headers=stranger).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://10.0.0.8/"}, {"url": "http://hooks.example/"}, {"kinds": ["organisation"]},
        {"kinds": ["case."]}, {"kinds": ["case.x y"]}, {}, {"secret": "mine"},
    ],
)  # fmt: skip
def test_what_no_webhook_can_be_is_refused(client: TestClient, change: dict[str, object]) -> None:
    made = client.post("/v1/webhooks", json=WISH).json()["id"]
    assert client.patch(f"/v1/webhooks/{made}", json=change).status_code == 422
    assert change == {} or client.post("/v1/webhooks", json=WISH | change).status_code == 422


def test_a_log_has_pages_and_a_replay_needs_to_say_what(client: TestClient, database: Database) -> None:
    made = client.post("/v1/webhooks", json=WISH).json()["id"]
    with database.unit() as unit:
        for _ in range(5):
            append(unit, "car_a", "code_joined", {})
    with database.unit() as unit:
        collect(unit, SystemClock())
    seen, cursor = [], None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/v1/webhooks/{made}/deliveries", params=asked).json()
        seen += [item["number"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [5, 4, 3, 2, 1]
    assert client.get(f"/v1/webhooks/{made}/deliveries", params={"cursor": "WzBd"}).status_code == 422
    both = {"since": "2020-01-01T00:00:00Z", "delivery": 1}
    assert [client.post(f"/v1/webhooks/{made}/replays", json=body).status_code for body in ({}, both)] == [422, 422]
