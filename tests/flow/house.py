"""Drives a real Forecourt from outside: its command line, its HTTP API, and signals to its processes."""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from aftersales.seed import WORKSHOP_ORGANISATION
from diagnostics.screening import ready_to_stop
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.seeding import seed_demo
from forecourt.settings import Settings
from forecourt.supervision.broker import Broker
from forecourt.supervision.paths import DataPaths
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest import registry
from ingest.vehicles import VehicleConfig

READY_S = 240.0
ETIOS = {"make": "Toyota", "model_line": "Etios", "model_year": 2014, "fuel": "petrol", "displacement_l": 1.5}


def eventually(look: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until `look` gives something true, and give it; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"within {seconds:.0f} s: {what}")
        time.sleep(0.2)


@cache
def _compiled() -> None:
    ready_to_stop()


class House:
    """One installation under test. Start it, provision it, break it, ask it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {
            **os.environ,
            "FORECOURT_DATA": str(data),
            "PYTHONWARNINGS": "default",
            "COLUMNS": "200",
        }
        self.http = ""
        self.mqtt = ""
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self.replay_failure: BaseException | None = None

    def start(self) -> float:
        """Start `serve` and wait until it says that it is ready; gives the seconds that took.

        Unless this house shall compile for itself (`NUMBA_CACHE_DIR`), what readings wait for is made before.
        """
        if "NUMBA_CACHE_DIR" not in self.environment:
            _compiled()
        began = time.monotonic()
        port = self.http.rpartition(":")[2] or "0"
        self._lines = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "forecourt", "serve", "--port", port],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        eventually(self._addresses, READY_S, f"serve is ready, but it said {self._lines}")
        return time.monotonic() - began

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._lines.append(line.rstrip())

    def _addresses(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"serve ended: {self._lines}"
        text = "\n".join(self._lines)
        http, mqtt = re.search(r"(http://\S+)", text), re.search(r"(mqtt://\S+)", text)
        if http and mqtt:
            self.http, self.mqtt = http[1].rstrip("/"), mqtt[1]
        return bool(http and mqtt)

    def said(self) -> str:
        return "\n".join(self._lines)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
        subprocess.run(
            [sys.executable, "-m", "forecourt.supervision.stop", str(self.data), "--remove"],
            check=True,
            env=self.environment,
        )

    def kill_serve(self) -> None:
        """SIGKILL `serve` itself; its children go on without it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def pid(self, name: str) -> int | None:
        """Give the pid of a child: api, ingest, tasks, broker or database."""
        file = self.data / "run" / f"{name}.pid"
        words = file.read_text().split() if file.exists() else []
        return int(words[0]) if words else None

    def kill(self, name: str) -> None:
        pid = self.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)

    def run(self, *words: str) -> str:
        """Run a command of the command line and give its last line."""
        done = subprocess.run(
            [sys.executable, "-m", "forecourt", *words],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"forecourt {' '.join(words)}: {done.stderr}"
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def provision(self) -> None:
        """Seed the demo catalogue and workshops; add a new owner, his car and device, and a workshop manager.

        Done in this process, beside the running service: `test_commands.py` does the same by the command line.
        """
        mark = secrets.token_hex(3)
        self.vehicle = f"etios-{mark}"
        installation = Installation(Settings(data=self.data))
        with opened(installation) as database:
            with database.unit() as unit:
                seed_demo(unit)
                self.owner_organisation = add_organisation(unit, f"Family Li {mark}")
                registry.add_vehicle(unit, self.owner_organisation, self.vehicle, config=VehicleConfig.from_json(ETIOS))
                device, password = registry.add_device(unit, self.vehicle)
                owner = add_account(unit, f"li-{mark}@example.com", Role.OWNER, self.owner_organisation)
                manager = add_account(unit, f"wang-{mark}@example.com", Role.WORKSHOP_MANAGER, WORKSHOP_ORGANISATION)
                self.owner, self.workshop = issue_token(unit, owner), issue_token(unit, manager)
            installation.let_devices_in(database)
        self.device_url = installation.device_url(device, password)

    def as_(self, token: str) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.http, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def get(self, path: str, token: str | None = None, **params: Any) -> Any:
        with self.as_(token or self.owner) as client:
            answer = client.get(path, params=params)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any], token: str | None = None) -> Any:
        with self.as_(token or self.owner) as client:
            answer = client.post(path, json=body)
        assert answer.status_code in {200, 201}, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def works(self, name: str) -> bool:
        """Whether a child does its work, as its users would notice."""
        if name in {"ingest", "tasks"}:
            beat = self.data / "run" / f"{name}.beat"
            pid = self.pid(name)
            return beat.exists() and pid is not None and beat.read_text() == str(pid)
        if name == "broker":
            return Broker(DataPaths.prepare(self.data)).answers()
        with self.as_(self.owner) as client, contextlib.suppress(httpx2.HTTPError):
            return client.get("/health/ready").status_code == 200
        return False

    def replay(self, trips: list[Path], *more: str) -> None:
        """Replay trip files; a failure is kept in `replay_failure` too, for callers in a thread."""
        try:
            self._replay(trips, *more)
        except BaseException as error:
            self.replay_failure = error
            raise

    def _replay(self, trips: list[Path], *more: str) -> None:
        self.run("replay", *map(str, trips), "--vehicle", self.vehicle, "--mqtt-url", self.device_url, *more)

    def cases(self) -> list[dict[str, Any]]:
        return list(self.get("/v1/cases", vehicle=self.vehicle)["items"])


class Follower:
    """The owner's SSE client on one repair order: keeps what it saw, can be cut off, resumes by Last-Event-ID."""

    def __init__(self, house: House, path: str) -> None:
        self._house, self._path = house, path
        self.seen: list[dict[str, Any]] = []
        self.connections = 0
        self._last = ""
        self._cut = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Drop the connection; the follower comes back by itself."""
        self._cut.set()

    def end(self) -> None:
        self._ended.set()
        self._cut.set()
        self._thread.join(10)

    def _follow(self) -> None:
        while not self._ended.is_set():
            self._cut.clear()
            headers = {"Last-Event-ID": self._last} if self._last else {}
            try:
                with self._house.as_(self._house.owner) as client:
                    client.timeout = httpx2.Timeout(5, read=1.0)
                    with client.stream("GET", self._path, headers=headers) as answer:
                        self.connections += 1
                        for event in _events(answer.iter_lines()):
                            self._last = event["id"]
                            self.seen.append(json.loads(event["data"]))
                            if self._cut.is_set():
                                break
            except httpx2.HTTPError:
                time.sleep(0.1)


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in event:
                yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            event[name] = value.removeprefix(" ")
