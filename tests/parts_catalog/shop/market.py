"""A small market: two warehouses of one house, the shelf of a workshop, three parts, and their people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from forecourt.paying import PAYABLES
from foundation.clock import FixedClock
from foundation.database import Database, new_id
from foundation.events import read
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token
from foundation.money import Money
from parts_catalog.parts import Location
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.payments.states import Verdict
from parts_catalog.stock import open_location
from parts_catalog.tables import prices, stock
from parts_catalog.version import raise_version
from tests.parts_catalog.rows import add_brand, add_part

FAMILY, OTHERS, GARAGE, WAREHOUSE = "org_li", "org_wang", "org_garage", "org_warehouse"
NEAR, FAR, SHELF = "loc_shanghai", "loc_beijing", "loc_garage"
PARTS: Mapping[str, tuple[int, Mapping[str, int]]] = {
    "pad": (10_000, {NEAR: 4, FAR: 10}),
    "disc": (25_001, {NEAR: 2, FAR: 10}),
    "belt": (8_000, {SHELF: 3}),
}
TO_SHANGHAI = {"kind": "address", "name": "Li Wei", "phone": "1", "address": "Century Avenue 1", "region": "CN-SH"}


@dataclass
class Market:
    """Everybody asks over HTTP."""

    database: Database
    clock: FixedClock
    app: FastAPI
    people: dict[str, Actor] = field(default_factory=dict)
    clients: dict[str, TestClient] = field(default_factory=dict)

    def ask(self, who: str, method: str, path: str, **given: Any) -> Any:
        return self.clients[who].request(method, f"/v1/{path}", **given)

    def post(self, who: str, path: str, body: Any = None, status: int = 201, key: str | None = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.ask(who, "POST", path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def get(self, who: str, path: str) -> dict[str, Any]:
        answer = self.ask(who, "GET", path)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def put(self, cart: str, part: str, quantity: int, who: str = "owner", **more: Any) -> Any:
        return self.ask(who, "PUT", f"carts/{cart}/lines/{part}", json={"quantity": quantity, **more})

    def cart(self, who: str = "owner", /, **lines: int) -> dict[str, Any]:
        wished = [{"part": part, "quantity": quantity} for part, quantity in lines.items()]
        return self.post(who, "carts", {"lines": wished})

    def order(self, cart: str, who: str = "owner", status: int = 201, **more: Any) -> dict[str, Any]:
        body = {"cart": cart, "delivery": TO_SHANGHAI, "payment": {"provider": "sandbox"}, **more}
        return self.post(who, "orders", body, status)

    def pay(self, order: dict[str, Any], told: Told = Told.PAID) -> Verdict:
        """Say what the provider says of an order's payment."""
        owed = Money(**order["gross"])
        notice = Notice(new_id("ntc"), Fact(told, order["payment"]["id"], owed if told is Told.PAID else None))
        with self.database.unit() as unit:
            return accept(unit, PAYABLES, "sandbox", notice)

    def paid(self, who: str = "owner", /, **lines: int) -> dict[str, Any]:
        """Give an order of these lines that is paid."""
        order = self.order(self.cart(who, **lines)["id"], who)
        assert self.pay(order) is Verdict.ACTED
        return self.get(who, f"orders/{order['id']}")

    def move(self, shipment: str, *moves: str, who: str = "seller") -> dict[str, Any]:
        said: dict[str, Any] = {}
        for move in moves:
            said = self.post(who, f"shipments/{shipment}/{move}", None, 200)
        return said

    def held(self, holder: str) -> dict[tuple[str, str], int]:
        with self.database.unit() as unit:
            rows = unit.rows(
                "SELECT * FROM reservations WHERE holder = %(holder)s AND state = 'held'", {"holder": holder}
            )
        return {(row.part, row.location): row.quantity for row in rows}

    def events(self, subject: str) -> list[str]:
        with self.database.unit() as unit:
            return [event.kind for event in read(unit, subject)]

    def books_are_right(self) -> bool:
        """Whether what is reserved is what is held, everywhere, and never more than there is."""
        with self.database.unit() as unit:
            wrong = unit.rows("""
                SELECT FROM stock s WHERE s.reserved > s.on_hand OR s.reserved <> (
                    SELECT coalesce(sum(r.quantity), 0) FROM reservations r
                    WHERE r.part = s.part AND r.location = s.location AND r.state = 'held')
            """)
        return not wrong


def build(database: Database, clock: FixedClock, app: FastAPI) -> Market:
    market = Market(database, clock, app)
    with database.unit() as unit:
        for home in (FAMILY, OTHERS, GARAGE, WAREHOUSE):
            add_organisation(unit, home, home)
        for name, role, home in (
            ("owner", Role.OWNER, FAMILY),
            ("stranger", Role.OWNER, OTHERS),
            ("workshop", Role.WORKSHOP_MANAGER, GARAGE),
            ("seller", Role.PARTS_MANAGER, WAREHOUSE),
        ):
            actor = add_account(unit, f"{name}@shop.example", role, home)
            market.people[name] = actor
            headers = {"Authorization": f"Bearer {issue_token(unit, actor)}"}
            market.clients[name] = TestClient(app, headers=headers)
        for key, home, kind, place, region in (
            (NEAR, WAREHOUSE, "warehouse", (31.2, 121.5), "CN-SH"),
            (FAR, WAREHOUSE, "warehouse", (39.9, 116.4), "CN-BJ"),
            (SHELF, GARAGE, "workshop", (31.1, 121.4), "CN-SH"),
        ):
            ships = kind == "warehouse"
            open_location(unit, Location(key, home, kind, key, key, place, region, ships=ships))
        add_brand(unit)
        for part, (net, places) in PARTS.items():
            add_part(unit, part)
            told = {"price_list": "base", "currency": "CNY", "tax_basis_points": 1300}
            seller = GARAGE if SHELF in places else WAREHOUSE
            unit.connection.execute(prices.insert().values(part=part, organisation=seller, net_amount=net, **told))
            for location, pieces in places.items():
                row = {"part": part, "location": location, "organisation": seller, "on_hand": pieces}
                unit.connection.execute(stock.insert().values(**row))
        raise_version(unit)
    return market
