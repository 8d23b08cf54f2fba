"""`forecourt edge` as a process: what it prints, what it reads, how it ends, and that a kill loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from forecourt.supervision.broker import Broker
from ingest.edge.connecting import connect
from ingest.edge.edge import Config, Edge
from ingest.envelope import Readings
from ingest.publisher import Publisher
from tests.ingest.answering import Answering
from tests.ingest.edge.scripted import Scripted

HEAVY = ("psycopg", "sqlalchemy", "pyarrow", "lightgbm", "fastapi", "scipy", "procrastinate", "starlette")
NO_BROKER = "mqtt://dev-1:secret-word@127.0.0.1:1"


@contextmanager
def edge_process(port: str, folder: Path, url: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "forecourt", "edge", "--port", port, "--vehicle", "car-1", "--spool", str(folder)]
    environment = os.environ | {"FORECOURT_MQTT_URL": url}
    with subprocess.Popen([*command, *more], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_kill_between_spool_and_publish_loses_nothing(
    shared: Path, broker: Broker, device_url: str, tmp_path: Path
) -> None:
    folder, file = tmp_path / "edge", shared / "samples" / "no_codes_basic.scenario.json"
    kept: set[tuple[str, int]] = set()
    for polled in (12, 1):  # in twelve seconds a batch is full; codes are there at once
        with Scripted(file) as server, edge_process(server.url, folder, NO_BROKER, "--rate", "200") as process:
            server.wait_for(lambda server=server, polled=polled: server.heard.count("010C") > polled)
            process.send_signal(signal.SIGKILL)
            process.wait()
        publisher = Publisher(device_url, spool=folder / "spool.sqlite")
        held = {(it.boot, it.seq) for it in publisher.spool.behind(0, 1000)}
        publisher.stop()
        assert kept < held
        kept = held
    assert len({boot for boot, _ in kept}) == 2
    with Answering(broker.ingest_url, broker.ingest_client_id) as answering:
        with Publisher(device_url, spool=folder / "spool.sqlite") as publisher:
            assert publisher.wait_committed(20)
        arrived = {(it.header.boot, it.header.seq) for it in answering.messages()}
    assert arrived == kept
    for boot, numbers in groupby(sorted(kept), lambda it: it[0]):
        assert [seq for _, seq in numbers] == list(range(1, len([it for it in kept if it[0] == boot]) + 1))


def test_it_says_when_it_is_connected_stops_in_time_and_shows_no_password(
    shared: Path, broker: Broker, device_url: str, tmp_path: Path
) -> None:
    password = device_url.split(":")[2].partition("@")[0]
    with (
        Scripted(shared / "samples" / "p0301_basic.scenario.json") as server,
        Answering(broker.ingest_url, broker.ingest_client_id) as answering,
        edge_process(server.url, tmp_path / "edge", device_url, "--log-level", "debug") as process,
    ):
        answering.wait_for(lambda: len(answering.messages()) > 0)
        shown = Path(f"/proc/{process.pid}/cmdline").read_text()
        server.wait_for(lambda: server.heard.count("010C") > 1)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)
        assert time.monotonic() - begun < 5
        assert process.returncode == 0
        answering.wait_for(lambda: not answering.statuses()[-1].online)
        assert answering.statuses()[-1].spool == 0
        read = [it.content for it in answering.messages() if isinstance(it.content, Readings)]
    assert f"connected to the car through {server.url}\n" in said
    assert "connected to the broker at 127.0.0.1" in said
    assert password not in said + shown
    assert "1C4RJFBG8FC123456" not in said.partition("edge.car_surveyed")[2]
    assert read  # what was polled before the stop


def test_one_scan_prints_what_was_found(shared: Path, broker: Broker, device_url: str, tmp_path: Path) -> None:
    with (
        Scripted(shared / "samples" / "p0420_basic.scenario.json") as server,
        Answering(broker.ingest_url, broker.ingest_client_id),
        edge_process(server.url, tmp_path / "edge", device_url, "--once", "--json-status", "--rate", "100") as process,
    ):
        said, _ = process.communicate(timeout=40)
    assert process.returncode == 0
    found = json.loads(said.splitlines()[-1])
    assert found["codes"] == {"7E8": {"stored": ["P0420"], "pending": [], "permanent": []}}
    assert (found["mil"], found["sent_readings"], found["spool"]) == (True, 6, 0)


def test_two_on_one_spool_and_a_port_that_is_not_there_are_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    config = Config("/dev/nothing-here", "car-1", NO_BROKER, folder)
    with Edge(config):
        refused = once("/dev/nothing-here", folder)
    assert refused == (1, f"another forecourt edge uses {folder}\n")
    code, words = once("/dev/nothing-here", folder)
    assert (code, words.count("\n")) == (1, 1)
    assert words.startswith("the port /dev/nothing-here does not open")


def test_who_looks_on_is_told_how_the_repair_goes_on_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    said: list[str] = []
    with Edge(Config("/dev/nothing-here", "car-1", NO_BROKER, tmp_path / "edge"), tell=said.append) as edge:
        for told in ({"number": 3, "en": "Repair\x1b[2J started"}, {"number": 4}, ["nonsense"]):
            edge._hear_progress(told)
    assert said == ["the workshop says: Repair[2J started"]


def once(port: str, folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "forecourt", "edge", "--port", port, "--vehicle", "car-1", "--once", "--spool"]
    environment = os.environ | {"FORECOURT_MQTT_URL": NO_BROKER}
    done = subprocess.run([*command, str(folder)], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_it_reads_nothing_heavy() -> None:
    code = (
        "import sys, forecourt.__main__, forecourt.car_end\nfrom forecourt.commands import build\nbuild(['edge'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("missing", ["obd", "serial"])
def test_without_the_extra_it_names_what_is_missing(missing: str) -> None:
    code = (
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "sys.argv = ['forecourt', 'edge', '--port', 'x', '--vehicle', 'v', '--mqtt-url', 'mqtt://d:p@h']\n"
        "from forecourt.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n"), "forecourt[edge]" in done.stderr) == (1, 1, True)


def test_a_simulated_car_on_a_pseudo_terminal_is_read(broker: Broker, device_url: str, tmp_path: Path) -> None:
    link = tmp_path / "tty"
    command = [
        sys.executable,
        "-m",
        "forecourt",
        "simulate",
        "--elm327",
        f"pty:{link}",
        "--stored",
        "P0562",
        "--ecus",
        "2",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        try:
            assert simulator.stdout is not None
            simulator.stdout.readline()
            config = Config(str(link), "car-1", device_url, tmp_path / "edge", rate=200)
            with Answering(broker.ingest_url, broker.ingest_client_id) as answering:
                edge = Edge(config, connect_to=lambda: connect(str(link), patience_s=3))
                session, is_committed = edge.scan_once(20)
                edge.stop()
                contents = [it.content for it in answering.messages()]
        finally:
            simulator.terminate()
    assert is_committed
    assert session.codes is not None
    assert session.codes.ecus["7E8"]["stored"] == ("P0562",)
    (read,) = [it for it in contents if isinstance(it, Readings)]
    assert len(read.signals) >= 15
    assert np.isfinite(read.values).sum() == read.count == len(read.signals)
