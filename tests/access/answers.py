"""Asking the application by its own document, and keeping which of the documented answers came."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from forecourt import access
from forecourt.compose import build_app
from forecourt.settings import Settings
from foundation.access import Group, Relation, Rule
from foundation.identity import Actor, Role, issue_token
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.intake import Intake
from tests.access.requests import OF_THE_GARAGE
from tests.access.scene import Scene

TABLE = access.whole()
VERBS = ("get", "post", "patch", "delete", "put")
# Who is sent where several may: the first of these.
EAGER = (Role.OWNER, Role.WORKSHOP_MANAGER, Role.PARTS_MANAGER, Role.TECHNICIAN, Role.ADMINISTRATOR)


@dataclass
class Answers:
    """`documented` and `seen` hold (route, status); an answer that is not documented fails at once."""

    scene: Scene
    documented: frozenset[tuple[str, int]]
    seen: set[tuple[str, int]] = field(default_factory=set)

    def routes(self, status: int) -> list[str]:
        """Give the routes that document an answer, in the document's order of names."""
        return sorted(route for route, one in self.documented if one == status)

    def ask(self, route: str, status: int, who: Actor | str | None = None, **given: Any) -> Any:
        """Ask, as `who` or as somebody who may by the table, and give the JSON of the one answer that is right.

        `who` may be a token; "" is nobody. `json`, `params`, `content` and `headers` are the request's; else: ids.
        """
        more = {name: given.pop(name) for name in ("json", "params", "content") if name in given}
        headers = given.pop("headers", {})
        token = who if isinstance(who, str) else self.token(who or self.somebody(route))
        if token:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        before = dict(self.scene.ids)
        self.scene.ids |= given
        try:
            answer = self.scene.ask(route, headers, **more)
        finally:
            self.scene.ids |= {name: before[name] for name in given if name in before}
        assert answer.status_code == status, f"{route}: {answer.status_code} {answer.text}"
        assert (route, status) in self.documented, f"{route} answers {status}, and its document does not say so"
        self.seen.add((route, status))
        return answer.json() if answer.text.startswith("{") else None

    def through(self, folder: Path) -> "Answers":
        """Give the same over an application whose uploads are committed on the spot, into an archive of their own."""
        database, archive = self.scene.world.database, Archive(folder)
        intake = Intake(database, archive, "uploads")

        def send(topic: str, payload: bytes) -> bool:
            intake.process([Arrived(topic, payload, database.clock.now())])
            return True

        app = build_app(Settings(data=folder), database, archive, send=send)
        scene = replace(self.scene, app=app, client=TestClient(app, follow_redirects=False))
        return Answers(scene, self.documented, self.seen)

    def token(self, actor: Actor) -> str:
        with self.scene.world.database.unit() as unit:
            return issue_token(unit, actor)

    def somebody(self, route: str) -> Actor:
        """Give one of the people for whom the table opens a route."""
        rule = TABLE.by_route[route]
        relation, role = next((one, role) for one in Relation for role in EAGER if role in _roles(rule, one))
        if relation is Relation.OWN and any(path in route for path in OF_THE_GARAGE):
            relation = Relation.GRANTED
        return self.scene.people[Relation.OWN if relation is Relation.NONE else relation, role]

    def stranger(self, route: str) -> Actor:
        """Give one with the same role in a house that has nothing to do with the objects of the scene."""
        return self.scene.people[Relation.NONE, self.somebody(route).role]


def _roles(rule: Rule, relation: Relation) -> frozenset[Role]:
    return frozenset(Role) if rule.group is Group.PUBLIC else rule.roles(relation)


def documented(document: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    """Give (route, status) of all that an OpenAPI document promises."""
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            assert verb in VERBS, f"{path}: {verb}"
            yield from ((f"{verb.upper()} {path}", int(status)) for status in operation["responses"])
