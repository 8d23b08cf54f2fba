"""The people of the tests of commands: a family's car with two devices, its workshop, and those it is not open to."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

import ingest.http
from forecourt.http import install
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.events import read
from foundation.grants import open_to
from foundation.http import bearer_actor
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token
from ingest import registry
from ingest.archive import Archive
from ingest.intake import Intake, Outcome
from ingest.sending import expire_commands, send_due
from ingest.topics import Kind
from tests.ingest.wire import document

CLEAR, SNAPSHOT = {"kind": "clear_dtcs"}, {"kind": "snapshot"}
PLAN = {
    "fast": {"signals": ["engine_speed"], "period_s": 1.0},
    "slow": {"signals": ["coolant_temperature"], "period_s": 30},
}


class Cast:
    """A family's car with two devices, the workshop it is open to, and two organisations it is not open to."""

    def __init__(self, database: Database, clock: FixedClock, intake: Intake) -> None:
        self.database, self.clock, self.intake = database, clock, intake
        self.people: dict[str, Actor] = {}
        self._tokens: dict[str, str] = {}
        with database.unit() as unit:
            homes = {name: add_organisation(unit, name, f"org_{name}") for name in ("home", "garage", "away")}
            for where, organisation in homes.items():
                for role in Role:
                    actor = add_account(unit, f"{role}@{where}.example", role, organisation)
                    self.people[f"{where} {role}"] = actor
                    self._tokens[f"{where} {role}"] = issue_token(unit, actor)
            registry.add_vehicle(unit, homes["home"], "car-1")
            registry.add_vehicle(unit, homes["away"], "car-2")
            for device, vehicle in (("dev-1", "car-1"), ("dev-2", "car-1"), ("dev-3", "car-2")):
                registry.add_device(unit, vehicle, device)
            open_to(unit, "car-1", homes["garage"], Role.TECHNICIAN, "test")
        app = FastAPI()
        install(app)
        app.include_router(ingest.http.router(database, bearer_actor(database), Archive(Path("nowhere"))))
        self.client = TestClient(app)

    def call(self, verb: str, path: str, who: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[who]}"} | ({"Idempotency-Key": key} if key else {})
        return self.client.request(verb, f"/v1/{path}", json=body, headers=headers)

    def do(self, verb: str, path: str, who: str, status: int = 200, body: Any = None, key: str | None = None) -> Any:
        answer = self.call(verb, path, who, body, key)
        assert answer.status_code == status, f"{who} {verb} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def ask(self, who: str, body: Any, status: int = 201, key: str | None = None) -> Any:
        return self.do("POST", "vehicles/car-1/commands", who, status, body, key)

    def answer(self, command: str, word: str, who: str, status: int = 200) -> Any:
        return self.do("POST", f"commands/{command}/{word}", who, status)

    def state(self, command: str) -> str:
        return str(self.do("GET", f"commands/{command}", "home owner")["state"])

    def online(self, device: str, *, online: bool = True) -> None:
        self.intake.process([document(Kind.STATUS, {"online": online}, device=device, at=self.clock.now())])

    def send(self) -> list[tuple[str, Any]]:
        with self.database.unit() as unit:
            return [(it.topic, json.loads(it.payload)) for it in send_due(unit)]

    def later(self, by: timedelta) -> None:
        self.clock.advance(by)
        with self.database.unit() as unit:
            expire_commands(unit)

    def result(self, command: str, kind: str, seq: int, device: str = "dev-1", **told: Any) -> Outcome:
        said = {"boot": "b1", "seq": seq, "id": command, "kind": kind, "outcome": "done", "detail": "so it was"}
        return self.intake.process([document(Kind.RESULT, said | told, device=device, at=self.clock.now())])

    def cleared(self) -> str:
        """Let both sides agree to clear the codes, and send it; gives the command."""
        self.online("dev-1")
        command = str(self.ask("garage technician", CLEAR)["id"])
        self.answer(command, "approve", "home owner")
        assert len(self.send()) == 1
        return command

    def events(self) -> list[tuple[str, str | None]]:
        with self.database.unit() as unit:
            return [(it.kind, it.actor) for it in read(unit, "car-1")]
