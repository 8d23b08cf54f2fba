"""Webhooks between processes: a receiver that misbehaves and dies, and a sender that is killed; nothing is lost."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from forecourt.webhooks.delivery_log import list_deliveries
from forecourt.webhooks.endpoints import add_endpoint
from foundation.database import Database
from foundation.events import append
from foundation.identity import Role, add_account, add_organisation
from ingest.registry import add_vehicle

ROOT = Path(__file__).resolve().parent.parent.parent
TAKEN = "ts"


@dataclass
class Between:
    """The receiver's process and the tasks process; either is started again when it has died."""

    folder: Path
    url: str
    port: int
    ways: str
    receiver: subprocess.Popen[bytes] | None = None
    tasks: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    starts: int = 0  # of the sender

    @property
    def log(self) -> Path:
        return self.folder / "came.jsonl"

    def came(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def look_after(self) -> None:
        if self.receiver is None or self.receiver.poll() is not None:
            self.deaths += self.receiver is not None
            words = [sys.executable, "-m", "tests.webhooks.misbehaving", str(self.port), str(self.log), self.ways]
            self.receiver = subprocess.Popen(words, cwd=ROOT)
        if self.tasks is None or self.tasks.poll() is not None:
            environment = {
                **os.environ,
                "FORECOURT_DATA": str(self.folder / "var"),
                "FORECOURT_DATABASE_URL": self.url,
                "FORECOURT_WEBHOOK_PRIVATE": "true",
            }
            words = [sys.executable, "-m", "forecourt.processes", "tasks", "0"]
            with (self.folder / "tasks.log").open("ab") as log:
                self.tasks = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
            self.starts += 1

    def told(self) -> str:
        written = (self.folder / "tasks.log").read_text().splitlines()
        return "\n".join([f"{len(self.came())} came, {self.deaths} deaths, {self.starts} starts", *written[-20:]])

    def kill_sender(self) -> None:
        assert self.tasks is not None
        self.tasks.kill()
        self.tasks.wait(10)

    def end(self) -> None:
        for process, how in ((self.tasks, signal.SIGTERM), (self.receiver, signal.SIGKILL)):
            if process is not None and process.poll() is None:
                process.send_signal(how)
                process.wait(20)


@contextlib.contextmanager
def between(folder: Path, database: Database, ways: str) -> Iterator[Between]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = Between(folder, database.url, port, ways)
    try:
        yield running
    finally:
        running.end()


@dataclass
class House:
    """A fleet with some cars and one webhook."""

    database: Database
    cars: int
    port: int

    def __post_init__(self) -> None:
        with self.database.unit() as unit:
            fleet = add_organisation(unit, "Fleet")
            self.boss = add_account(unit, "boss@fleet.example", Role.ADMINISTRATOR, fleet)
            for number in range(self.cars):
                add_vehicle(unit, fleet, f"car_{number}")
            url = f"http://localhost:{self.port}/hook"
            made, self.secret = add_endpoint(unit, self.boss, url, [], private=True)
        self.endpoint = made.id

    def tell(self, events: int) -> None:
        for number in range(events):
            for car in range(self.cars):
                with self.database.unit() as unit:
                    append(unit, f"car_{car}", "code_joined", {"code": f"P{number:04}"})

    def log(self) -> list[dict[str, Any]]:
        with self.database.unit() as unit:
            return list_deliveries(unit, self.boss, self.endpoint, 500, None).items


def until(done: Callable[[], bool], running: Between, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        running.look_after()
        assert time.monotonic() < deadline, running.told()
        time.sleep(0.1)


def check(house: House, came: list[dict[str, Any]], events: int, unanswered: int) -> None:
    """Everything came at least once, signed, in order per subject; and the log has each attempt with its answer."""
    for one in came:
        Webhook(house.secret).verify(one["body"], one["headers"])
    for car in range(house.cars):
        told = [(json.loads(one["body"])["data"], one["way"]) for one in came]
        numbers = [data["number"] for data, _ in told if data["subject"] == f"car_{car}"]
        assert sorted(set(numbers)) == list(range(1, events + 1))
        assert numbers == sorted(numbers), "nothing overtakes what was not taken"
        taken = [data["number"] for data, way in told if data["subject"] == f"car_{car}" and way in TAKEN]
        assert sorted(set(taken)) == list(range(1, events + 1))
    log = house.log()
    assert {delivery["state"] for delivery in log} == {"delivered"}
    assert len(log) == events * house.cars
    tried = {delivery["message"]: delivery["attempts"] for delivery in log}
    heard: dict[str, int] = {}
    for one in came:
        heard[one["headers"]["webhook-id"]] = heard.get(one["headers"]["webhook-id"], 0) + 1
    assert set(heard) == set(tried)
    # What was answered had come. What was not may have: a receiver that dies takes with it who stands at its door.
    assert all(sum(it["status"] is not None for it in tried[message]) <= times for message, times in heard.items())
    met = sum(attempt["error"] != "unreachable" for attempts in tried.values() for attempt in attempts)
    assert sum(heard.values()) <= met + unanswered
    assert all(attempts[-1]["status"] == 204 for attempts in tried.values())


def test_a_receiver_that_fails_delays_takes_twice_and_dies_gets_everything(database: Database, tmp_path: Path) -> None:
    with between(tmp_path, database, "tfhsktbrd") as running:
        running.look_after()
        house = House(database, 5, running.port)
        house.tell(2)
        until(lambda: len(log := house.log()) == 10 and {it["state"] for it in log} == {"delivered"}, running, 200)
        assert running.deaths == 1
        check(house, running.came(), 2, unanswered=0)
    words = {(it["status"], it["error"]) for delivery in house.log() for it in delivery["attempts"]}
    assert {(204, None), (500, None), (503, None), (429, None), (302, None), (None, "broken_off")} <= words


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_killed_on_both_sides_at_random_everything_comes_in_order(database: Database, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ways = "".join(chance.choices("tfhskbrd", weights=(12, 2, 2, 3, 2, 2, 1, 1), k=120)) + "s" * 30
    with between(tmp_path, database, ways) as running:
        running.look_after()
        house = House(database, 12, running.port)
        house.tell(5)
        kills = 0
        for _ in range(4):
            before = len(running.came())
            until(lambda: len(running.came()) > before + 8, running, 200)  # noqa: B023 - within the round
            running.kill_sender()
            kills += 1
        house.tell(3)
        until(lambda: len(log := house.log()) == 96 and {it["state"] for it in log} == {"delivered"}, running, 400)
        check(house, running.came(), 8, unanswered=4 * kills)
        print(f"{len(running.came())} messages for 96 events, receiver died {running.deaths} times")
