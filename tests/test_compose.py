"""The composed application: refusals as problem documents, its own description, nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from forecourt.compose import build_app
from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest.archive import Archive


@pytest.fixture
def client(database: Database, tmp_path: Path) -> TestClient:
    return TestClient(build_app(Settings(data=tmp_path), database, Archive(tmp_path)), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/vehicles", 401, "unauthenticated"),
        ("/v1/nothing-here", 404, "not_found"),
        ("/v1/tokens", 405, "method_not_allowed"),
    ],
)
def test_a_refusal_is_a_problem_document(client: TestClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)


def test_a_body_that_does_not_fit_is_refused_without_echoing_it(client: TestClient) -> None:
    answer = client.post("/v1/tokens", json={"email": "a@b.example", "secret": "hunter2"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {tuple(error["where"]) for error in answer.json()["errors"]} == {("body", "password"), ("body", "secret")}
    assert "hunter2" not in answer.text


def test_a_character_that_the_database_cannot_hold_is_refused(client: TestClient, database: Database) -> None:
    with database.unit() as unit:
        owner = add_account(unit, "li@example.com", Role.OWNER, add_organisation(unit, "Li"))
        token = issue_token(unit, owner)
    answer = client.get("/v1/vehicles/a%00b", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in {404, 422}


def test_a_fault_is_a_problem_document_too_and_says_nothing_of_its_cause(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("foundation.http.sign_in", broken)
    answer = client.post("/v1/tokens", json={"email": "a@b.example", "password": "x"})
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "secret inside" not in answer.text


def test_the_documentation_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assert re.findall(r"(?:src|href)=\"(https?:)?//", page) == []
    for asset in re.findall(r"(?:src|href)=\"(/static/[^\"]+)", page):
        assert client.get(asset).status_code == 200


def test_health_and_metrics_need_no_sign_in(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready", "parts": {"database": "ready"}}
    assert client.get("/metrics").status_code == 200
