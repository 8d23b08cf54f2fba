"""Stock over HTTP: done once however often it is sent, read page by page, and each house sees its own."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from foundation.database import Database
from foundation.identity import Role, add_account, add_organisation, issue_token
from foundation.paging import write_cursor
from ingest.archive import Archive
from parts_catalog.stock import reserve
from tests.application import compose
from tests.parts_catalog.rows import add_brand, add_part, add_stock

HERE = {"part": "p1", "location": "loc"}
LISTS = ("stock", "stock/changes", "stock/counts", "stock/back-orders", "expected-deliveries")


@pytest.fixture
def client(database: Database, tmp_path: Path) -> TestClient:
    with database.unit() as unit:
        add_organisation(unit, "house", "org")
        add_brand(unit)
        for part in ("p1", "p2", "p3"):
            add_stock(unit, add_part(unit, part))
        token = issue_token(unit, add_account(unit, "pm@x.example", Role.PARTS_MANAGER, "org"))
    app = compose(tmp_path, database, Archive(tmp_path))
    return TestClient(app, headers={"Authorization": f"Bearer {token}"})


def post(client: TestClient, path: str, body: dict[str, Any], status: int = 201, key: str | None = None) -> Any:
    answer = client.post(f"/v1/{path}", json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_receipt_sent_twice_is_one_receipt(client: TestClient) -> None:
    first = post(client, "stock/receipts", HERE | {"quantity": 3}, key="k")
    assert post(client, "stock/receipts", HERE | {"quantity": 3}, key="k") == first | {"on_hand": 8}
    post(client, "stock/receipts", HERE | {"quantity": 4}, 422, key="k")
    [newest] = client.get("/v1/stock/changes", params={"part": "p1", "limit": 1}).json()["items"]
    assert (newest["kind"], newest["quantity"], newest["on_hand"]) == ("received", 3, 8)


def test_a_count_never_goes_below_what_is_held_and_says_who_holds(client: TestClient, database: Database) -> None:
    [count] = post(client, "stock/counts", {"location": "loc", "parts": ["p1"]})["items"]
    with database.unit() as unit:
        reserve(unit, {("p1", "loc"): 3}, "case_a", None)
    refused = post(client, f"stock/counts/{count['id']}/book", {"counted": 2}, 409)
    assert (refused["code"], refused["lines"]) == ("pieces_held", [{"holder": "case_a", "quantity": 3}])
    post(client, "stock/receipts", HERE | {"quantity": 2})
    assert post(client, f"stock/counts/{count['id']}/book", {"counted": 4}, 200)["state"] == "booked"
    [shelf] = client.get("/v1/stock", params=HERE).json()["items"]
    assert (shelf["on_hand"], shelf["reserved"]) == (6, 3)


def test_lists_go_page_by_page(client: TestClient) -> None:
    post(client, "stock/counts", {"location": "loc", "parts": ["p1", "p2", "p3"]})
    for day in ("2026-12-03", "2026-12-01", "2026-12-02"):
        post(client, "expected-deliveries", HERE | {"supplier": "Velmora", "quantity": 1, "day": day})
    for path in ("stock", "stock/changes", "stock/counts", "expected-deliveries"):
        whole = client.get(f"/v1/{path}").json()["items"]
        found: list[Any] = []
        cursor: dict[str, Any] = {}
        for _ in whole:
            page = client.get(f"/v1/{path}", params={"limit": 1, **cursor}).json()
            found += page["items"]
            cursor = {"cursor": page["next"]}
        assert (found, page["next"], len(whole)) == (whole, None, 3), path


@pytest.mark.parametrize("key", [[], ["x"], ["\0", "x"], [None, "x"], ["2026-12-01", 3], [2**70], [[1], {}]])
def test_a_cursor_of_something_else_is_no_cursor(client: TestClient, key: list[Any]) -> None:
    for path in LISTS:
        answer = client.get(f"/v1/{path}", params={"cursor": write_cursor(key)})
        assert answer.status_code == 422, (path, answer.text)


def test_another_house_has_nothing_here(client: TestClient, database: Database) -> None:
    with database.unit() as unit:
        add_organisation(unit, "other", "other")
        token = issue_token(unit, add_account(unit, "x@x.example", Role.PARTS_MANAGER, "other"))
    client.headers["Authorization"] = f"Bearer {token}"
    for path in LISTS:
        assert client.get(f"/v1/{path}").json() == {"items": [], "next": None}
    post(client, "stock/adjustments", HERE | {"quantity": 1, "reason": "mine now"}, 404)
