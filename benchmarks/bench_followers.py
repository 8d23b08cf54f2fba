"""A thousand people follow a hundred repairs over HTTP on one API process: how much later than a single follower?

    bench_followers.py [--followers 1000] [--repairs 100] [--seconds 12]

Each repair gets an entry a second. Followers are spread over the repairs; each breaks off now and then, and comes back
with `Last-Event-ID`. What counts is the time from before an entry is written to when its follower has read it. Every
follower has to see the entries of his repair once each and in order, or the benchmark fails.
"""

import argparse
import asyncio
import json
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2
import uvicorn
from bench_bookings import await_answer
from bench_catalogue import entry
from sqlalchemy import QueuePool, text

from aftersales.tables import repair_orders
from forecourt.compose import build_app
from forecourt.migrations import migrate
from forecourt.processes import steady
from forecourt.settings import Settings
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.database import Database
from foundation.events import append
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest.archive import Archive

STAYS_S = 60.0  # on the average, until a follower breaks off
SEED = 11


def serve(folder: Path, url: str, port: int) -> None:
    """Run the whole application in this process; it also tells how many database connections are in use."""
    _many_files()
    database = Database(url, pool_size=20, data=folder)
    app = build_app(Settings(data=folder, limit_anonymous=0), database, Archive(folder))

    @app.get("/held")
    async def held() -> int:
        return cast("QueuePool", database.engine.pool).checkedout()

    app.router.routes.insert(0, app.router.routes.pop())  # before the pages, which take every other path
    steady()
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning", backlog=2048)


def _many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def load(database: Database, repairs: int) -> tuple[str, list[str]]:
    """Put the repairs of one fleet on file; gives its token, and their ids."""
    with database.unit() as unit:
        fleet = add_organisation(unit, "Fleet")
        token = issue_token(unit, add_account(unit, "fleet@bench.example", Role.FLEET_OPERATOR, fleet))
        # The visits before them are nothing that is measured here.
        for key in repair_orders.foreign_key_constraints:
            unit.connection.execute(text(f'ALTER TABLE repair_orders DROP CONSTRAINT "{key.name}"'))
        names = [f"ro_{number:04}" for number in range(repairs)]
        rest = dict.fromkeys(("case", "estimate", "vehicle", "workshop", "workshop_organisation"), "none")
        stamps = {"created_at": unit.now(), "updated_at": unit.now()}
        unit.connection.execute(
            repair_orders.insert(),
            [
                {
                    "id": it,
                    "appointment": it,
                    "organisation": fleet,
                    "state": "expected",
                    "reworks": 0,
                    **rest,
                    **stamps,
                }
                for it in names
            ],
        )
    return token, names


@dataclass
class Follower:
    """One person at one repair."""

    port: int
    token: str
    order: str
    random: random.Random
    seen: int
    all_done: asyncio.Event  # before that nobody goes for good: a thousand who leave at once are not measured here
    stays: asyncio.Timeout | None = None  # while his stream is open
    rested: bool = False  # before that he does not break off
    returns: int = 0
    took: list[float] = field(default_factory=list)  # ms

    def may_leave(self) -> None:
        """Let him break off some time from now on, and come back."""
        self.rested = True
        if self.stays is not None:
            self.stays.reschedule(asyncio.get_running_loop().time() + self.random.expovariate(1 / STAYS_S))

    async def watch(self, last: int) -> None:
        while self.seen < last:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
            writer.write(
                f"GET /v1/repair-orders/{self.order}/progress HTTP/1.1\r\nHost: here\r\n"
                f"Authorization: Bearer {self.token}\r\nLast-Event-ID: {self.seen}\r\n\r\n".encode()
            )
            try:
                async with asyncio.timeout(None) as stay:
                    await self._read(reader, last, stay)
            except TimeoutError:
                self.returns += 1
            finally:
                self.stays = None
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, last: int, stay: asyncio.Timeout) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0]:
            raise RuntimeError(head.decode())
        self.stays = stay
        if self.rested:
            self.may_leave()
        while self.seen < last:
            line = await reader.readline()
            if not line:
                raise RuntimeError("the stream ended")
            if line.startswith(b"data: "):
                told = json.loads(line[6:])
                if told["number"] != self.seen + 1:
                    raise RuntimeError(f"{self.order}: {told['number']} came behind {self.seen}")
                self.seen += 1
                self.took.append((time.monotonic_ns() - told["told"]) / 1e6)
        stay.reschedule(None)
        await self.all_done.wait()


def write(database: Database, orders: list[str], seconds: int) -> None:
    """Give every repair an entry a second, evenly spread."""
    start, step = time.monotonic(), 1 / len(orders)
    for number in range(len(orders) * seconds):
        time.sleep(max(0.0, start + number * step - time.monotonic()))
        with database.unit() as unit:
            told = {"step": "work", "en": "Working", "zh": "施工中", "note": None, "told": time.monotonic_ns()}
            append(unit, orders[number % len(orders)], "progress", told, "bench")


@dataclass
class Watched:
    """What came of one round: how late entries were, how often followers came back, and connections held at rest.

    `came_s`: until all who came at once had their streams.
    """

    took: list[float]
    returns: int
    held: int
    came_s: float

    def percentile(self, of_100: int) -> float:
        return statistics.quantiles(self.took, n=100)[of_100 - 1]


async def watch(port: int, token: str, database: Database, orders: list[str], followers: int, seconds: int) -> Watched:
    """Let followers watch for some seconds, until each has seen everything of his repair."""
    with database.unit() as unit:
        told = unit.rows(
            "SELECT coalesce(max(number), 0) AS last FROM events WHERE subject = %(it)s", {"it": orders[0]}
        )
    before = told[0].last
    chance = random.Random(SEED)  # noqa: S311 - when who breaks off
    all_done = asyncio.Event()
    everybody = [
        Follower(port, token, orders[at % len(orders)], random.Random(chance.random()), before, all_done)  # noqa: S311
        for at in range(followers)
    ]
    began = time.monotonic()
    watching = asyncio.gather(*(one.watch(before + seconds) for one in everybody))
    async with asyncio.timeout(120):
        while not all(one.stays for one in everybody):
            if watching.done():
                watching.result()  # raises what went wrong
            await asyncio.sleep(0.05)
    came_s = time.monotonic() - began
    await asyncio.sleep(1)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        held = [(await client.get("/held")).json() for _ in range(5)]
    for one in everybody:
        one.may_leave()
    await asyncio.to_thread(write, database, orders, seconds)
    async with asyncio.timeout(60):
        while not all(one.seen == before + seconds for one in everybody):
            if watching.done():
                watching.result()
            await asyncio.sleep(0.05)
        all_done.set()
        await watching
    took = [it for one in everybody for it in one.took]
    return Watched(took, sum(one.returns for one in everybody), max(held), came_s)


def results(port: int, token: str, database: Database, orders: list[str], given: argparse.Namespace) -> list[Any]:
    one, all_ = (
        asyncio.run(watch(port, token, database, orders, count, seconds))
        for count, seconds in ((1, max(given.seconds * 4, 40)), (given.followers, given.seconds))
    )
    what = f"{given.followers} followers of {given.repairs} repairs"
    return [
        entry(f"{what}, p99", all_.percentile(99) / one.percentile(99), "x", "one follower's p99", "<= 25"),
        entry(f"{what}, p50", all_.percentile(50), "ms"),
        entry(f"{what}, p99", all_.percentile(99), "ms"),
        entry("one follower, p99", one.percentile(99), "ms"),
        entry(f"{what}, came back", all_.returns, "times", None, ">= 100"),
        entry(f"{what}: all who came at once had their streams after", all_.came_s, "s"),
        entry("database connections held by streams", all_.held, "", None, "<= 0"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure streams.")
    parser.add_argument("--followers", type=int, default=1000)
    parser.add_argument("--repairs", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=12)
    given = parser.parse_args()
    _many_files()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Postgres(DataPaths.prepare(folder / "var"))
        try:
            url = server.ensure()
            migrate(url)
            database = Database(url)
            token, orders = load(database, given.repairs)
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            words = [sys.executable, __file__, "serve", str(folder), url, str(port)]
            api = subprocess.Popen(words)  # noqa: S603 - this very file
            try:
                await_answer(f"http://127.0.0.1:{port}")
                entries = results(port, token, database, orders, given)
            finally:
                api.terminate()
                api.wait(20)
                database.close()
        finally:
            server.remove()
    print(json.dumps(entries))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        main()
