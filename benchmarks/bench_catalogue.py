"""A catalogue of any size: load, snapshot, candidates, fit answers, search from Python and over HTTP.

    bench_catalogue.py --parts 1000000 --applications 10000000 [--data FOLDER]

Without sizes it is small. A folder is kept and, where it has a catalogue of that size, not loaded again.
Search is compared with a primary-key SELECT of the same run and, over HTTP, with an authenticated endpoint that does
one `SELECT 1`, asked by the same clients of the same server process in turns.
"""

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import big_catalogue
import httpx2
import numpy as np
from bench_bookings import await_answer, ping, serve, timed
from sqlalchemy import func, select

from forecourt.migrations import migrate
from forecourt.processes import steady
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.database import Database, UnitOfWork
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.fitment import fitting_parts_for
from parts_catalog.search import find
from parts_catalog.snapshot.building import keep_snapshot
from parts_catalog.snapshot.newest import newest
from parts_catalog.tables import applications, parts

PLANTED = (big_catalogue.RARE, big_catalogue.FREQUENT, big_catalogue.RARE_ZH, big_catalogue.FREQUENT_ZH)
BATCH, CANDIDATES, ANSWERS, SEARCHES, CLIENTS, ROUNDS, EACH = 100_000, 1_000_000, 6_000, 300, 4, 5, 200
KEYED = "primary-key SELECT"
Entry = dict[str, Any]


def entry(name: str, value: float, unit: str, against: str | None = None, wanted: str | None = None) -> Entry:
    return {"name": name, "value": value, "unit": unit, "against": against, "wanted": wanted}


@contextmanager
def server(data: Path | None) -> Iterator[tuple[Path, str]]:
    """Run a database server in a folder: a kept one, or one that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = data or Path(name)
        postgres = Postgres(DataPaths.prepare(folder))
        try:
            yield folder, postgres.ensure()
        finally:
            if data is None:
                postgres.remove()
            else:
                postgres.stop()


def load(database: Database, wanted_parts: int, wanted_lines: int) -> list[Entry]:
    """Load the catalogue unless it is there."""
    with database.unit() as unit:
        there = unit.connection.execute(select(func.max(applications.c.id))).scalar_one() == wanted_lines
        there = there and unit.connection.execute(select(func.max(parts.c.no))).scalar_one() == wanted_parts
    entries = []
    if not there:
        with database.unit() as unit:
            took = big_catalogue.load(unit, wanted_parts, wanted_lines)
        big_catalogue.analyse(database.url.replace("+psycopg", ""))
        entries = [entry(f"load {step}", seconds, "s") for step, seconds in took.items()]
        entries.append(entry("peak memory of loading", peak(), "MB"))
    with database.unit() as unit:
        disk = sum(big_catalogue.sizes(unit).values())
    return [*entries, entry("database on disk", disk / 1e6, "MB")]


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def build(folder: str, url: str) -> None:
    """Build the snapshot in a process of its own, whose memory is then known."""
    database = Database(url, pool_size=1, data=Path(folder))
    built = keep_snapshot(database)
    if built is not None:
        print(json.dumps([built.seconds, built.size / 1e6, peak()]))


def built(folder: Path, url: str) -> list[Entry]:
    for one in (folder / "catalogue").glob("*/about.json"):
        one.unlink()  # which makes it no snapshot
    said = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, __file__, "build", str(folder), url], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds, size, memory = json.loads(said.stdout.splitlines()[-1])
    return [
        entry("snapshot built", seconds, "s"),
        entry("snapshot on disk", size, "MB"),
        entry("peak memory of building, mapped files included", memory, "MB"),
    ]


def sampled(unit: UnitOfWork, wanted: int, total: int) -> list[tuple[tuple[str, str, int], str]]:
    """Draw cars and part types as lines have them: the more lines a car has, the more often it is asked for."""
    drawn = np.random.default_rng(2).integers(1, total + 1, min(wanted, 50_000)).tolist()
    table = applications.c
    rows = unit.connection.execute(
        select(table.make, table.model_line, table.year_from, table.part_type).where(table.id.in_(drawn))
    ).all()
    return [((row.make, row.model_line, row.year_from), row.part_type) for _, row in zip(range(wanted), cycle(rows))]


def every(seed: int, wanted: int) -> list[tuple[tuple[str, str, int], str]]:
    """Draw cars and part types that are all equally frequent."""
    random = np.random.default_rng(seed)
    kinds = list(big_catalogue.PART_TYPES)
    makes, lines, years, types = (
        random.integers(0, most, wanted).tolist()
        for most in (big_catalogue.MAKES, big_catalogue.LINES, len(big_catalogue.YEARS), len(kinds))
    )
    return [
        ((big_catalogue.make(m), big_catalogue.line(m, n), big_catalogue.YEARS[y]), kinds[t])
        for m, n, y, t in zip(makes, lines, years, types, strict=True)
    ]


def candidates(unit: UnitOfWork, total: int) -> Iterator[Entry]:
    snapshot = newest(unit)
    if snapshot is None:
        raise RuntimeError("there is no snapshot")
    for name, questions in (
        ("any car", every(3, CANDIDATES)),
        ("cars by their lines", sampled(unit, CANDIDATES, total)),
    ):
        cars, kinds = [car for car, _ in questions], [kind for _, kind in questions]
        took, found = 0.0, 0
        for at in range(0, CANDIDATES, BATCH):
            began = time.process_time()
            given = snapshot.candidates(cars[at : at + BATCH], kinds[at : at + BATCH])
            took += time.process_time() - began
            found += len(given.parts)
        yield entry(f"candidates, {name}", CANDIDATES / took, "1/s of one core", None, ">= 200000")
        yield entry(f"parts per question, {name}", found / CANDIDATES, "parts")


def answers(unit: UnitOfWork, total: int) -> Iterator[Entry]:
    """Give whole answers per second, one for each car and part type: all its parts, judged by the ten rules."""
    for name, questions in (("any car", every(4, ANSWERS)), ("cars by their lines", sampled(unit, ANSWERS, total))):
        asked = [
            (VehicleConfig(make=make, model_line=line, model_year=year, fuel=Fuel.PETROL, displacement_l=1.6), [kind])
            for (make, line, year), kind in questions
        ]
        found, began = 0, time.process_time()
        for at in range(0, ANSWERS, 500):
            for given in fitting_parts_for(unit, asked[at : at + 500]):
                found += sum(map(len, given.values()))
        took = time.process_time() - began
        wanted = ">= 2000" if name == "any car" else None
        yield entry(f"fit answers, {name}", ANSWERS / took, "1/s of one core", None, wanted)
        yield entry(f"parts offered, {name}", found / took, "1/s of one core", None, ">= 2000")


def search(unit: UnitOfWork, total: int) -> Iterator[Entry]:
    """Measure from Python to rows: the text goes in, hits with price and stock come out.

    In turns with the primary-key SELECT, as a server has it, and each many times over, when all that it needs is warm.
    """
    ids = cycle([f"part_{at * 37 % total:08d}" for at in range(1000)])
    acts: dict[str, Callable[[], object]] = {word: partial(find, unit, word) for word in PLANTED}
    acts[KEYED] = lambda: unit.connection.execute(select(parts).where(parts.c.id == next(ids))).one()
    if not all(find(unit, word).items for word in PLANTED):
        raise RuntimeError("a planted word was not found")
    turns = [name for _ in range(SEARCHES) for name in acts]
    for how, order, wanted in (("in turns", turns, "<= 5"), ("by itself", sorted(turns), "<= 5")):
        took: dict[str, list[float]] = {name: [] for name in acts}
        for name in order:
            began = time.perf_counter()
            acts[name]()
            took[name].append(time.perf_counter() - began)
        p50 = {name: statistics.median(seconds) * 1000 for name, seconds in took.items()}
        yield entry(f"{KEYED}, {how}", p50[KEYED], "ms")
        for word in PLANTED:
            yield entry(f"search {word}, {how}", p50[word], "ms")
            yield entry(f"search {word}, {how}", p50[word] / p50[KEYED], "x", "a primary-key SELECT", wanted)


def over_http(folder: Path, database: Database, url: str) -> list[Entry]:
    with database.unit() as unit:
        house = add_organisation(unit, "Bench")
        tokens = [
            issue_token(unit, add_account(unit, f"{time.time()}-{one}@bench.example", Role.OWNER, house))
            for one in range(CLIENTS)
        ]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, __file__, "serve", str(folder), url, str(port)], env={**os.environ}
    )
    try:
        base = f"http://127.0.0.1:{port}"
        await_answer(base)
        return list(_rates(base, tokens))
    finally:
        api.terminate()
        api.wait(20)


def _rates(base: str, tokens: Sequence[str]) -> Iterator[Entry]:
    clients = [
        httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False)
        for token in tokens
    ]
    with ThreadPoolExecutor(CLIENTS) as threads:
        rates: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            took, _given = timed(threads, [partial(ping, client, EACH) for client in clients])
            rates.setdefault("SELECT 1", []).append(CLIENTS * EACH / took)
            for word in PLANTED:
                took, _given = timed(threads, [partial(ask, client, word) for client in clients])
                rates.setdefault(word, []).append(CLIENTS * EACH / took)
    for client in clients:
        client.close()
    best = {name: max(several) for name, several in rates.items()}
    yield entry("HTTP SELECT 1", best["SELECT 1"], "1/s")
    for word in PLANTED:
        yield entry(f"HTTP search {word}", best[word], "1/s")
        against = "an authenticated endpoint with one SELECT 1"
        yield entry(f"HTTP search {word}", best[word] / best["SELECT 1"], "x", against, ">= 0.5")


def ask(client: httpx2.Client, word: str) -> None:
    for _ in range(EACH):
        client.get("/v1/parts", params={"q": word}).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=20_000)
    parser.add_argument("--applications", type=int, default=200_000)
    parser.add_argument("--data", type=Path, help="keep the database and the snapshot in this folder")
    given = parser.parse_args()
    with server(given.data) as (folder, url):
        migrate(url)
        database = Database(url, data=folder)
        entries = load(database, given.parts, given.applications)
        entries += built(folder, url)
        steady()
        with database.unit() as unit:
            entries += candidates(unit, given.applications)
            entries += answers(unit, given.applications)
            entries += search(unit, given.parts)
        entries += over_http(folder, database, url)
        database.close()
    print(json.dumps(entries))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", folder, url]:
            build(folder, url)
        case ["serve", folder, url, port]:
            serve(Path(folder), url, int(port))
        case _:
            main()
