"""The answers of the warehouse: what is done with pieces, and what is refused because others hold or await them."""

from typing import Any

from parts_catalog.stock import reserve, wait_for
from tests.access.answers import Answers
from tests.access.stock import NEXT_DOOR, STOCK_BODIES
from tests.aftersales.world import SHELF

UNTOLD: dict[str, Any] = {"If-Match": None}
OLD = {"If-Match": '"99"'}


def keeping_stock(answers: Answers) -> None:
    ask = answers.ask
    filter_here = {"part": "oil_filter", "location": SHELF}
    ask("POST /v1/stock/receipts", 201, json=filter_here | {"quantity": 2})
    moved = {"part": "oil_filter", "source": SHELF, "target": NEXT_DOOR}
    ask("POST /v1/stock/moves", 201, json=moved | {"quantity": 1})
    ask("POST /v1/stock/moves", 409, json=moved | {"quantity": 5000})
    ask("POST /v1/stock/adjustments", 201, json=filter_here | {"quantity": -1, "reason": "bent"})
    ask("POST /v1/stock/locations", 201, json=STOCK_BODIES["POST /v1/stock/locations"])
    place = "PATCH /v1/stock/locations/{location}"
    ask(place, 428, json={}, headers=UNTOLD)
    ask(place, 412, json={}, headers=OLD)
    ask(place, 200, json={"ships": True})
    [count] = ask("POST /v1/stock/counts", 201, json={"location": SHELF, "parts": ["oil_filter"]})["items"]
    coming = STOCK_BODIES["POST /v1/expected-deliveries"] | filter_here
    delivery = ask("POST /v1/expected-deliveries", 201, json=coming)["id"]
    with answers.scene.world.database.unit() as unit:
        reserve(unit, {("oil_filter", SHELF): 3}, "case_x", None)
        wait_for(unit, {("oil_filter", SHELF): 5}, "case_x")
    ask("POST /v1/stock/adjustments", 409, json=filter_here | {"quantity": -5000, "reason": "all gone"})
    ask("POST /v1/stock/counts/{count}/book", 409, json={"counted": 0}, count=count["id"])
    ask("POST /v1/stock/counts/{count}/book", 200, json={"counted": 9}, count=count["id"])
    ask("POST /v1/stock/counts/{count}/drop", 409, count=count["id"])
    [other] = ask("POST /v1/stock/counts", 201, json={"location": SHELF, "parts": ["oil_filter"]})["items"]
    ask("POST /v1/stock/counts/{count}/drop", 200, count=other["id"])
    sent = "PATCH /v1/expected-deliveries/{delivery}"
    ask(sent, 428, json={}, headers=UNTOLD)
    ask(sent, 412, json={}, headers=OLD)
    ask(sent, 409, json={"state": "cancelled"}, delivery=delivery)
    ask(sent, 200, json={"day": "2026-12-04"}, delivery=delivery)
