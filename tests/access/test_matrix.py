"""The access matrix: every route x role x relation answers as the one table says; a route without a row fails."""

from datetime import timedelta

from aftersales.permissions import APPROVING, TRACKED
from forecourt import access
from foundation.access import Group, Relation
from foundation.identity import Role, add_account, issue_token, revoke_account
from foundation.keys import add_approval_link, add_key, add_tracking_link
from tests.access.requests import BODIES, QUERIES, filled, wrong
from tests.access.routes import routes_of
from tests.access.scene import HOUSES, Scene
from tests.aftersales.world import FAMILY

TABLE = access.whole()
OWN_OBJECT = (
    "me.erase",
    "me.password",
    "messages.read",
    "tokens.revoke",
)  # a person's own, asked for by nobody else: not for the walk
API = [route for route in TABLE.by_route if " /v1/" in route]


def ask(scene: Scene, route: str, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = filled(BODIES[route], scene) if route in BODIES else None
    status: int = scene.ask(route, headers, json=body, params=filled(QUERIES.get(route, {}), scene)).status_code
    return status


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


def test_without_a_valid_credential_nothing_answers(scene: Scene) -> None:
    with scene.world.database.unit() as unit:
        closed, late = (add_account(unit, f"{name}@x.example", Role.OWNER, FAMILY) for name in ("closed", "late"))
        revoked, old = issue_token(unit, closed), issue_token(unit, late, timedelta(0))
        revoke_account(unit, closed.account)
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
    assert scene.ask(f"GET /v1/cases/{other['id']}", headers).status_code == 404
    scene.world.clock.advance(timedelta(days=1))
    assert scene.ask("GET /v1/cases", headers).status_code == 401
    scene.world.clock.advance(timedelta(days=-1))


def test_an_approval_link_opens_the_decisions_on_one_order_and_nothing_else(scene: Scene) -> None:
    with scene.world.database.unit() as unit:
        _, secret = add_approval_link(unit, scene.world.owner, scene.ids["order"], 1, APPROVING)
    asked = [route for route in API if TABLE.by_route[route].group is not Group.PUBLIC]
    seen = {route for route in asked if ask(scene, route, secret) != 403}
    assert seen == {route for action in APPROVING for route in API if TABLE.by_route[route].action == action}
    headers = {"Authorization": f"Bearer {secret}"}
    order = scene.ids["order"]
    scene.ids["order"] = scene.ids["settled"]  # of the same family
    assert {ask(scene, route, secret) for route in seen} == {404}
    scene.ids["order"] = order
    scene.world.clock.advance(timedelta(days=1))
    assert scene.ask("GET /v1/repair-orders/{order}", headers).status_code == 401
    scene.world.clock.advance(timedelta(days=-1))


def test_the_world_of_the_walk_has_all_three_relations() -> None:
    assert set(HOUSES) == set(Relation)
