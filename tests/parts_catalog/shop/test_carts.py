"""Carts: what lies in one is held for a while, replaced and not added, and all shortages are told at once."""

from datetime import timedelta

import pytest

from forecourt.sweeps import sweep_deadlines
from ingest.registry import add_vehicle
from ingest.vehicles import VehicleConfig
from parts_catalog.shop import holding
from tests.parts_catalog.shop.market import FAMILY, FAR, NEAR, Market


def test_a_line_is_held_for_a_quarter_of_an_hour_from_the_last_change(market: Market) -> None:
    cart = market.cart(pad=2)
    assert market.held(cart["id"]) == {("pad", NEAR): 2} or market.held(cart["id"]) == {("pad", FAR): 2}
    assert cart["held_until"] == (market.clock.now() + timedelta(minutes=15)).isoformat()
    assert cart["quote"]["gross"] == {"amount": 22_600, "currency": "CNY"}
    market.clock.advance(timedelta(minutes=10))
    after = market.put(cart["id"], "disc", 1).json()
    assert after["held_until"] == (market.clock.now() + timedelta(minutes=15)).isoformat()
    market.clock.advance(timedelta(minutes=10))
    assert [line["held"] for line in market.get("owner", f"carts/{cart['id']}")["lines"]] == [2, 1]
    market.clock.advance(timedelta(minutes=5))
    assert [line["held"] for line in market.get("owner", f"carts/{cart['id']}")["lines"]] == [0, 0]
    sweep_deadlines(market.database)
    assert market.held(cart["id"]) == {}
    assert market.books_are_right()


def test_putting_again_replaces_and_own_pieces_never_stand_in_the_way(market: Market) -> None:
    cart = market.cart(pad=14)["id"]  # all there are
    again = market.put(cart, "pad", 13)
    assert (again.status_code, again.json()["lines"][0]["held"]) == (200, 13)
    assert market.put(cart, "pad", 14).json()["lines"][0]["held"] == 14
    assert sum(market.held(cart).values()) == 14
    assert market.books_are_right()


def test_all_shortages_are_told_at_once_and_nothing_is_taken(market: Market) -> None:
    wished = [{"part": part, "quantity": 50} for part in ("pad", "disc")]
    said = market.post("owner", "carts", {"lines": wished}, 409)
    assert said["code"] == "out_of_stock"
    assert said["lines"] == [
        {"part": "disc", "wanted": 50, "available": 12},
        {"part": "pad", "wanted": 50, "available": 14},
    ]
    with market.database.unit() as unit:
        assert unit.rows("SELECT FROM reservations") == []


def test_one_cart_is_one_house_s_and_one_version_s(market: Market) -> None:
    cart = market.cart(pad=1)
    for method, path in (("GET", ""), ("PUT", "/lines/pad"), ("DELETE", "/lines/pad"), ("PATCH", "")):
        body = {"json": {"quantity": 1} if method == "PUT" else {}} if method in {"PUT", "PATCH"} else {}
        answer = market.ask("stranger", method, f"carts/{cart['id']}{path}", headers={"If-Match": "*"}, **body)
        assert answer.status_code == 404, (method, answer.text)
    path = f"carts/{cart['id']}/lines/pad"
    first = market.ask("owner", "PUT", path, json={"quantity": 2}, headers={"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    stale = market.ask("owner", "PUT", path, json={"quantity": 3}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    stale = market.ask("owner", "PATCH", f"carts/{cart['id']}", json={"region": "CN-BJ"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


def test_a_removed_line_is_free_at_once(market: Market) -> None:
    cart = market.cart(pad=2, disc=1)
    after = market.ask("owner", "DELETE", f"carts/{cart['id']}/lines/pad").json()
    assert [line["part"] for line in after["lines"]] == ["disc"]
    assert {part for part, _ in market.held(cart["id"])} == {"disc"}
    assert market.ask("owner", "DELETE", f"carts/{cart['id']}/lines/pad").status_code == 200
    assert market.books_are_right()


def test_a_buyer_s_carts_hold_so_many_pieces_and_no_more(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "HOLD_LIMITS", {"web": 5, "b2b": 5})
    market.cart(pad=3)
    second = market.cart(pad=2)
    said = market.put(second["id"], "pad", 3)
    assert (said.status_code, said.json()["code"]) == (409, "held_too_much")
    assert market.cart("stranger", pad=3)["lines"][0]["held"] == 3
    market.clock.advance(timedelta(minutes=16))  # the first cart's are free again
    assert market.put(second["id"], "pad", 5).status_code == 200


def test_what_does_not_exist_or_is_not_for_sale_cannot_be_put(market: Market) -> None:
    cart = market.cart()["id"]
    assert market.put(cart, "nothing", 1).status_code == 404
    with market.database.unit() as unit:
        unit.rows("DELETE FROM prices WHERE part = 'disc'")
    said = market.put(cart, "disc", 1)
    assert (said.status_code, said.json()["code"]) == (409, "no_price")
    assert market.get("owner", f"carts/{cart}")["lines"] == []


def test_a_cart_for_a_car_says_of_every_line_whether_it_fits(market: Market) -> None:
    with market.database.unit() as unit:
        add_vehicle(unit, FAMILY, "car-li", config=VehicleConfig(make="Volkswagen", model_line="Golf", model_year=2016))
    cart = market.post("owner", "carts", {"vehicle": "car-li", "lines": [{"part": "pad", "quantity": 1}]}, key="k")
    assert cart["lines"][0]["fit"]["verdict"] in {"unknown", "fits", "does_not_fit"}
    assert market.get("owner", f"carts/{cart['id']}")["lines"] == cart["lines"]
    assert market.post("stranger", "carts", {"vehicle": "car-li", "lines": []}, 404)["code"] == "not_found"
