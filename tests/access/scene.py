"""One world of objects of a family, with every role in the family's house, in the garage's, and in strangers'."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from aftersales.permissions import APPROVING
from aftersales.repair.reviews import review
from aftersales.settlement.accounts import put_on_account
from aftersales.tables import waits
from aftersales.views import get_repair_order
from diagnostics.tables import findings
from forecourt.compose import build_app
from forecourt.settings import Settings
from forecourt.webhooks.endpoints import add_endpoint
from foundation.access import Relation
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor, Role, add_account, issue_token, session_of, start_session
from foundation.keys import add_approval_link, add_key, add_tracking_link
from ingest import commands, registry
from ingest.archive import Archive
from ingest.commands import CommandKind
from ingest.registry import Vehicles
from parts_catalog.payments import Payable, payments_of
from parts_catalog.tables import imports
from tests.access import prices, repairs, returns, settlement, shop, stock
from tests.aftersales.world import FAMILY, GARAGE, STEPS, STRANGERS, World

HOUSES = {Relation.OWN: FAMILY, Relation.GRANTED: GARAGE, Relation.NONE: STRANGERS}

OF_SETTLED = (
    "GET /v1/repair-orders/{order}/settlement",
    "GET /v1/repair-orders/{order}/review",
    "POST /v1/repair-orders/{order}/review/answer",
    "GET /repair-orders/{order}/sheet",
    *settlement.OF_SETTLED,
)
# What a workshop keeps, by the name in the address: made anew when a request has taken it away.
KEPT = {"bays": "bay", "technicians": "technician", "loaners": "loaner", "absences": "absence", "services": "code"}
NEW: Mapping[str, dict[str, Any]] = {
    "bays": {"name": "9"},
    "technicians": {"name_en": "Lin Na", "name_zh": "林娜"},
    "loaners": {"name": "Golf"},
    "absences": {"resource": "tech_one_0", "start": "2027-03-01T00:00:00Z", "end": "2027-03-02T00:00:00Z"},
    "services": {"code": "maintenance"},
}
ENDED = ("key", "webhook", "link", "approval_link", "account", "device", "image", "customer", *KEPT.values())


@dataclass
class Scene:
    """`ids` fill the paths; `people` stand in every relation to what they name."""

    world: World
    app: FastAPI
    ids: dict[str, str]
    people: Mapping[tuple[Relation, Role], Actor]
    tokens: Mapping[tuple[Relation, Role], str]
    sessions: Mapping[tuple[Relation, Role], tuple[str, str]]

    client: TestClient

    def renew(self, route: str) -> None:
        """Make anew what an earlier request has ended."""
        for name in ENDED:
            if f"{{{name}}}" in route and name not in self.ids:
                self.ids[name] = self._made(name)

    def _made_by_boss(self, unit: UnitOfWork, name: str) -> str:
        boss = self.people[Relation.OWN, Role.ADMINISTRATOR]
        if name == "customer":
            put_on_account(unit, self.people[Relation.GRANTED, Role.WORKSHOP_MANAGER], "wks_one", FAMILY)
            return FAMILY
        if name == "key":
            return add_key(unit, boss, "k", ["read"], frozenset({"read"}))[0].id
        return add_endpoint(unit, boss, "https://hooks.example/us", [], private=False)[0].id

    def _link(self, unit: UnitOfWork, name: str) -> str:
        if name == "link":
            return add_tracking_link(unit, self.world.owner, self.ids["case"], 1, ["cases.read"])[0].id
        return add_approval_link(unit, self.world.owner, self.ids["order"], 1, APPROVING)[0].id

    def _made(self, name: str) -> str:
        with self.world.database.unit() as unit:
            if name in {"key", "webhook", "customer"}:
                return self._made_by_boss(unit, name)
            if name in {"link", "approval_link"}:
                return self._link(unit, name)
            if name == "image":
                return prices.picture(unit)
            if name == "device":
                return registry.add_device(unit, self.ids["vehicle"])[0]
            if name == "account":
                return add_account(unit, f"{new_id('x')}@x.example", Role.OWNER, FAMILY).account
        many = next(many for many, one in KEPT.items() if one == name)
        token = self.tokens[Relation.GRANTED, Role.WORKSHOP_MANAGER]
        made = self.client.post(
            f"/v1/workshops/wks_one/{many}", json=NEW[many], headers={"Authorization": f"Bearer {token}"}
        )
        assert made.status_code == 201, made.text
        return str(NEW[many]["code"] if name == "code" else made.json()["id"])

    def ask(self, route: str, headers: Mapping[str, str | None] | None = None, **more: Any) -> Any:
        """Ask; an edit is of whatever version there is, unless `If-Match` says otherwise (None: says nothing)."""
        said = {"If-Match": "*", **(headers or {})}
        given = {name: value for name, value in said.items() if value is not None}
        verb, _, path = route.partition(" ")
        self.renew(route)
        if route in OF_SETTLED:
            path = path.replace("{order}", "{settled}")
        answer = self.client.request(verb, path.format_map(self.ids), headers=given, **more)
        self.client.cookies.clear()
        if answer.status_code < 400 and (verb == "DELETE" or path.endswith("/revoke")):
            for name in ENDED:
                if f"{{{name}}}" in path:
                    del self.ids[name]
        return answer


def build(world: World, folder: Path) -> Scene:
    """Let a visit be at work, so that nothing asked of it ends it, and a command wait for both sides."""
    view = world.open()
    visit = view["appointment"]
    order = world.confirm(visit["id"])["repair_order"]
    world.clock.advance(timedelta(days=1))
    world.step(order, step="check_in", mileage_km=84_210)
    car = world.another_car("car-s")
    done = world.open(world.finding("f_s", car), car)
    settled = world.confirm(done["appointment"]["id"])["repair_order"]
    world.clock.advance(timedelta(days=1))
    for step in STEPS:
        world.step(settled, **step)
    world.settle(settled)
    with world.database.unit() as unit:
        review(unit, world.owner, settled, 5, "well done")
        line = get_repair_order(unit, world.owner, order)["lines"][0]["id"]
        people = {
            (relation, role): add_account(unit, f"{role}.{relation}@x.example", role, house)
            for relation, house in HOUSES.items()
            for role in Role
        }
        command = commands.ask(unit, world.owner, Vehicles(), world.vehicle.id, CommandKind.SNAPSHOT)["id"]
        tokens = {key: issue_token(unit, actor) for key, actor in people.items()}
        secrets = {key: start_session(unit, actor) for key, actor in people.items()}
        sessions = {key: (secret, session_of(unit, secret).csrf) for key, secret in secrets.items()}
        found = {"id": "f1", "vehicle": world.vehicle.id, "organisation": FAMILY, "fault": "alternator"}
        sure = {"probability": 0.97, "severity": 0.8, "urgency": "S1", "evidence": [], "predictor": "test-1"}
        seen = dict.fromkeys(("first_seen", "confirmed_at", "quiet_until", "recorded_at"), unit.now())
        unit.connection.execute(findings.insert().values(**found, **sure, **seen))
        waited = {"id": "wait_1", "case": view["id"], "organisation": FAMILY, "account": world.owner.account}
        ended = {"workshop": "wks_one", "state": "left", "lapses": 0, "joined_at": unit.now(), "ended_at": unit.now()}
        unit.connection.execute(waits.insert().values(**waited, **ended))
        imported = {"organisation": FAMILY, "file_name": "x", "sha256": "x", "format": "aces", "mode": "full"}
        made = imports.insert().values(**imported, state="done", started_at=unit.now()).returning(imports.c.id)
        import_id = str(unit.connection.execute(made).scalar_one())
        bought = shop.build(unit, world.owner, view["id"]) | returns.build(unit, world.owner)
        payment = payments_of(unit, [Payable("order", bought["order_id"])])[0].id
        kept = stock.build(unit) | prices.build(unit, folder)
        kept |= repairs.build(unit, world.technician, order, folder)
    # A walk in many tries asks more in a minute than anybody may; the limits have tests of their own.
    settings = Settings(
        data=folder, limit_writes=0, limit_anonymous=0, limit_sign_ins_address=0, limit_sign_ins_client=0
    )
    app = build_app(settings, world.database, Archive(folder))
    app.state.wakeups.stop()  # streams end at once
    ids = {
        "vehicle": world.vehicle.id, "case": view["id"], "appointment": visit["id"], "order": order,
        "command": command, "part": "belt", "workshop": "wks_one", "day": "2026-11-25", "finding": "f1",
        "what": "hours",
        "import_id": import_id, "line": line, "settled": settled, "wait": "wait_1", "message": "none",
        "vin": "1HGCM82633A004352",
        **bought, **kept, "payment": payment, "provider": "sandbox",
    }  # fmt: skip
    return Scene(world, app, ids, people, tokens, sessions, TestClient(app, follow_redirects=False))
