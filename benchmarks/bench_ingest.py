"""The way of a reading at full rate: the same stored messages drained by a bare C subscriber, and by our ingest.

One broker, one stream: 50 devices publish, the broker keeps the messages for both sessions, and each drains them alone,
once as the first and once as the second, for the broker is slower while others' messages wait; the better rate counts.
Ours has decoded, judged, watched every window, written and committed them, and acknowledged after that.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import lightgbm
import msgpack
import numpy as np
import pandas as pd
from material import hours
from sqlalchemy import text

from forecourt.heartbeat import Heartbeat
from forecourt.installation import Installation
from forecourt.migrations import migrate
from forecourt.processes import worker_name
from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import add_organisation
from ingest import registry
from ingest.address import BrokerAddress
from ingest.envelope import Header, Message, Readings, encode
from ingest.partitions import MAPPED
from ingest.sources.mqtt import Connection, Profile
from ingest.topics import Kind, filter_of, topic_of

DEVICES, MINUTES, SECONDS = 50, 200, 300  # binary messages of a minute, JSON messages of a second, of each device
NOT_RUN = "mosquitto_sub is not installed (Debian: mosquitto-clients)"


def payloads(kind: Kind, rows: int, count: int, boot: str) -> list[tuple[int, bytes]]:
    """Give what devices send, one after another: (device, payload), `count` messages of `rows` seconds each."""
    block = hours(DEVICES)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=rows * count + 60)
    made = []
    for number in range(count):
        offset = number * rows % 3600
        t0 = start + timedelta(seconds=number * rows)
        for device in range(DEVICES):
            values = np.ascontiguousarray(block.values[:, offset : offset + rows, device])
            content = Readings(t0, np.arange(rows, dtype=np.int64) * 1000, block.signals, values)
            made.append((device, encode(kind, Message(Header(boot, number + 1, 1, 0), content))))
    return made


def publish(urls: list[str], kind: Kind, messages: list[tuple[int, bytes]]) -> None:
    """Publish as the devices, QoS 1, and wait until the broker has all of it."""
    connections = []
    for number, url in enumerate(urls):
        connection = Connection(BrokerAddress.parse(url), Profile(f"bench-{number}"), lambda *_: None)
        connection.open([topic_of(f"dev-{number}", Kind.COMMITTED)])
        connections.append(connection)
    waiting = [connections[device].publish(topic_of(f"dev-{device}", kind), payload) for device, payload in messages]
    for one in waiting:
        if one is None:
            raise ConnectionError("the broker closed a device's connection")
        one.wait_for_publish(60)
    for connection in connections:
        connection.close()


def subscriber(url: str, kind: Kind, *more: str) -> list[str]:
    address = urlsplit(url)
    return [
        "mosquitto_sub", "-h", str(address.hostname), "-p", str(address.port), "-u", str(address.username),
        "-P", str(address.password), "-i", "bench-subscriber", "-c", "-q", "1",
        "-t", f"{MAPPED}/+/{filter_of(kind)}", *more,
    ]  # fmt: skip


def drained(url: str, kind: Kind, count: int) -> float:
    """Give the messages per second of the bare subscriber."""
    began = time.perf_counter()
    subprocess.run(subscriber(url, kind, "-C", str(count)), stdout=subprocess.DEVNULL, check=True, timeout=120)  # noqa: S603
    return count / (time.perf_counter() - began)


@contextmanager
def ingest(installation: Installation) -> Iterator[None]:
    """Run the ingest worker as `serve` does."""
    beat = Heartbeat.of(installation.paths, worker_name(0))
    beat.clear()
    environment = {**os.environ, "FORECOURT_DATA": str(installation.settings.data)}
    words = [sys.executable, "-m", "forecourt.processes", "ingest", "0"]
    process = subprocess.Popen(words, env=environment)  # noqa: S603 - our own words
    try:
        deadline = time.monotonic() + 60
        while not beat.fresh():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("ingest does not start")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def committed(database: Database) -> int:
    with database.unit() as unit:
        return int(unit.connection.execute(text("SELECT count(*) FROM message_keys")).scalar_one())


def committing(installation: Installation, database: Database, before: int, count: int) -> float:
    """Give the messages per second that are committed, from the first commit to the last."""
    points: list[tuple[float, int]] = []
    deadline = time.monotonic() + 180
    with ingest(installation):
        while not points or points[-1][1] < before + count:
            now = committed(database)
            if now > before and (not points or now > points[-1][1]):
                points.append((time.perf_counter(), now))
            if time.monotonic() > deadline:
                raise TimeoutError(f"{now - before} of {count} messages were committed")
            time.sleep(0.02)
    (begun, first), (ended, last) = points[0], points[-1]
    return (last - first) / (ended - begun)


def plainly(messages: list[tuple[int, bytes]]) -> float:
    """Give the messages per second of a pandas program: a frame, seven statistics of each signal, one prediction."""
    rng = np.random.default_rng(1)
    width = 7 * 20
    data = lightgbm.Dataset(rng.normal(size=(2000, width)), rng.integers(0, 2, 2000))
    booster = lightgbm.train({"objective": "binary", "num_threads": 1, "verbosity": -1}, data, 100)
    some = messages[:300]
    began = time.perf_counter()
    for _, payload in some:
        document = msgpack.unpackb(payload)
        values = np.frombuffer(document["values"], "<f4").reshape(len(document["signals"]), -1).T
        frame = pd.DataFrame(values, columns=document["signals"])
        found = frame.agg(["mean", "std", "min", "max", "median", "skew", "count"]).to_numpy().reshape(1, -1)
        booster.predict(found, num_threads=1)
    return len(some) / (time.perf_counter() - began)


def measure(folder: Path) -> list[dict[str, object]]:
    installation = Installation(Settings(data=folder))
    postgres, broker = installation.postgres, installation.broker
    if postgres is None or broker is None:
        raise RuntimeError("the benchmark has its own database and broker")
    results: list[dict[str, object]] = []
    try:
        migrate(postgres.ensure())
        database = Database(installation.database_url)
        with database.unit() as unit:
            organisation = add_organisation(unit, "Bench")
            for number in range(DEVICES):
                registry.add_vehicle(unit, organisation, f"car-{number}")
            keys = [registry.add_device(unit, f"car-{number}", f"dev-{number}") for number in range(DEVICES)]
        installation.let_devices_in(database)
        broker.ensure()
        urls = [installation.device_url(*key) for key in keys]
        before = 0
        for kind, rows, count, name, wanted in (
            (Kind.READINGS_BINARY, 60, MINUTES, "a minute of 20 signals, binary", ">= 0.4"),
            (Kind.READINGS_JSON, 1, SECONDS, "a second of 20 signals, JSON", ">= 0.25"),
        ):
            with ingest(installation):
                pass  # its sessions exist from now on
            subprocess.run(subscriber(broker.ingest_url, kind, "-E"), check=True, timeout=60)  # noqa: S603
            bare, ours = 0.0, 0.0
            for turn in range(2):
                messages = payloads(kind, rows, count, f"b{rows}-{turn}")
                publish(urls, kind, messages)
                if turn == 0:
                    bare = max(bare, drained(broker.ingest_url, kind, len(messages)))
                ours = max(ours, committing(installation, database, before, len(messages)))
                before += len(messages)
                if turn == 1:
                    bare = max(bare, drained(broker.ingest_url, kind, len(messages)))
            results += [
                {"name": name, "value": ours / bare, "unit": "x", "against": "mosquitto_sub", "wanted": wanted},
                {"name": f"{name}: committed", "value": ours, "unit": "messages/s", "against": None, "wanted": None},
                {"name": f"{name}: mosquitto_sub", "value": bare, "unit": "messages/s", "against": None,
                 "wanted": None},
            ]  # fmt: skip
            if rows > 1:
                slow = plainly(messages)
                results.append(
                    {"name": name, "value": ours / slow, "unit": "x", "against": "pandas, message by message",
                     "wanted": ">= 50"}
                )  # fmt: skip
        database.close()
    finally:
        broker.stop()
        postgres.remove()
    return results


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
