"""The shop with 10,000 products, over HTTP: search, a piece put into a cart, and the whole checkout.

    bench_shop.py [--products 10000] [--seconds 8]

A checkout is what a buyer's app does: open a cart with a piece in it, which holds it; order it to an address; pay it,
by the sandbox's signed notice. The server is one API process over its own PostgreSQL; 4 and then 16 clients ask.
Peers on the same sort of machine, 10,000 products and 4 clients: Vendure 3.7.3 3.7 orders/s, search p50 1,420 ms;
django-oscar 4.2.1 5.5 orders/s.
"""

import argparse
import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import big_catalogue
import uvicorn
from bench_bookings import await_answer
from bench_catalogue import PLANTED, entry
from sqlalchemy import update

from forecourt.compose import build_app
from forecourt.migrations import migrate
from forecourt.processes import steady
from forecourt.settings import Settings
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.database import Database
from foundation.identity import Role, add_account, add_organisation, issue_token
from foundation.money import Money
from ingest.archive import Archive
from parts_catalog.payments.port import Fact, Told
from parts_catalog.payments.sandbox import CALLBACK, SIGNATURE, TIMESTAMP, Secret, notice_of
from parts_catalog.snapshot.building import keep_snapshot
from parts_catalog.tables import stock

PEERS = {"Vendure 3.7.3": 3.7, "django-oscar 4.2.1": 5.5}
PEER_SEARCH_MS = 1420.0  # Vendure's p50 with 4 clients
CLIENTS = (4, 16)
TO = {"kind": "address", "name": "Li Wei", "phone": "1", "address": "Century Avenue 1", "region": "CN-SH"}


@dataclass
class Client:
    """One buyer with one connection; `secret` is the sandbox's, to sign what it tells."""

    port: int
    token: str
    parts: list[str]
    secret: Secret
    cart: str = ""

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> bytes:
        words = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        self.connection.request(method, path, words, headers or self.headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")
        return said

    def search(self) -> None:
        self.ask("GET", f"/v1/parts?q={quote(secrets.choice(PLANTED))}&limit=20")

    def fill(self) -> dict[str, Any]:
        wish = {"region": TO["region"], "lines": [{"part": secrets.choice(self.parts), "quantity": 1}]}
        cart: dict[str, Any] = json.loads(self.ask("POST", "/v1/carts", wish))
        return cart

    def add(self) -> None:
        """Put one of a few parts into a cart that has them already or gets them: each change holds all of it on."""
        if not self.cart:
            self.cart = self.fill()["id"]
        self.ask("PUT", f"/v1/carts/{self.cart}/lines/{secrets.choice(self.parts[:8])}", {"quantity": 1})

    def checkout(self) -> None:
        cart = self.fill()
        wish = {
            "cart": cart["id"],
            "delivery": TO,
            "payment": {"provider": "sandbox"},
            "prices": cart["quote"]["digest"],
        }
        order = json.loads(self.ask("POST", "/v1/orders", wish))
        paid = Fact(Told.PAID, order["payment"]["id"], Money(**order["gross"]), secrets.token_hex(8))
        body, at = notice_of(paid), str(int(time.time()))
        headers = {TIMESTAMP: at, SIGNATURE: self.secret.sign(at, body), "Content-Type": "application/json"}
        self.ask("POST", CALLBACK, body, headers)


def run_for(seconds: float, act: Callable[[], None], took: list[float]) -> None:
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        act()
        took.append(time.perf_counter() - began)


def measure(clients: list[Client], what: str, seconds: float) -> tuple[float, float, float]:
    """Give how often per second clients did something together, and its p50 and p95 in ms."""
    took: list[float] = []
    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(lambda client: run_for(seconds / 4, getattr(client, what), []), clients))  # warm
        began = time.perf_counter()
        list(threads.map(lambda client: run_for(seconds, getattr(client, what), took), clients))
        spent = time.perf_counter() - began
    cuts = statistics.quantiles(took, n=20)
    return len(took) / spent, statistics.median(took) * 1000, cuts[18] * 1000


def serve(folder: Path, url: str, port: int) -> None:
    """Run the whole application in this process."""
    database = Database(url, pool_size=20, data=folder)
    app = build_app(Settings(data=folder), database, Archive(folder))
    steady()
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


def load(database: Database, products: int) -> list[str]:
    """Load the products, more than can be sold of each, and the buyers; gives their tokens."""
    with database.unit() as unit:
        big_catalogue.load(unit, products, products * 10)
        unit.connection.execute(update(stock).values(on_hand=1_000_000))
        tokens = []
        for number in range(max(CLIENTS)):
            home = add_organisation(unit, f"Buyer {number}")
            actor = add_account(unit, f"buyer-{number}@bench.example", Role.FLEET_OPERATOR, home)
            tokens.append(issue_token(unit, actor))
    big_catalogue.analyse(database.url.replace("+psycopg", ""))
    keep_snapshot(database)  # as the tasks process does, beside every API
    return tokens


def results(port: int, tokens: list[str], secret: Secret, products: int, seconds: float) -> list[dict[str, Any]]:
    parts = [f"part_{at:08d}" for at in range(products)]
    entries = []
    for what, name in (("search", "search"), ("add", "one more part in a cart"), ("checkout", "checkout")):
        for count in CLIENTS:
            clients = [Client(port, token, parts, secret) for token in tokens[:count]]
            rate, p50, p95 = measure(clients, what, seconds)
            entries.append(entry(f"{name}, {count} clients", rate, "1/s"))
            entries.append(entry(f"{name}, {count} clients, p50", p50, "ms"))
            entries.append(entry(f"{name}, {count} clients, p95", p95, "ms"))
            if count == CLIENTS[0] and what == "checkout":
                entries += [entry("orders", rate / than, "x", peer, ">= 20") for peer, than in PEERS.items()]
            if count == CLIENTS[0] and what == "search":
                entries.append(entry("search p50", PEER_SEARCH_MS / p50, "x faster", "Vendure 3.7.3", ">= 100"))
    return entries


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the shop.")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=8.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Postgres(DataPaths.prepare(folder / "var"))
        try:
            url = server.ensure()
            migrate(url)
            database = Database(url, data=folder)
            tokens = load(database, given.products)
            database.close()
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            words = [sys.executable, __file__, "serve", str(folder), url, str(port)]
            limits = {"FORECOURT_LIMIT_WRITES": "0", "FORECOURT_LIMIT_ANONYMOUS": "0"}
            api = subprocess.Popen(words, env={**os.environ, **limits})  # noqa: S603 - this very file
            try:
                await_answer(f"http://127.0.0.1:{port}")
                secret = Secret(DataPaths.prepare(folder).secret("sandbox_payments"))
                entries = results(port, tokens, secret, given.products, given.seconds)
            finally:
                api.terminate()
                api.wait(20)
        finally:
            server.remove()
    print(json.dumps(entries))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        main()
