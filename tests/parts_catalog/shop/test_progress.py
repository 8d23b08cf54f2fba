"""The live progress of an order: every event once and in order, from where the reader was."""

import json

import httpx2

from tests.aftersales.client import served
from tests.parts_catalog.shop.market import Market


def test_an_order_is_followed_live_and_resumed(market: Market) -> None:
    order = market.order(market.cart(pad=1)["id"])
    bearer = {"Authorization": market.clients["owner"].headers["Authorization"]}
    with served(market.app) as base:
        path = f"{base}/v1/orders/{order['id']}/progress"
        assert _seen(path, bearer, 1) == [(1, "order_placed")]
        market.pay(order)
        [shipment] = market.get("seller", "shipments")["items"]
        market.move(shipment["id"], "pick")
        assert _seen(path, {**bearer, "Last-Event-ID": "1"}, 2) == [(2, "order_paid"), (3, "shipment_picked")]
        stranger = {"Authorization": market.clients["stranger"].headers["Authorization"]}
        assert httpx2.get(path, headers=stranger, trust_env=False).status_code == 404


def _seen(path: str, headers: dict[str, str], count: int) -> list[tuple[int, str]]:
    seen: list[tuple[int, str]] = []
    with httpx2.stream("GET", path, headers=headers, timeout=20, trust_env=False) as answer:
        for line in answer.iter_lines():
            if line.startswith("data:"):
                told = json.loads(line.removeprefix("data:"))
                assert told["en"]
                assert told["zh"]
                seen.append((told["number"], told["kind"]))
                if len(seen) == count:
                    break
    return seen
