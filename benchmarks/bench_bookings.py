"""Bookings over HTTP, over many workshops and days, beside an authenticated endpoint that does one `SELECT 1`.

Both are asked by the same clients with the same bearer tokens, of the same server process, in turns. What is booked
is declined between the rounds, so that slots never run out.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx2
import uvicorn
from fastapi import Depends
from sqlalchemy import text, update

import foundation.http
from aftersales.visits.slot_ids import read_slot
from forecourt.compose import build_app
from forecourt.migrations import migrate
from forecourt.processes import steady
from forecourt.seeding import seed_demo
from forecourt.settings import Settings
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.database import Database
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token
from ingest.archive import Archive
from ingest.registry import add_vehicle
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.snapshot.building import keep_snapshot
from parts_catalog.tables import stock

CLIENTS, VEHICLES, HOLDS, ROUNDS, PINGS = 4, 5, 2, 5, 200
GOLF = VehicleConfig(make="Volkswagen", model_line="Golf", model_year=2016, fuel=Fuel.PETROL, displacement_l=1.4)


def serve(folder: Path, url: str, port: int) -> None:
    """Run the whole application, and one endpoint more, in this process."""
    database = Database(url, pool_size=20, data=folder)
    app = build_app(Settings(data=folder), database, Archive(folder))

    @app.get("/v1/one")
    def one(_: Annotated[Actor, Depends(foundation.http.bearer_actor(database))]) -> dict[str, int]:
        with database.unit() as unit:
            return {"one": unit.connection.execute(text("SELECT 1")).scalar_one()}

    steady()
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


def people(database: Database) -> list[tuple[str, list[str]]]:
    """Give fleets: a token and the cars of each."""
    fleets = []
    with database.unit() as unit:
        seed_demo(unit)
        unit.connection.execute(update(stock).values(on_hand=100_000))  # places are what is scarce here
        for number in range(CLIENTS):
            home = add_organisation(unit, f"Fleet {number}")
            cars = [add_vehicle(unit, home, f"bench-{number}-{one}", config=GOLF).id for one in range(VEHICLES)]
            actor = add_account(unit, f"fleet-{number}@bench.example", Role.FLEET_OPERATOR, home)
            fleets.append((issue_token(unit, actor), cars))
    return fleets


def apart(slots: list[dict[str, Any]]) -> list[str]:
    """Give slots that stand in nobody's way: on each workshop's day, one every two hours."""
    last: dict[str, Any] = {}
    chosen = []
    for slot in sorted(slots, key=lambda one: str(one["start"])):
        key = read_slot(slot["id"])
        if key.workshop not in last or key.start >= last[key.workshop] + timedelta(hours=2):
            last[key.workshop] = key.start
            chosen.append(str(slot["id"]))
    return chosen


def slots_of(client: httpx2.Client, car: str) -> list[str]:
    """Ask for the slots of the coming weeks, day by day."""
    found: list[dict[str, Any]] = []
    for days in range(1, 29):
        after = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + days * 86400))
        query = {"vehicle": car, "service": "maintenance", "after": after, "limit": 100}
        found += client.get("/v1/slots", params=query).raise_for_status().json()["items"]
    return apart(list({one["id"]: one for one in found}.values()))


def book(client: httpx2.Client, cars: list[str], slots: list[str]) -> list[str]:
    visits = []
    for number, slot in enumerate(slots):
        body = {"vehicle": cars[number % len(cars)], "slot": slot, "service": "maintenance"}
        visits.append(client.post("/v1/appointments", json=body).raise_for_status().json()["id"])
    return visits


def decline(client: httpx2.Client, visits: list[str]) -> None:
    for visit in visits:
        client.post(f"/v1/appointments/{visit}/decline").raise_for_status()


def ping(client: httpx2.Client, times: int) -> None:
    for _ in range(times):
        client.get("/v1/one").raise_for_status()


def timed(threads: ThreadPoolExecutor, acts: list[Any]) -> tuple[float, list[Any]]:
    began = time.perf_counter()
    given = list(threads.map(lambda act: act(), acts))
    return time.perf_counter() - began, given


def measure(base: str, fleets: list[tuple[str, list[str]]]) -> tuple[float, float, float]:
    """Give bookings, declines and single queries per second, each the best of the rounds."""
    clients = [
        httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False)
        for token, _ in fleets
    ]
    slots = slots_of(clients[0], fleets[0][1][0])
    each = VEHICLES * HOLDS
    rates: list[tuple[float, float, float]] = []
    with ThreadPoolExecutor(CLIENTS) as threads:
        for number in range(ROUNDS):
            mine = [slots[(number + one) % CLIENTS :: CLIENTS][:each] for one in range(CLIENTS)]
            acts = [
                partial(book, client, cars, take) for client, (_, cars), take in zip(clients, fleets, mine, strict=True)
            ]
            booked, visits = timed(threads, acts)
            declined, _ = timed(threads, [partial(decline, *one) for one in zip(clients, visits, strict=True)])
            pinged, _ = timed(threads, [partial(ping, client, PINGS) for client in clients])
            rates.append((CLIENTS * each / booked, CLIENTS * each / declined, CLIENTS * PINGS / pinged))
    for client in clients:
        client.close()
    bookings, declines, queries = (max(column) for column in zip(*rates, strict=True))
    return bookings, declines, queries


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Postgres(DataPaths.prepare(folder / "var"))
        try:
            url = server.ensure()
            migrate(url)
            database = Database(url, data=folder)
            fleets = people(database)
            keep_snapshot(database)  # as the tasks process does, beside every API
            database.close()
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            words = [sys.executable, __file__, str(folder), url, str(port)]
            api = subprocess.Popen(  # noqa: S603 - this very file
                words, env={**os.environ, "FORECOURT_LIMIT_WRITES": "0"}
            )
            try:
                base = f"http://127.0.0.1:{port}"
                await_answer(base)
                bookings, declines, queries = measure(base, fleets)
            finally:
                api.terminate()
                api.wait(20)
        finally:
            server.remove()
    against = "an authenticated endpoint with one SELECT 1"
    results = [
        {"name": "bookings", "value": bookings / queries, "unit": "x", "against": against, "wanted": ">= 0.1"},
        {"name": "declines", "value": declines / queries, "unit": "x", "against": against, "wanted": None},
        {"name": "bookings", "value": bookings, "unit": "1/s", "against": None, "wanted": None},
        {"name": "SELECT 1", "value": queries, "unit": "1/s", "against": None, "wanted": None},
    ]
    print(json.dumps(results))


def await_answer(base: str) -> None:
    deadline = time.monotonic() + 60
    with httpx2.Client(base_url=base, trust_env=False) as client:
        while True:
            try:
                client.get("/health/live").raise_for_status()
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    else:
        main()
