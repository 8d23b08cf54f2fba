"""The door of a seller's prices: his own only, edited by version, and what buyers then see."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from forecourt import http as problems
from foundation.database import Database
from foundation.identity import Actor, Role, add_organisation
from ingest.registry import Vehicles
from parts_catalog import http as parts_http
from parts_catalog import images_http, part_reviews_http
from parts_catalog.pricing import http as prices_http
from parts_catalog.tables import prices, promotions
from tests.access.prices import png
from tests.parts_catalog.pricing.scene import SELLER, add_base
from tests.parts_catalog.rows import add_brand, add_part

MANAGER = Actor("acc_m", SELLER, Role.PARTS_MANAGER)
BUYER = Actor("acc_b", "org_buyer", Role.OWNER)
As = Callable[[Actor], TestClient]


@pytest.fixture
def shop(database: Database) -> Database:
    with database.unit() as unit:
        add_organisation(unit, "seller", SELLER)
        add_organisation(unit, "buyer", "org_buyer")
        add_brand(unit)
        for part, net in (("belt", 1999), ("pump", 3000)):
            add_part(unit, part)
            add_base(unit, part, net)
    return database


@pytest.fixture
def as_(shop: Database, tmp_path: Path) -> Iterator[As]:
    """Give the client of an actor; whoever has bought a part is `org_buyer`."""
    clients: list[TestClient] = []

    def open_door(actor: Actor) -> TestClient:
        app = FastAPI()
        problems.install(app)
        who = lambda: actor  # noqa: E731
        app.include_router(images_http.router(shop, who, tmp_path))
        app.include_router(part_reviews_http.router(shop, who, lambda _unit, buyer, part: buyer != "org_other"))
        app.include_router(prices_http.router(shop, who))
        app.include_router(parts_http.router(shop, who, Vehicles()))
        clients.append(TestClient(app))
        return clients[-1]

    yield open_door
    for client in clients:
        client.close()


def sent(answer: Any, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_list_of_a_group_is_what_its_buyers_see(as_: As) -> None:
    manager, buyer = as_(MANAGER), as_(BUYER)
    group = sent(manager.post("/v1/customer-groups", json={"name": "North"}), 201)["id"]
    made = manager.post("/v1/price-lists", json={"name": "North", "customer_group": group})
    path = f"/v1/price-lists/{sent(made, 201)['id']}"
    put = manager.patch(
        f"{path}/prices",
        json={"items": [{"part": "belt", "net_amount": 1500}, {"part": "belt", "net_amount": 900, "from_quantity": 9}]},
        headers={"If-Match": made.headers["ETag"]},
    )
    assert (sent(put, 200)["version"], put.headers["ETag"]) == (2, '"2"')
    assert buyer.get("/v1/parts/belt").json()["price"]["net"]["amount"] == 1999
    sent(manager.put(f"/v1/customer-groups/{group}/members/org_buyer"), 200)
    assert buyer.get("/v1/parts/belt").json()["price"]["net"]["amount"] == 1500
    assert [one["price"]["net"]["amount"] for one in buyer.get("/v1/parts?q=belt").json()["items"]] == [1500]
    assert manager.get(f"/v1/customer-groups/{group}/members").json()["items"] == [{"buyer": "org_buyer"}]
    page = manager.get(f"{path}/prices", params={"limit": 1}).json()
    rest = manager.get(f"{path}/prices", params={"limit": 1, "cursor": page["next"]}).json()
    assert [(one["from_quantity"], one["net_amount"]) for one in page["items"] + rest["items"]] == [(1, 1500), (9, 900)]
    gone = {"items": [{"part": "belt", "net_amount": None}]}
    sent(manager.patch(f"{path}/prices", json=gone, headers={"If-Match": '"2"'}), 200)
    assert buyer.get("/v1/parts/belt").json()["price"]["net"]["amount"] == 1999
    manager.delete(f"/v1/customer-groups/{group}/members/org_buyer")
    assert manager.get(f"/v1/customer-groups/{group}/members").json()["items"] == []


def test_an_edit_is_of_the_version_that_was_read(as_: As) -> None:
    manager, other = as_(MANAGER), as_(Actor("acc_o", "org_other", Role.PARTS_MANAGER))
    path = f"/v1/price-lists/{sent(manager.post('/v1/price-lists', json={'name': 'web'}), 201)['id']}"
    first, second = ({"If-Match": '"1"'} for _ in range(2))
    changed = manager.patch(path, json={"valid_until": "2026-12-01T00:00:00Z", "priority": 3}, headers=first)
    assert sent(changed, 200)["priority"] == 3
    assert sent(manager.patch(path, json={"priority": 4}, headers=second), 412)["code"] == "stale"
    assert sent(manager.patch(path, json={"priority": 4}), 428)["code"] == "precondition_required"
    late = {"valid_from": "2026-12-02T00:00:00Z"}
    assert sent(manager.patch(path, json=late, headers={"If-Match": '"2"'}), 422)["code"] == "invalid"
    ended = manager.patch(path, json={"state": "ended", "valid_until": None}, headers={"If-Match": "*"})
    assert (sent(ended, 200)["state"], ended.json()["priority"]) == ("ended", 3)
    assert manager.get("/v1/price-lists", params={"state": "active"}).json()["items"] == []
    for asked in (other.get(path), other.patch(path, json={}, headers=first), other.get(f"{path}/prices")):
        assert asked.status_code == 404
    assert other.get("/v1/price-lists").json()["items"] == []
    assert as_(BUYER).get("/v1/price-lists").status_code == 403


def test_a_list_is_filled_from_a_sheet_of_the_houses_own_import(as_: As, shop: Database) -> None:
    with shop.unit() as unit:
        for part, net, house in (("belt", 1001, SELLER), ("pump", 2000, "org_other")):
            row = {"price_list": "pies_jbr", "part": part, "currency": "CNY", "organisation": house}
            unit.connection.execute(prices.insert().values(**row, net_amount=net, tax_basis_points=600))
    manager = as_(MANAGER)
    path = f"/v1/price-lists/{sent(manager.post('/v1/price-lists', json={'name': 'jobber'}), 201)['id']}"
    any_version = {"If-Match": "*"}
    filled = manager.post(f"{path}/from-sheet", json={"sheet": "pies_jbr", "basis_points": 9500}, headers=any_version)
    assert sent(filled, 200)["taken"] == 1
    assert manager.get(f"{path}/prices").json()["items"] == [
        {"part": "belt", "from_quantity": 1, "net_amount": 951, "tax_basis_points": 600}  # of 950.95
    ]
    assert manager.post(f"{path}/from-sheet", json={"sheet": "none"}, headers=any_version).status_code == 404
    missing = {"items": [{"part": "nothing", "net_amount": 1}, {"part": "belt", "net_amount": 1}]}
    assert sent(manager.patch(f"{path}/prices", json=missing, headers=any_version), 404)["parts"] == ["nothing"]


def test_promotions_are_kept_within_reason(as_: As, shop: Database) -> None:
    manager = as_(MANAGER)
    ten = {
        "name_en": "Ten",
        "name_zh": "十分之一",
        "kind": "percentage",
        "value": 1000,
        "code": " ten 10",
        "limit_total": 5,
    }
    made = manager.post("/v1/promotions", json=ten)
    assert sent(made, 201)["code"] == "TEN10"
    path = f"/v1/promotions/{made.json()['id']}"
    assert sent(manager.post("/v1/promotions", json={**ten, "code": "Ten10"}), 409)["code"] == "code_taken"
    for senseless in (
        {"value": 10_001},
        {"kind": "amount"},
        {"currency": "CNY"},
        {"target": "brand"},
        {"target_value": "belt"},
        {"valid_from": "2026-12-02T00:00:00Z", "valid_until": "2026-12-01T00:00:00Z"},
        {"name_zh": "  "},
    ):
        assert manager.post("/v1/promotions", json={**ten, "code": "X", **senseless}).status_code == 422, senseless
    with shop.unit() as unit:
        unit.connection.execute(update(promotions).values(used=3))
    lowered = manager.patch(path, json={"limit_total": 2}, headers={"If-Match": '"1"'})
    assert (sent(lowered, 409)["code"], lowered.json()["used"]) == ("used_more", 3)
    assert sent(manager.patch(path, json={"limit_total": 3}, headers={"If-Match": '"1"'}), 200)["used"] == 3
    sent(manager.patch(path, json={"state": "ended"}, headers={"If-Match": '"2"'}), 200)
    again = sent(manager.post("/v1/promotions", json=ten), 201)["id"]
    assert sent(manager.patch(path, json={"state": "active"}, headers={"If-Match": "*"}), 409)["code"] == "code_taken"
    page = manager.get("/v1/promotions", params={"limit": 1}).json()
    rest = manager.get("/v1/promotions", params={"limit": 1, "cursor": page["next"]}).json()
    assert {one["id"] for one in page["items"] + rest["items"]} == {made.json()["id"], again}
    assert rest["next"] is None


def test_a_review_is_a_buyers_one_word_on_a_part(as_: As) -> None:
    buyer, workshop, other = as_(BUYER), as_(MANAGER), as_(Actor("acc_o", "org_other", Role.OWNER))
    path = "/v1/parts/belt/reviews"
    assert buyer.get(path).json() == {"items": [], "next": None, "rating": None}
    assert sent(other.post(path, json={"rating": 1}), 409)["code"] == "not_bought"
    said = sent(buyer.post(path, json={"rating": 5, "words": " quiet "}, headers={"Idempotency-Key": "k"}), 201)
    again = buyer.post(path, json={"rating": 5, "words": " quiet "}, headers={"Idempotency-Key": "k"})
    assert (said["words"], sent(again, 201)) == ("quiet", said)
    assert sent(buyer.post(path, json={"rating": 4}), 409)["code"] == "already_reviewed"
    sent(workshop.post(path, json={"rating": 2}), 201)
    page = other.get(path, params={"limit": 1}).json()
    assert page["rating"] == {"average": 3.5, "count": 2}
    rest = other.get(path, params={"limit": 1, "cursor": page["next"]}).json()
    assert sorted(one["rating"] for one in page["items"] + rest["items"]) == [2, 5]
    assert all(set(one) == {"rating", "words", "reviewed_at", "own"} for one in page["items"])
    assert [one["own"] for one in buyer.get(path).json()["items"] if one["words"]] == [True]
    assert other.get("/v1/parts/belt").json()["rating"] == page["rating"]
    assert other.get("/v1/parts?q=pump").json()["items"][0]["rating"] is None
    assert buyer.post("/v1/parts/nothing/reviews", json={"rating": 5}).status_code == 404
    for cursor in ("x", "WyIyMDI2IiwieCJd", "WzEsMl0", "W10"):
        assert other.get(path, params={"cursor": cursor}).status_code == 422


def test_pictures_are_put_by_who_keeps_the_brand_and_never_change(as_: As, shop: Database, tmp_path: Path) -> None:
    path = "/v1/parts/belt/images"
    assert as_(MANAGER).post(path, content=png(1)).status_code == 404
    with shop.unit() as unit:
        unit.rows("INSERT INTO brand_keepers VALUES ('Testmark', %(house)s)", {"house": SELLER})
    manager, buyer = as_(MANAGER), as_(BUYER)
    made = sent(manager.post(path, content=png(1), headers={"Content-Type": "text/html"}), 201)
    assert sent(manager.post(path, content=png(1)), 201) == made
    assert manager.post(path, content=b"<svg onload=alert(1)>").status_code == 422
    assert manager.post(path, content=b"\x89PNG" + bytes(5 << 20)).status_code == 422
    assert buyer.post(path, content=png(2)).status_code == 403
    assert buyer.get(path).json()["items"] == [made]
    shown = buyer.get(made["url"])
    assert (shown.content, shown.headers["content-type"]) == (png(1), "image/png")
    assert "immutable" in shown.headers["cache-control"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()] == [png(1)]
    assert manager.delete(made["url"]).status_code == 204
    assert manager.delete(made["url"]).status_code == 404
    assert (buyer.get(made["url"]).status_code, buyer.get(path).json()["items"]) == (404, [])
    sent(manager.post("/v1/parts/pump/images", content=png(1)), 201)
