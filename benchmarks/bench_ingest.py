"""The way of a reading at full rate: our ingest, a bare C subscriber and a pandas program on the same live stream.

One run, one broker: 50 devices publish packets made beforehand at QoS 1, as fast as the broker takes them
(`devices_stream.py`, one process, pinned nowhere), the broker stores and delivers, and the one subscriber
of the round takes it in at the same time. A rate is the messages divided by the time from the first publish to the
last message received (`mosquitto_sub`) or committed (ours, pandas). Rounds alternate: bare, ours, ours, bare. Between
rounds the other subscriber's stored session is ended, so that the broker never keeps messages for two.

Ours is the worker as `serve` runs it: decoded, judged, every window watched, written with fsync, committed, then
acknowledged, and the devices are told. Every device is in one long trip: trips that end are judged by bench_scoring.
`pandas_ingest.py` says what the pandas program does. Second, for information: a stored queue, drained without
publishers.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas_ingest
from devices_stream import forget, payloads, publisher
from material import TWENTY
from sqlalchemy import text

from diagnostics.predictor import SHIPPED, Predictor
from diagnostics.screening import ready_to_judge, ready_to_stop
from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.migrations import migrate
from forecourt.processes import worker_name
from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import add_organisation
from ingest import registry
from ingest.partitions import MAPPED
from ingest.topics import Kind, filter_of

DEVICES = 50
ROUNDS = "ABBA"  # A: mosquitto_sub, B: ours
PLAIN = 2000  # messages for the pandas program
BARE_CLIENT = "bench-subscriber"
NOT_RUN = "mosquitto_sub is not installed (Debian: mosquitto-clients)"


@dataclass(frozen=True)
class Case:
    name: str
    kind: Kind
    rows: int
    messages: int  # of each device and round
    wanted: str


CASES = (
    Case("a minute of 20 signals, binary", Kind.READINGS_BINARY, 60, 1000, ">= 0.4"),
    Case("a second of 20 signals, JSON", Kind.READINGS_JSON, 1, 1600, ">= 0.25"),
)


@dataclass(frozen=True)
class Taken:
    """What a subscriber has taken in: `messages` between two instants of `time.monotonic()`."""

    messages: int
    began: float
    ended: float


@dataclass
class Bench:
    """What all rounds share; `sent` counts the messages of each device so far, for their numbers and times."""

    installation: Installation
    database: Database
    urls: list[str]
    broker_url: str
    case: Case
    clock: datetime  # event time of our next round: without a gap after the one before, so that no trip ends in between
    sent: int = 0
    empty: bool = True  # whether the broker holds nothing for the subscriber that comes

    def stream(self, subscriber: "Subscriber", each: int) -> list[list[bytes]]:
        numbers = range(self.sent, self.sent + each)
        begin = self.clock - timedelta(seconds=self.sent * self.case.rows)
        self.sent += each
        if subscriber is ours:
            self.clock += timedelta(seconds=each * self.case.rows)
        return payloads(self.case.kind, self.case.rows, len(self.urls), begin, numbers)

    def forget(self) -> None:
        """End the stored sessions of all subscribers: each round's own makes its anew."""
        ours = [it.client_id for it in self.installation.ingest_sessions()]
        forget(self.broker_url, [*ours, BARE_CLIENT, pandas_ingest.CLIENT_ID])

    def live(self, subscriber: "Subscriber", each: int) -> float:
        """Give the messages per second of one round on the live stream."""
        self.forget()
        messages = self.stream(subscriber, each)
        count = each * len(self.urls)
        with publisher(self.urls, self.case.kind, messages) as devices, subscriber(self, count) as taken:
            devices.go()
            ended = taken().ended
            first, _ = devices.done(60)
        return count / (ended - first)

    def stored(self, subscriber: "Subscriber", each: int) -> float:
        """Give the messages per second of one round on what the broker had stored before the subscriber came."""
        self.forget()
        with subscriber(self, 0):
            pass  # its session exists from now on
        count = each * len(self.urls)
        with publisher(self.urls, self.case.kind, self.stream(subscriber, each)) as devices:
            devices.go()
            devices.done(60)
            self.empty = False
            with subscriber(self, count) as taken:
                found = taken()
            self.empty = True
        return found.messages / (found.ended - found.began)


Subscriber = Callable[[Bench, int], AbstractContextManager[Callable[[], Taken]]]


@contextmanager
def bare(bench: Bench, count: int) -> Iterator[Callable[[], Taken]]:
    """`mosquitto_sub` with a stored session; it ends by itself when it has received them all."""
    address = urlsplit(bench.broker_url)
    words = [
        "mosquitto_sub", "-h", str(address.hostname), "-p", str(address.port), "-u", str(address.username),
        "-P", str(address.password), "-i", BARE_CLIENT, "-c", "-q", "1",
        "-t", f"{MAPPED}/+/{filter_of(bench.case.kind)}",
    ]  # fmt: skip
    if not count or bench.empty:  # never on a queue: what it takes and does not answer comes again 10 s later
        subprocess.run([*words, "-E"], stdout=subprocess.DEVNULL, check=True, timeout=60)  # noqa: S603 - our own words
    began = time.monotonic()
    if count:
        with subprocess.Popen([*words, "-C", str(count)], stdout=subprocess.DEVNULL) as process:  # noqa: S603

            def taken() -> Taken:
                if process.wait(180) != 0:
                    raise RuntimeError("mosquitto_sub failed")
                return Taken(count, began, time.monotonic())

            yield taken
    else:
        yield lambda: Taken(0, began, began)


@contextmanager
def ours(bench: Bench, count: int) -> Iterator[Callable[[], Taken]]:
    """The ingest worker as `serve` runs it."""
    beat = Heartbeat.of(bench.installation.paths, worker_name(0))
    beat.clear()
    environment = {**os.environ, "FORECOURT_DATA": str(bench.installation.settings.data)}
    before = committed(bench.database, OURS)
    with child([sys.executable, "-m", "forecourt.processes", "ingest", "0"], environment) as process:
        until(beat.fresh, process)
        yield lambda: watch(bench.database, OURS, before, count, process)
    keys = committed(bench.database, "SELECT count(*) FROM message_keys")
    if keys != before + count:
        raise AssertionError(f"{keys - before} of {count} messages have a key")


@contextmanager
def with_pandas(bench: Bench, count: int) -> Iterator[Callable[[], Taken]]:
    with tempfile.TemporaryDirectory() as folder:
        url = bench.installation.database_url.replace("postgresql+psycopg://", "postgresql://")
        topics = f"{MAPPED}/+/{filter_of(bench.case.kind)}"
        program = str(Path(pandas_ingest.__file__))
        words = [sys.executable, program, bench.broker_url, url, folder, topics, ",".join(TWENTY)]
        before = committed(bench.database, PANDAS)
        with child(words, dict(os.environ), stdout=subprocess.PIPE) as process:
            if process.stdout is None or process.stdout.readline() != b"ready\n":
                raise RuntimeError("the pandas program does not start")
            yield lambda: watch(bench.database, PANDAS, before, count, process)


@contextmanager
def child(words: list[str], environment: dict[str, str], **more: Any) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(words, env=environment, **more)  # noqa: S603 - our own words
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def until(there: Callable[[], bool], process: "subprocess.Popen[bytes]", patience_s: float = 60) -> None:
    deadline = time.monotonic() + patience_s
    while not there():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("a subscriber died, or takes nothing in")
        time.sleep(0.02)


def committed(database: Database, statement: str) -> int:
    with database.unit() as unit:
        return int(unit.connection.execute(text(statement)).scalar_one())


def watch(database: Database, statement: str, before: int, count: int, process: "subprocess.Popen[bytes]") -> Taken:
    """Look until everything is committed; counts from the first commit that is seen."""
    points: list[tuple[float, int]] = []

    def whole() -> bool:
        now = committed(database, statement) - before
        if now and (not points or now > points[-1][1]):
            points.append((time.monotonic(), now))
        return now >= count

    until(whole, process, 180)
    return Taken(count - points[0][1], points[0][0], points[-1][0])


OURS = "SELECT coalesce(sum(through_seq - gaps), 0) FROM boots"  # messages without a hole; others' rounds are gaps
PANDAS = f"SELECT count(*) FROM {pandas_ingest.TABLE}"  # noqa: S608 - a constant


def measure(folder: Path) -> list[dict[str, object]]:
    installation = Installation(Settings(data=folder))
    postgres, broker = installation.postgres, installation.broker
    if postgres is None or broker is None:
        raise RuntimeError("the benchmark has its own database and broker")
    try:
        migrate(postgres.ensure())
        database = Database(installation.database_url)
        with database.unit() as unit:
            organisation = add_organisation(unit, "Bench")
            for number in range(DEVICES):
                registry.add_vehicle(unit, organisation, f"car-{number}")
            keys = [registry.add_device(unit, f"car-{number}", f"dev-{number}") for number in range(DEVICES)]
            unit.connection.execute(text(pandas_ingest.MAKE_TABLE))
        installation.let_devices_in(database)
        ready_to_stop()
        ready_to_judge(Predictor.load(SHIPPED))  # compiled before, so that no round of ours has a compiler beside it
        broker.ensure()
        urls = [installation.device_url(*key) for key in keys]
        chosen = [case for case in CASES if all(word in case.name for word in sys.argv[1:])]
        # Event time ends before now.
        seconds = sum((len(ROUNDS) + 2) * case.messages * case.rows for case in chosen)
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=seconds + 60)
        bench = Bench(installation, database, urls, broker.ingest_url, CASES[0], begin)
        results = [row for case in chosen for row in compared(bench, case)]
        database.close()
    finally:
        broker.stop()
        postgres.remove()
    return results


def compared(bench: Bench, case: Case) -> Iterator[dict[str, object]]:
    """Give the figures of one kind of message."""
    each = case.messages
    bench.case = case
    rates: dict[str, list[float]] = {"A": [], "B": []}
    for turn in ROUNDS:
        rates[turn].append(bench.live(bare if turn == "A" else ours, each))
        print(f"{case.name}: {turn} {rates[turn][-1]:,.0f}/s", file=sys.stderr)
    plain = bench.live(with_pandas, PLAIN // DEVICES)
    queue = {name: bench.stored(subscriber, each // 2) for name, subscriber in (("A", bare), ("B", ours))}
    live = {turn: len(its) / sum(1 / it for it in its) for turn, its in rates.items()}
    for value, unit, name, against, wanted in (
        (live["B"] / live["A"], "x", "", "mosquitto_sub, live", case.wanted),
        (live["B"], "messages/s", ": committed, live", None, None),
        (live["A"], "messages/s", ": mosquitto_sub, live", None, None),
        (live["B"] / plain, "x", "", "pandas, live", ">= 50"),
        (plain, "messages/s", ": pandas, live", None, None),
        (queue["B"] / queue["A"], "x", ": stored queue", "mosquitto_sub", None),
        (queue["B"], "messages/s", ": stored queue, committed", None, None),
        (queue["A"], "messages/s", ": stored queue, mosquitto_sub", None, None),
    ):
        yield {"name": f"{case.name}{name}", "value": value, "unit": unit, "against": against, "wanted": wanted}


def main() -> None:
    if shutil.which("mosquitto_sub") is None:
        results: list[dict[str, object]] = []
        print(f"not run: {NOT_RUN}", file=sys.stderr)
    else:
        with tempfile.TemporaryDirectory() as name:
            results = measure(Path(name))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
