"""What people type is shown as what they typed: every page of every role over a world that is one attack."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy.engine import URL

from aftersales.permissions import APPROVING, TRACKED
from aftersales.repair.approvals import approve
from aftersales.repair.corrections import Fault, add_fault
from aftersales.repair.decisions import Heard, Way
from aftersales.repair.inspections import Light, Stage, look
from aftersales.repair.order_lines import Labour, Sublet, add_line
from aftersales.repair.reviews import answer_review
from aftersales.settlement.choices import note_customer_parts
from forecourt.compose import build_app
from forecourt.pages.readers import CSRF_FIELD, SESSION_COOKIE
from forecourt.pages.rendering import TEMPLATES, environment
from forecourt.settings import Settings
from foundation.access import Relation
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.identity import Role
from foundation.keys import add_approval_link, add_tracking_link
from ingest.archive import Archive
from ingest.registry import Vehicles
from tests.access.answers import TABLE
from tests.access.requests import open_to
from tests.access.scene import Scene
from tests.access.scene import build as build_scene
from tests.access.test_page_matrix import PAGES, QUERIES
from tests.aftersales.world import build
from tests.conftest import NOON, execute
from tests.pages.forms import forms_of
from tests.pages.hostile import MARK, PAYLOAD, faults_of, fill
from tests.pages.people import NARROW, PHONE
from tests.pages.served import Served

Who = tuple[Relation, Role]
# Some of what must have taken the attack, of each package.
MUST = {
    "accounts.name", "organisations.name", "vehicles.config", "case_findings.document", "cases.words",
    "messages.text_en", "estimate_lines.text_zh", "estimate_lines.supplier", "approvals.given_by",
    "repair_steps.note", "inspection_points.note", "repair_findings.condition", "customer_parts.name",
    "settlements.sheet", "reviews.words", "reviews.answer", "workshops.name_en", "technicians.name_zh", "bays.name",
    "loaners.name", "parts.name_en", "orders.address", "returns.words", "shipments.tracking_number",
    "imports.file_name", "promotions.name_en", "webhook_endpoints.url",
}  # fmt: skip
# Rendered by no page of the walk: what is said to people who are in the way, or who are not signed in.
ELSEWHERE = {
    "shop/cart_unpriced.html",
    "refused/carried.html",
    "refused/carried_fields.html",
    "refused/session_lost.html",
    "refused/notice.html",
    "track_ended.html",
}
# Forms that end what the others are sent with.
ENDING = ("/sign-out", "/account/", "/language", "/me/", "/revoke", "/members")


@pytest.fixture
def scene(server_url: URL, tmp_path: Path) -> Iterator[Scene]:
    """The scene of the walk of access, with more said at the car, and then all of it hostile."""
    name = f"test_{secrets.token_hex(6)}"
    execute(server_url, f"CREATE DATABASE {name} TEMPLATE template_forecourt")
    database = Database(server_url.set(database=name).render_as_string(hide_password=False), FixedClock(NOON))
    built = build_scene(build(database, FixedClock(NOON)), tmp_path)
    _say_more(built)
    built.ids["expected"] = _another_visit(built)
    for kept in ("webhook", "key", "loaner"):
        built.renew(f"{{{kept}}}")
    took = fill(database)
    assert len(took) > 50, sorted(took)
    assert took.keys() >= MUST, sorted(MUST - took.keys())
    environment.cache_clear()
    yield built
    database.close()
    execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _say_more(scene: Scene) -> None:
    world, order = scene.world, scene.ids["order"]
    who = world.technician
    desk = scene.people[Relation.GRANTED, Role.ADVISOR]
    with world.database.unit() as unit:
        look(unit, who, order, Stage.CHECK_IN, "tyres", Light.AMBER, "worn")
        add_fault(unit, who, order, Fault("condition", "cause", "correction", "confirmation"))
        add_line(unit, who, Vehicles(), order, Labour("x", "x", 25))
        after = add_line(unit, who, Vehicles(), order, Sublet("x", "x", "supplier", 100))
        note_customer_parts(unit, who, order, [("wipers", 2)])
        approve(unit, desk, order, [after["lines"][-1]["id"]], "approved", Heard(Way.TELEPHONE, given_by="Li"))
        answer_review(unit, desk, scene.ids["settled"], "thanks")


def _another_visit(scene: Scene) -> str:
    """Confirm a visit that lies ahead, so that it can be moved; gives it."""
    world = scene.world
    car = world.another_car("car-ahead")
    visit = str(world.open(world.finding("f_ahead", car), car)["appointment"]["id"])
    world.confirm(visit)
    return visit


def _walk(scene: Scene) -> Iterator[tuple[Who, str, str]]:
    """Yield (who, address, page) of every page that somebody may see, in either language."""
    for route in PAGES:
        if not route.startswith("GET ") or route.endswith("/live"):
            continue
        scene.renew(route)
        query = {name: value.format_map(scene.ids) for name, value in QUERIES.get(route, {}).items()}
        rule = TABLE.by_route[route]
        seen_by = {who: it for who, it in scene.sessions.items() if open_to(rule, route, who[1], who[0])}
        for who, (secret, _) in seen_by.items():
            for order in {scene.ids["order"], scene.ids["settled"]} if "{order}" in route else {""}:
                path = route.removeprefix("GET ").format_map({**scene.ids, "order": order or scene.ids["order"]})
                cookie = {"Cookie": f"{SESSION_COOKIE}={secret}; language={'en' if who[1] < 'o' else 'zh_CN'}"}
                answer = scene.client.get(path, headers=cookie, params=query)
                scene.client.cookies.clear()
                _check_policy(answer.headers, path)
                if answer.headers.get("content-type", "").startswith("text/html"):
                    yield who, str(answer.request.url).removeprefix("http://testserver"), answer.text


def _check_policy(headers: Mapping[str, str], path: str) -> None:
    """See that no script but ours runs there, and that no other site shows it in a frame."""
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy, path
    assert "default-src 'self'" in policy or "default-src 'none'" in policy, path
    assert "frame-ancestors 'none'" in policy or "sandbox" in policy, path
    assert headers["x-content-type-options"] == "nosniff", path


def test_nothing_that_anybody_typed_becomes_part_of_a_page(scene: Scene, chromium: Browser, tmp_path: Path) -> None:
    faults: list[str] = []
    shown: dict[str, Who] = {}
    forms: dict[str, tuple[Who, dict[str, str]]] = {}
    for who, address, page in _walk(scene):
        faults += [f"{address} as {who}: {fault}" for fault in faults_of(page)]
        if MARK in page:
            shown[address] = who
        for action, fields in forms_of(page).items():
            forms.setdefault(action, (who, fields))
    assert not faults, "\n".join(faults[:20])
    assert len(shown) > 40, "the attack stands on most pages"
    faults = [*_booked(scene), *_tracked(scene), *_approved(scene)]
    assert not faults, "\n".join(faults[:20])
    faults = [f"POST {action}: {one}" for action, one in _send(scene, forms)]
    assert not faults, "\n".join(faults[:20])
    rendered = {name for language in ("en", "zh_CN") for (_, name) in environment(language).cache or ()}
    every = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    left = sorted(every - rendered - ELSEWHERE)
    assert left == [], left
    _open(scene, chromium, tmp_path, shown)


def _send(scene: Scene, forms: Mapping[str, tuple[Any, Mapping[str, str]]]) -> Iterator[tuple[str, str]]:
    """Send every form with the attack in all that is typed; what it answers is a page like the others."""
    kept = {CSRF_FIELD, "key"}
    for action, (who, fields) in forms.items():
        if any(one in action for one in ENDING):
            continue
        secret, csrf = scene.sessions[who]
        typed = {name: PAYLOAD for name in fields if name not in kept}
        cookie = {"Cookie": f"{SESSION_COOKIE}={secret}"}
        answer = scene.client.post(action or "/", data={**fields, **typed, CSRF_FIELD: csrf}, headers=cookie)
        scene.client.cookies.clear()
        assert answer.status_code < 500, action
        yield from ((action, fault) for fault in faults_of(answer.text))


def _booked(scene: Scene) -> Iterator[str]:
    """Look at what a choice of times, a move and an order show of what was typed before."""
    secret, csrf = scene.sessions[Relation.OWN, Role.OWNER]
    cookie = {"Cookie": f"{SESSION_COOKIE}={secret}"}
    short = f"\"'><script>{MARK}()</script>"
    checkout = f"/carts/{scene.ids['cart']}/checkout"
    kept = forms_of(scene.client.get(checkout, headers=cookie).text)[checkout]
    scene.client.cookies.clear()
    chosen = {**kept, "region": "CN-SH", "address": short, "name": short, "phone": "138"}
    car = "/cars/car-ahead/book"
    asked: tuple[tuple[str, str, dict[str, str], dict[str, str]], ...] = (
        ("get", f"/appointments/{scene.ids['expected']}/move", {}, {}),
        ("get", f"{car}?service=repair&words={MARK}", {}, {}),
        ("post", f"{car}/times", {"service": "repair", "words": short}, {"HX-Request": "true"}),
        ("post", checkout, chosen, {}),
    )
    for verb, path, fields, headers in asked:
        data = {**fields, CSRF_FIELD: csrf} if verb == "post" else None
        answer = scene.client.request(verb, path, headers={**cookie, **headers}, data=data)
        scene.client.cookies.clear()
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[-2000:]}"
        yield from faults_of(answer.text)


def _tracked(scene: Scene) -> Iterator[str]:
    with scene.world.database.unit() as unit:
        _, secret = add_tracking_link(unit, scene.world.owner, scene.ids["case"], 1, TRACKED)
    for path in ("/track", "/sign-in"):
        yield from faults_of(scene.client.get(path, params={"next": PAYLOAD, "done": PAYLOAD}).text)
    entered = scene.client.post("/track", data={"secret": secret})
    page = scene.client.get(entered.headers["location"]).text
    scene.client.cookies.clear()
    assert MARK in page
    yield from faults_of(page)
    yield from faults_of(scene.client.get("/track", params={"secret": PAYLOAD}).text)


def _approved(scene: Scene) -> Iterator[str]:
    """Look at what the pages of an approval link show, and send their form with the attack in all its fields."""
    with scene.world.database.unit() as unit:
        _, secret = add_approval_link(unit, scene.world.owner, scene.ids["order"], 1, APPROVING)
    yield from faults_of(scene.client.get("/approve", params={"secret": PAYLOAD}).text)
    yield from faults_of(scene.client.post("/approve", data={"secret": PAYLOAD}).text)
    path = scene.client.post("/approve", data={"secret": secret}).headers["location"]
    shown = scene.client.get(path, params={"done": PAYLOAD})
    _check_policy(shown.headers, path)
    assert MARK in shown.text
    fields = forms_of(shown.text)[path]
    was = {name.partition(":")[0] + ":x": PAYLOAD for name in fields if name.startswith("was-")}
    assert was
    guard = {name: value for name, value in fields.items() if name in {CSRF_FIELD, "key"}}
    typed = dict.fromkeys(fields.keys() - guard.keys(), PAYLOAD)
    forms = (guard | typed, {**guard, **was, "all": "approved"}, {**fields, CSRF_FIELD: PAYLOAD})
    pages = [shown, scene.client.get(f"{path}/now"), *(scene.client.post(path, data=form) for form in forms)]
    assert [one.status_code for one in pages] == [200, 200, 422, 409, 403]
    scene.client.cookies.clear()
    pages += [scene.client.get(path), scene.client.get(f"{path}/now")]
    for page in pages:
        yield from faults_of(page.text)


def _open(scene: Scene, chromium: Browser, data: Path, shown: Mapping[str, Who]) -> None:
    """Open them on a phone: nothing runs or asks for what the policy has to stop, and no long word widens a page."""
    served = Served(lambda: build_app(Settings(data=data), scene.world.database, Archive(data)))
    served.start()
    wide: list[str] = []
    try:
        for who in dict.fromkeys(shown.values()):
            context = chromium.new_context(viewport=PHONE)
            context.add_cookies([{"name": SESSION_COOKIE, "value": scene.sessions[who][0], "url": served.url}])
            page, said = context.new_page(), list[str]()
            _listen(page, said)
            page.add_init_script(f"window.{MARK} = () => console.log('{MARK} ran');")
            for address in (one for one, by in shown.items() if by == who):
                page.goto(served.url + address)
                assert [one for one in said if MARK in one or "Security" in one] == [], address
                if page.locator("link[rel=stylesheet]").count():  # a page, and no part of one
                    wide += [] if page.evaluate(NARROW) else [address]
            context.close()
        _frame(chromium, served.url)
    finally:
        served.close()
    assert wide == []


def _listen(page: Page, said: list[str]) -> None:
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.on("dialog", lambda one: said.append(f"{MARK} {one.message}"))


def _frame(chromium: Browser, url: str) -> None:
    """Put our pages into a frame of another site: they are not shown there."""
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.set_content("".join(f'<iframe src="{url}/{path}"></iframe>' for path in ("sign-in", "track", "approve")))
    page.wait_for_timeout(500)
    assert sum("frame-ancestors" in one for one in said) >= 3, said
    assert not any(frame.url.startswith(url) and frame.locator("form").count() for frame in page.frames[1:])
    page.close()
