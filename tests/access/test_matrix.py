"""The access matrix: every route x role x relation answers as the one table says; a route without a row fails."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aftersales.permissions import TRACKED
from forecourt import access
from foundation.access import Group, Relation, Rule
from foundation.clock import FixedClock
from foundation.identity import Role, issue_token, revoke_account
from foundation.keys import add_key, add_tracking_link
from tests.access.routes import routes_of
from tests.access.scene import HOUSES, KEPT, NEW, Scene, build
from tests.aftersales.world import World

TABLE = access.whole()
# Bodies that reach the object; what is then refused as impossible now (409) or senseless (422) was open to the actor.
BODIES: Mapping[str, dict[str, Any]] = {
    "POST /v1/vehicles/{vehicle}/commands": {"kind": "snapshot"},
    "POST /v1/devices": {"vehicle": "{vehicle}"},
    "POST /v1/parts/{part}/expected": {"location": "loc_garage", "expected": "2026-12-03"},
    "POST /v1/appointments": {"vehicle": "{vehicle}", "slot": "x", "service": "maintenance", "case": "{case}"},
    "POST /v1/appointments/{appointment}/reschedule": {"slot": "x"},
    "POST /v1/appointments/{appointment}/arrange": {"bay": "b", "technician": "t", "start": "2026-11-25T01:00:00Z"},
    "POST /v1/repair-orders/{order}/approvals": {"lines": ["{line}"], "decision": "approved"},
    "POST /v1/repair-orders/{order}/review": {"rating": 5},
    "POST /v1/repair-orders/{order}/steps": {"step": "check_in", "mileage_km": 1},
    "POST /v1/repair-orders/{order}/lines": {"kind": "labour", "text_en": "x", "text_zh": "x", "hours": 1},
    "POST /v1/waitlist": {"case": "{case}"},
    "POST /v1/cases/{case}/assistance": {"kind": "towing"},
    "PATCH /v1/workshops/{workshop}": {},
    **{f"POST /v1/workshops/{{workshop}}/{many}": body for many, body in NEW.items()},
    **{f"PATCH /v1/workshops/{{workshop}}/{many}/{{{one}}}": {} for many, one in KEPT.items()},
    "PATCH /v1/workshops/{workshop}/loaners/{loaner}": {"name": "Polo"},
    "POST /v1/keys": {"name": "k", "scopes": ["read"]},
    "POST /v1/accounts": {"email": "nobody", "role": "owner"},
    "POST /v1/consents": {"channel": "mail", "purpose": "reminders"},
}
QUERIES: Mapping[str, dict[str, str]] = {
    "GET /v1/vehicles/{vehicle}/readings": {"signals": "engine_speed"},
    "GET /v1/fitment": {"vehicle": "{vehicle}", "part_type": "alternator"},
    "DELETE /v1/consents": {"channel": "mail", "purpose": "reminders"},
}
# Objects of the garage, not of the family: there the garage's people are in their own house.
OF_THE_GARAGE = ("/expected", "/workshops/", "/calendar/{workshop}", "/workshop/{workshop}")
OWN_OBJECT = (
    "me.erase",
    "me.password",
    "messages.read",
    "tokens.revoke",
)  # a person's own, asked for by nobody else: not for the walk
API = [route for route in TABLE.by_route if " /v1/" in route]


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    return build(world, tmp_path)


def filled(given: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    def fill(value: Any) -> Any:
        if isinstance(value, list):
            return [fill(one) for one in value]
        return value.format_map(scene.ids) if isinstance(value, str) else value

    return {key: fill(value) for key, value in given.items()}


def ask(scene: Scene, route: str, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = filled(BODIES[route], scene) if route in BODIES else None
    status: int = scene.ask(route, headers, json=body, params=filled(QUERIES.get(route, {}), scene)).status_code
    return status


def wrong(rule: Rule, route: str, role: Role, house: Relation, status: int) -> str | None:
    """Say what is wrong with an answer, by the table."""
    relation = house
    if any(path in route for path in OF_THE_GARAGE):
        relation = Relation.OWN if house is Relation.GRANTED else Relation.NONE
    open_to_him = role in rule.roles(relation) | rule.none
    if open_to_him:
        good = status < 400 or status in {409, 422}
    elif not rule.may(role):
        good = status == 403
    else:
        good = status == 404 or (relation is not Relation.NONE and status == 403)
    return None if good else f"{route} as {role} ({relation}): {status}"


def test_every_route_has_a_row_and_every_row_its_routes(scene: Scene) -> None:
    assert set(routes_of(scene.app)) == set(TABLE.by_route)


def test_the_api_answers_as_the_table_says(scene: Scene) -> None:
    faults = []
    for route in API:
        rule = TABLE.by_route[route]
        if rule.group is Group.PUBLIC or rule.action in OWN_OBJECT:
            continue
        for (house, role), token in scene.tokens.items():
            fault = wrong(rule, route, role, house, ask(scene, route, token))
            faults += [fault] if fault else []
    assert not faults, "\n".join(faults)


def test_without_a_valid_credential_nothing_answers(scene: Scene, clock: FixedClock) -> None:
    closed, late = scene.people[Relation.OWN, Role.OWNER], scene.people[Relation.OWN, Role.ADMINISTRATOR]
    with scene.world.database.unit() as unit:
        old = issue_token(unit, late, timedelta(minutes=1))
        revoke_account(unit, closed.account)
    clock.advance(timedelta(minutes=1))
    revoked = scene.tokens[Relation.OWN, Role.OWNER]
    open_ones = [route for route in API if TABLE.by_route[route].group is not Group.PUBLIC]
    for token in (None, revoked, old, "nonsense"):
        assert [route for route in open_ones if ask(scene, route, token) != 401] == []


def test_a_key_reaches_as_far_as_its_scopes(scene: Scene) -> None:
    boss = scene.people[Relation.OWN, Role.ADMINISTRATOR]
    with scene.world.database.unit() as unit:
        _, reader = add_key(unit, boss, "reads", ["read"], TABLE.scopes())
        _, single = add_key(unit, boss, "one", ["cases.read"], TABLE.scopes())
    for route in API:
        rule = TABLE.by_route[route]
        if rule.group is Group.PUBLIC:
            continue
        reads = rule.group is Group.READ and rule.may(Role.INTEGRATOR)
        assert (ask(scene, route, reader) == 403) is not reads, route
        assert (ask(scene, route, single) == 403) is (rule.action != "cases.read"), route


def test_a_tracking_link_shows_one_case_and_nothing_else(scene: Scene) -> None:
    car = scene.world.another_car("car-9")
    other = scene.world.open(scene.world.finding("f9", car), car)
    with scene.world.database.unit() as unit:
        _, secret = add_tracking_link(unit, scene.world.owner, scene.ids["case"], 1, TRACKED)
    headers = {"Authorization": f"Bearer {secret}"}
    listed = scene.ask("GET /v1/cases", headers).json()["items"]
    assert [one["id"] for one in listed] == [scene.ids["case"]]
    seen = {route for route in API if ask(scene, route, secret) < 400} - {"POST /v1/tokens"}
    assert seen == {route for action in TRACKED for route in API if TABLE.by_route[route].action == action}
    scene.ids["case"] = other["id"]
    assert ask(scene, "GET /v1/cases/{case}", secret) == 404
    scene.world.clock.advance(timedelta(days=1))
    assert scene.ask("GET /v1/cases", headers).status_code == 401


def test_the_world_of_the_walk_has_all_three_relations() -> None:
    assert set(HOUSES) == set(Relation)
