"""Many buyers, with carts and with cars, who want the same seven pieces of one shelf at the same moment, over HTTP."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text, update

from aftersales.visits.slot_ids import read_slot, write_slot
from forecourt.supervision.paths import DataPaths
from foundation.clock import FixedClock
from foundation.database import Database, UnitOfWork
from foundation.identity import Role, add_account, add_organisation, issue_token
from foundation.money import Money
from ingest.registry import add_vehicle
from parts_catalog.payments.port import Fact, Told
from parts_catalog.payments.sandbox import CALLBACK, SIGNATURE, TIMESTAMP, Secret, notice_of
from parts_catalog.tables import locations, stock
from tests.aftersales.world import GOLF, SHELF, build, garage
from tests.races.contest import AGAIN_S, PATIENCE_S, WORKSHOP, Contest, Rival, at_once

PART, PIECES = "oil_filter", 7
TO = {"kind": "address", "name": "L", "phone": "1", "address": "Century Avenue 1"}
LINE = {"lines": [{"part": PART, "quantity": 1}]}
# Held for a cart that is open, for an order that is paid or may be, or for a case with a visit; and never wrong sums.
_ORPHANS = """
    SELECT 'reservation', r.id FROM reservations r WHERE r.state = 'held' AND NOT EXISTS (
        SELECT FROM carts c WHERE c.id = r.holder AND c.state = 'open' AND c.held_until >= r.reserved_until)
    AND NOT EXISTS (
        SELECT FROM orders o WHERE o.id = r.holder AND (
            o.state = 'awaiting_payment' AND o.due_at = r.reserved_until
            OR o.state = 'paid' AND r.reserved_until IS NULL))
    AND NOT EXISTS (
        SELECT FROM appointments a WHERE a."case" = r.holder AND a.state IN ('held', 'confirmed'))
    UNION ALL
    SELECT 'stock', s.part FROM stock s WHERE s.reserved > s.on_hand OR s.reserved <> (
        SELECT coalesce(sum(r.quantity), 0) FROM reservations r
        WHERE r.part = s.part AND r.location = s.location AND r.state = 'held')
    UNION ALL
    SELECT 'order', o.id FROM orders o WHERE o.state IN ('awaiting_payment', 'paid') AND (
        SELECT coalesce(sum(l.quantity), 0) FROM order_lines l WHERE l."order" = o.id) <> (
        SELECT coalesce(sum(r.quantity), 0) FROM reservations r WHERE r.holder = o.id AND r.state = 'held')
"""


@dataclass
class Market:
    """The buyers: some with carts, some with cars that need the part for their maintenance."""

    contest: Contest
    buyers: list[Rival]
    secret: Secret  # the sandbox's

    @property
    def database(self) -> Database:
        return self.contest.database

    @property
    def drivers(self) -> list[Rival]:
        return self.contest.rivals

    def close(self) -> None:
        self.contest.close()
        for one in self.buyers:
            one.http.close()

    def patient(self, yes: bool) -> None:
        for one in (*self.buyers, *self.drivers):
            one.patient, one.unanswered = yes, 0

    def reserved(self) -> int:
        with self.database.unit() as unit:
            return int(
                unit.rows("SELECT sum(reserved) AS pieces FROM stock WHERE part = %(part)s", {"part": PART})[0].pieces
            )


def ready(database: Database, base: str, data: Path, buyers: int, drivers: int) -> Market:
    """Build the workshop with a place for everybody, the shelf with seven pieces, which also ships, and the buyers."""
    world = build(database, FixedClock(database.clock.now()))
    world.put(garage("races", bays=drivers))
    with database.unit() as unit:
        unit.connection.execute(update(stock).values(on_hand=10_000))
        unit.connection.execute(update(stock).where(stock.c.part == PART).values(on_hand=PIECES))
        unit.connection.execute(update(locations).where(locations.c.id == SHELF).values(ships=True))
        cars = [_rival(unit, base, f"driver-{number}") for number in range(drivers)]
        carts = [_rival(unit, base, f"buyer-{number}") for number in range(buyers)]
    query = {"workshop": WORKSHOP, "vehicle": cars[0].vehicle, "service": "maintenance", "limit": 1}
    [slot] = cars[0].http.get("/v1/slots", params=query).raise_for_status().json()["items"]
    secret = Secret(DataPaths.prepare(data).secret("sandbox_payments"))
    return Market(Contest(database, cars, [], read_slot(slot["id"])), carts, secret)


def _rival(unit: UnitOfWork, base: str, name: str) -> Rival:
    home = add_organisation(unit, name, f"org_{name}")
    vehicle = add_vehicle(unit, home, name, config=GOLF)
    actor = add_account(unit, f"{name}@market.example", Role.OWNER, home)
    return Rival(base, issue_token(unit, actor), actor, vehicle.id)


def race(market: Market, number: int) -> tuple[list[tuple[Rival, str]], list[tuple[Rival, str]]]:
    """Let everybody buy, each to the end; gives the orders that were paid and the visits that were confirmed."""
    acts = [partial(buy, market, buyer, number) for buyer in market.buyers]
    acts += [partial(drive, market, driver, number, seat) for seat, driver in enumerate(market.drivers)]
    bought = at_once(acts)
    everybody = (*market.buyers, *market.drivers)
    won = [(rival, one) for rival, one in zip(everybody, bought, strict=True) if one is not None]
    return [it for it in won if it[1].startswith("ord_")], [it for it in won if not it[1].startswith("ord_")]


def buy(market: Market, buyer: Rival, number: int) -> str | None:
    """Fill a cart, order it and pay it; None: there was no piece left to hold."""
    cart = buyer.post("carts", LINE, f"cart-{number}")
    if cart.status_code == 409:
        assert cart.json()["code"] == "out_of_stock", cart.text
        return None
    assert cart.status_code == 201, cart.text
    wish = {"cart": cart.json()["id"], "delivery": TO, "payment": {"provider": "sandbox"}}
    order = buyer.post("orders", wish, f"order-{number}")
    assert order.status_code == 201, order.text
    pay(market, buyer, order.json())
    state = get(buyer, f"orders/{order.json()['id']}")["state"]
    assert state == "paid", state
    return str(order.json()["id"])


def drive(market: Market, driver: Rival, number: int, seat: int) -> str | None:
    """Book a maintenance, which needs the part, and confirm it; None: there was no piece left to hold.

    A maintenance is booked without what cannot be had; that one is of no use here, and given back.
    """
    key = market.contest.key(market.contest.start(number % 20), seat, seat)
    held = driver.hold(write_slot(key), f"hold-{number}")
    if held.status_code in {409, 422}:
        return None
    assert held.status_code == 201, held.text
    visit: str = held.json()["id"]
    if all(line["part"] != PART for line in held.json()["estimate"]["lines"]):
        assert driver.post(f"appointments/{visit}/decline", None, f"decline-{number}").status_code == 200
        return None
    confirmed = driver.post(f"appointments/{visit}/confirm", None, f"confirm-{number}")
    assert confirmed.status_code == 200, confirmed.text
    return visit


def pay(market: Market, buyer: Rival, order: dict[str, Any]) -> None:
    """Say what the provider says, again until it was heard: the same notice is taken note of once."""
    body = notice_of(Fact(Told.PAID, order["payment"]["id"], Money(**order["gross"])))
    deadline = time.monotonic() + PATIENCE_S
    while True:
        at = str(int(market.database.clock.now().timestamp()))
        headers = {TIMESTAMP: at, SIGNATURE: market.secret.sign(at, body), "content-type": "application/json"}
        try:
            status = httpx2.post(f"{buyer.base}{CALLBACK}", content=body, headers=headers, timeout=60, trust_env=False)
        except httpx2.HTTPError:
            if not buyer.patient or time.monotonic() > deadline:
                raise
        else:
            if status.status_code == 204:
                return
            again = status.status_code >= 500 and buyer.patient and time.monotonic() < deadline
            assert again, status.text
        buyer.unanswered += 1
        time.sleep(AGAIN_S)


def get(rival: Rival, path: str) -> dict[str, Any]:
    """Read, again until there is an answer."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = rival.http.get(f"/v1/{path}")
            if answer.status_code < 500 or not rival.patient or time.monotonic() > deadline:
                found: dict[str, Any] = answer.raise_for_status().json()
                return found
        except httpx2.TransportError:
            if not rival.patient or time.monotonic() > deadline:
                raise
        time.sleep(AGAIN_S)


def give_back(orders: Sequence[tuple[Rival, str]], visits: Sequence[tuple[Rival, str]]) -> None:
    """Let everybody who bought call it off, all at once."""
    acts = [partial(rival.post, f"orders/{order}/cancel") for rival, order in orders]
    acts += [partial(rival.post, f"appointments/{visit}/decline") for rival, visit in visits]
    if acts:
        statuses = [answer.status_code for answer in at_once(acts)]
        assert statuses == [200] * len(acts), statuses


def check(database: Database) -> None:
    """Raise unless everything that is held is held for somebody, and every order has its pieces."""
    with database.unit() as unit:
        wrong = unit.connection.execute(text(_ORPHANS)).all()
        assert wrong == [], wrong
