"""Every 2xx and 4xx that the OpenAPI document promises is given to a request of this file, and no other answer is.

What every route answers alike (nobody is there, the credential ends before, too often, senseless, not there) is asked
of all that document it; what needs a scene of its own is told in the stories. A route that is new, or documents an
answer more, fails until a request here gets that answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from forecourt.compose import build_app
from forecourt.settings import Settings
from foundation.access import Group, Relation
from foundation.database import Database
from foundation.identity import Role
from foundation.keys import add_key
from ingest.archive import Archive
from tests.access import prices, returns, shop, stock
from tests.access.answers import TABLE, Answers, documented
from tests.access.requests import BODIES, QUERIES, filled
from tests.access.scene import ENDED, Scene
from tests.access.stories import STORIES

# What is not there, where the path does not name it.
NOT_THERE: Mapping[str, dict[str, Any]] = {
    "GET /v1/parts": {"params": {"vehicle": "nothing"}},
    "GET /v1/parts/facets": {"params": {"vehicle": "nothing"}},
    "GET /v1/slots": {"params": {"workshop": "nothing"}},
    "GET /v1/fitment": {"params": {"vehicle": "nothing", "part_type": "alternator"}},
    "POST /v1/appointments": {"json": {"vehicle": "nothing", "slot": "x", "service": "maintenance"}},
    "POST /v1/waitlist": {"json": {"case": "nothing"}},
    **prices.NOT_THERE,
    **returns.NOT_THERE,
    **shop.NOT_THERE,
    **stock.NOT_THERE,
    "POST /v1/devices": {"json": {"vehicle": "nothing"}},
    "POST /v1/ingest/traccar": {"json": {"position": {"id": 1}, "device": {"uniqueId": "nothing"}}},
}
OF_DEVICES = ("GET /v1/ingest/torque", "POST /v1/ingest/torque")  # which show a password of their own
IMPOSSIBLE = "%00" + 250 * "x"  # no text that can be stored, and none so long
SENSELESS = {"limit": 0, "near": "nowhere", "in_stock": "perhaps"}
IDS = (
    "vehicle",
    "case",
    "appointment",
    "order",
    "command",
    "part",
    "workshop",
    "day",
    "wait",
    "message",
    "vin",
    "import_id",
    *prices.IDS,
    *returns.IDS,
    *shop.IDS,
    "payment",
    "provider",
    *stock.IDS,
    *ENDED,
)


@pytest.fixture
def answers(scene: Scene) -> Answers:
    return Answers(scene, frozenset(documented(scene.app.openapi())))


@pytest.fixture
def hurried(answers: Answers, tmp_path: Path) -> Iterator[Answers]:
    """The same document over a database that is not there, where nobody may ask twice in a minute."""
    for name in ENDED:
        answers.scene.renew(f"{{{name}}}")
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    app = build_app(Settings(data=tmp_path, limit_anonymous=1), database, Archive(tmp_path))
    scene = replace(answers.scene, app=app, client=TestClient(app, follow_redirects=False))
    yield Answers(scene, answers.documented, answers.seen)
    database.close()


def test_every_documented_answer_is_given_and_no_other(answers: Answers, hurried: Answers) -> None:
    too_often(hurried)
    for tell in (to_nobody, to_a_key_that_ends_before, senseless, not_there, looking, *STORIES):
        tell(answers)
    missing = sorted(answers.documented - answers.seen)
    assert not missing, "documented, but given to no request:\n" + "\n".join(
        f"{one} {status}" for one, status in missing
    )


def too_often(hurried: Answers) -> None:
    hurried.ask("GET /health/ready", 503, "")
    hurried.ask("GET /metrics", 200, "")
    for route in hurried.routes(429):
        hurried.ask(route, 429, "")


def to_nobody(answers: Answers) -> None:
    for route in answers.routes(401):
        if TABLE.by_route[route].group is not Group.PUBLIC:
            answers.ask(route, 401, "nonsense")


def to_a_key_that_ends_before(answers: Answers) -> None:
    with answers.scene.world.database.unit() as unit:
        boss = answers.scene.people[Relation.OWN, Role.ADMINISTRATOR]
        secrets = [add_key(unit, boss, "one", [one], TABLE.scopes())[1] for one in ("cases.read", "vehicles.read")]
    for route in answers.routes(403):
        answers.ask(route, 403, secrets[TABLE.by_route[route].action == "cases.read"])


def senseless(answers: Answers) -> None:
    """Ask for what no schema or no rule takes: a list for a body, a page of no rows, or an id that cannot be."""
    operations = answers.scene.app.openapi()["paths"]
    for route in sorted({*answers.routes(422)} - {*OF_DEVICES}):
        verb, _, path = route.partition(" ")
        given: dict[str, Any] = {"params": SENSELESS}
        if "requestBody" in operations[path][verb.lower()]:
            given = {"json": []}
        elif "{" in path:
            given = {"params": SENSELESS} | ids_of(route, IMPOSSIBLE)
        answers.ask(route, 422, **given)


def not_there(answers: Answers) -> None:
    for route in answers.routes(404):
        given = NOT_THERE.get(route) or ids_of(route, "nothing")
        if route in BODIES and route not in NOT_THERE:
            given["json"] = filled(BODIES[route], answers.scene)
        if "{day}" in route:
            del given["day"]
        answers.ask(route, 404, **{"params": QUERIES.get(route, {}), **given})


def looking(answers: Answers) -> None:
    """Everything that is only looked at is there."""
    for route in answers.routes(200):
        if route.startswith("GET ") and route not in OF_DEVICES:
            answers.ask(route, 200, params=filled(QUERIES.get(route, {}), answers.scene))


def ids_of(route: str, key: str) -> dict[str, Any]:
    named = {name: key for name in IDS if f"{{{name}}}" in route}
    return named | {"settled": key} if "order" in named else named
