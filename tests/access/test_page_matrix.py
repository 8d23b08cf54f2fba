"""The access matrix of the pages: every page and form x role x relation answers as the one table says."""

from collections.abc import Mapping

from sqlalchemy import text

from forecourt.pages.readers import CSRF_FIELD, SESSION_COOKIE
from foundation.access import Group, Relation
from foundation.database import Database
from foundation.identity import Role
from tests.access.answers import TABLE
from tests.access.requests import open_to, wrong
from tests.access.scene import Scene

PAGES = [route for route in TABLE.by_route if " /v1/" not in route and TABLE.by_route[route].group is not Group.PUBLIC]
# What the address of a page says beyond its path.
QUERIES: Mapping[str, dict[str, str]] = {
    "GET /live": {"vehicle": "{vehicle}"},
    "GET /calendar/live": {"workshop": "{workshop}", "day": "{day}"},
}
# What all forms together ask for: whoever may do it would be heard.
FORM = {
    "visit": "{appointment}", "kind": "snapshot", "answer": "decline", "service": "maintenance", "slot": "x",
    "words": "x", "rating": "5", "line": "{line}", "decision": "approved", "step": "check_in", "mileage_km": "1",
    "bay": "bay_one_0", "technician": "tech_one_0", "start": "2026-11-26T01:00:00Z", "workshop": "{workshop}",
    "email": "new@x.example", "role": "owner", "name": "x", "read": "yes", "mon": "09:00-12:00",
    "attribute": "drive", "value": "awd", "decide": "approved:{line}", "give_back": "yes", "provider": "sandbox",
}  # fmt: skip
HELP = {"POST /cases/{case}/assistance": {"kind": "towing"}}
TOLD = "SELECT count(*) FROM events WHERE kind <> 'access_refused'"
KEPT_APART = ("events", "event_subjects")  # where it is told who was refused


def ask(scene: Scene, route: str, house: Relation, role: Role) -> int:
    secret, csrf = scene.sessions[house, role]
    headers = {"Cookie": f"{SESSION_COOKIE}={secret}"}
    if route.startswith("GET "):
        query = {name: value.format_map(scene.ids) for name, value in QUERIES.get(route, {}).items()}
        return int(scene.ask(route, headers, params=query).status_code)
    form = {name: value.format_map(scene.ids) for name, value in (FORM | HELP.get(route, {})).items()}
    return int(scene.ask(route, headers, data={CSRF_FIELD: csrf, **form}).status_code)


def everything(database: Database) -> dict[str, str]:
    """Give a digest of what each table holds, but for who was refused."""
    with database.unit() as unit:
        run = unit.connection.execute
        tables = run(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        digest = "SELECT coalesce(md5(string_agg(it::text, '' ORDER BY it::text)), '') FROM \"{}\" it"
        held = {name: run(text(digest.format(name))).scalar_one() for name in tables if name not in KEPT_APART}
        return held | {"told": str(run(text(TOLD)).scalar_one())}


def test_the_pages_answer_as_the_table_says(scene: Scene) -> None:
    faults = []
    for route in PAGES:
        if route.startswith("GET "):
            for house, role in scene.sessions:
                fault = wrong(TABLE.by_route[route], route, role, house, ask(scene, route, house, role))
                faults += [fault] if fault else []
    assert not faults, "\n".join(faults)


def test_a_form_of_who_may_not_changes_nothing(scene: Scene) -> None:
    forms = [route for route in PAGES if route.startswith("POST ")]
    for route in forms:
        scene.renew(route)
    before, faults = everything(scene.world.database), []
    for route in forms:
        rule = TABLE.by_route[route]
        for house, role in scene.sessions:
            if not open_to(rule, route, role, house):
                fault = wrong(rule, route, role, house, ask(scene, route, house, role))
                faults += [fault] if fault else []
    assert not faults, "\n".join(faults)
    assert everything(scene.world.database) == before


def test_without_a_session_every_page_asks_to_sign_in(scene: Scene) -> None:
    for route in PAGES:
        answer = scene.ask(route, {"Cookie": f"{SESSION_COOKIE}=nonsense"}, params={"vehicle": "x"})
        expected = 303 if route.startswith("GET ") else 401
        assert answer.status_code == expected, f"{route}: {answer.status_code}"
        assert expected == 401 or answer.headers["location"].startswith("/sign-in"), route


def test_a_form_without_its_own_token_or_from_elsewhere_changes_nothing(scene: Scene) -> None:
    forms = [route for route in PAGES if route.startswith("POST ")]
    for route in forms:
        scene.renew(route)
    before = everything(scene.world.database)
    people = {role: scene.sessions[Relation.OWN, role] for role in Role}
    for number, route in enumerate(forms):
        rule = TABLE.by_route[route]
        role = next(iter(sorted(rule.roles(Relation.OWN) | rule.roles(Relation.GRANTED) | rule.none)))
        secret, csrf = people[role]
        another = people[list(Role)[(list(Role).index(role) + 1 + number % 3) % len(Role)]][1]
        cookie = {"Cookie": f"{SESSION_COOKIE}={secret}"}
        for token, headers in ((None, {}), ("", {}), (another, {}), (csrf, {"Sec-Fetch-Site": "cross-site"})):
            form = FORM | HELP.get(route, {}) | ({CSRF_FIELD: token} if token is not None else {})
            filled = {name: value.format_map(scene.ids) for name, value in form.items()}
            answer = scene.ask(route, {**cookie, **headers}, data=filled)
            assert answer.status_code == 403, f"{route} with {token!r} {headers}: {answer.status_code}"
    assert everything(scene.world.database) == before
