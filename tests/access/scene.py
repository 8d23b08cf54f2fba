"""One world of objects of a family, with every role in the family's house, in the garage's, and in strangers'."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from aftersales.tables import waits
from forecourt.compose import build_app
from forecourt.settings import Settings
from foundation.access import Relation
from foundation.database import new_id
from foundation.identity import Actor, Role, add_account, issue_token, session_of, start_session
from foundation.keys import add_key, add_tracking_link
from ingest import commands
from ingest.archive import Archive
from ingest.commands import CommandKind
from ingest.registry import Vehicles
from tests.aftersales.world import FAMILY, GARAGE, STRANGERS, World

HOUSES = {Relation.OWN: FAMILY, Relation.GRANTED: GARAGE, Relation.NONE: STRANGERS}


@dataclass
class Scene:
    """`ids` fill the paths; `people` stand in every relation to what they name."""

    world: World
    app: FastAPI
    ids: dict[str, str]
    people: Mapping[tuple[Relation, Role], Actor]
    tokens: Mapping[tuple[Relation, Role], str]
    sessions: Mapping[tuple[Relation, Role], tuple[str, str]]

    def renew(self, route: str) -> None:
        """Make anew what the request is about to end."""
        with self.world.database.unit() as unit:
            if "{key}" in route:
                boss = self.people[Relation.OWN, Role.ADMINISTRATOR]
                self.ids["key"] = add_key(unit, boss, "k", ["read"], frozenset({"read"}))[0].id
            if "{link}" in route:
                self.ids["link"] = add_tracking_link(unit, self.world.owner, self.ids["case"], 1, ["cases.read"])[0].id
            if "{account}" in route:
                self.ids["account"] = add_account(unit, f"{new_id('x')}@x.example", Role.OWNER, FAMILY).account

    def ask(self, route: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        verb, _, path = route.partition(" ")
        self.renew(route)
        client = TestClient(self.app, follow_redirects=False, headers=headers)
        return client.request(verb, path.format_map(self.ids), **more)


def build(world: World, folder: Path) -> Scene:
    """Let a visit be at work, so that nothing asked of it ends it, and a command wait for both sides."""
    view = world.open()
    visit = view["appointment"]
    order = world.confirm(visit["id"])["repair_order"]
    world.clock.advance(timedelta(days=1))
    world.step(order, step="check_in", mileage_km=84_210)
    with world.database.unit() as unit:
        people = {
            (relation, role): add_account(unit, f"{role}.{relation}@x.example", role, house)
            for relation, house in HOUSES.items()
            for role in Role
        }
        command = commands.ask(unit, world.owner, Vehicles(), world.vehicle.id, CommandKind.SNAPSHOT)["id"]
        tokens = {key: issue_token(unit, actor) for key, actor in people.items()}
        secrets = {key: start_session(unit, actor) for key, actor in people.items()}
        sessions = {key: (secret, session_of(unit, secret).csrf) for key, secret in secrets.items()}
        waited = {"id": "wait_1", "case": view["id"], "organisation": FAMILY, "account": world.owner.account}
        ended = {"workshop": "wks_one", "state": "left", "lapses": 0, "joined_at": unit.now(), "ended_at": unit.now()}
        unit.connection.execute(waits.insert().values(**waited, **ended))
    app = build_app(Settings(data=folder, limit_writes=0), world.database, Archive(folder))
    app.state.wakeups.stop()  # streams end at once
    ids = {
        "vehicle": world.vehicle.id, "case": view["id"], "appointment": visit["id"], "order": order,
        "command": command, "part": "belt", "workshop": "wks_one", "day": "2026-11-25", "finding": "f1",
        "what": "hours", "wait": "wait_1", "message": "none", "account": "", "key": "", "link": "",
    }  # fmt: skip
    return Scene(world, app, ids, people, tokens, sessions)
