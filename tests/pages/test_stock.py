"""The parts manager's shelves without JavaScript: searched, received, counted, corrected, moved, and expected."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from forecourt.pages.trade.stock import address_of
from foundation.database import Database
from foundation.identity import Actor, Role
from parts_catalog.parts import Location
from parts_catalog.seed import CENTRAL_ORGANISATION, CENTRAL_WAREHOUSE
from parts_catalog.stock import open_location, reserve, wait_for
from tests.pages.bought import a_part, figures
from tests.pages.forms import forms_of
from tests.pages.scene import Scene

Entrance = Callable[[Actor], TestClient]
ANNEX = "loc_annex"


@pytest.fixture
def manager(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> TestClient:
    with scene.database.unit() as unit:
        open_location(unit, Location(ANNEX, CENTRAL_ORGANISATION, "warehouse", "Annex", "副库"))
    return signed_in(person(Role.PARTS_MANAGER, "Parts", CENTRAL_ORGANISATION, language="en"))


@pytest.fixture
def part(database: Database, scene: Scene) -> str:
    return a_part(database)


def fill(client: TestClient, page: str, what: str, /, **typed: object) -> Any:
    """Send the form of a page that does something, with all that a browser would send."""
    guard = forms_of(client.get(page).text)[page]
    kept = {name: guard[name] for name in ("csrf", "key", "count") if name in guard}
    return client.post(page, data={**kept, "do": what, **typed})


def test_a_shelf_is_found_by_number_and_its_pieces_are_moved_about(
    manager: TestClient, database: Database, part: str
) -> None:
    before, held = figures(database, part)
    with database.unit() as unit:
        number = unit.rows("SELECT number FROM parts WHERE id = %(part)s", {"part": part})[0].number
    page = address_of(CENTRAL_WAREHOUSE, part)
    assert page in manager.get("/stock", params={"number": number.lower()}).text
    assert "No shelf of yours" in manager.get("/stock", params={"number": "nothing-at-all"}).text
    for what, typed in (
        ("receive", {"quantity": 5}),
        ("adjust", {"quantity": 1, "kind": "missing", "reason": "miscounted"}),
        ("adjust", {"quantity": 2, "kind": "scrapped", "reason": "bent"}),
        ("move", {"quantity": 3, "target": ANNEX}),
    ):
        assert fill(manager, page, what, **typed).status_code == 303, what
    assert figures(database, part) == (before - 1, held)
    assert figures(database, part, ANNEX) == (3, 0)
    shown = manager.get(page).text
    for word in ("Came in", "Corrected", "Scrapped", "Moved out", "bent", ">Parts<"):
        assert word in shown


def test_a_count_books_its_difference_once_and_never_below_what_is_held(
    manager: TestClient, database: Database, part: str
) -> None:
    page = address_of(CENTRAL_WAREHOUSE, part)
    before, _ = figures(database, part)
    with database.unit() as unit:
        reserve(unit, {(part, CENTRAL_WAREHOUSE): 4}, "case_x", None)
    assert "Write here" in manager.get(fill(manager, page, "count").headers["location"]).text
    refused = fill(manager, page, "book", counted="3")
    assert (refused.status_code, "case_x" in refused.text, 'value="3"' in refused.text) == (409, True, True)
    assert fill(manager, page, "book", counted="many").status_code == 422
    form = forms_of(manager.get(page).text)[page] | {"do": "book", "counted": str(before - 2)}
    first, again = (manager.post(page, data=form).status_code for _ in range(2))
    assert (first, again) == (303, 303)
    assert figures(database, part) == (before - 2, 4)
    assert "Begin to count" in manager.get(page).text


def test_a_delivery_is_noted_changed_as_it_was_read_and_taken_in(
    manager: TestClient, database: Database, part: str
) -> None:
    page = address_of(CENTRAL_WAREHOUSE, part)
    day = database.clock.now().date() + timedelta(days=3)
    assert fill(manager, page, "expect", supplier="Velmora", quantity=6, day="soon").status_code == 422
    assert fill(manager, page, "expect", supplier="Velmora", quantity=6, day=day.isoformat()).status_code == 303
    with database.unit() as unit:
        mine = "SELECT id FROM expected_deliveries WHERE supplier = 'Velmora' AND part = %(part)s"
        delivery = unit.rows(mine, {"part": part})[0].id
        everything = figures(database, part)[0]
        reserve(unit, {(part, CENTRAL_WAREHOUSE): everything}, "case_x", None)
        wait_for(unit, {(part, CENTRAL_WAREHOUSE): 6}, "case_y")
    action = f"/stock/deliveries/{delivery}"
    form = forms_of(manager.get("/stock/deliveries").text)[action]
    promised = manager.post(action, data={**form, "do": "cancel"})
    assert (promised.status_code, "case_y" in promised.text) == (409, True)
    change = {**form, "do": "change", "day": (day + timedelta(days=1)).isoformat()}
    assert manager.post(action, data=change).status_code == 303
    stale = manager.post(action, data={**change, "key": "another", "day": day.isoformat()})
    assert (stale.status_code, f'value="{day.isoformat()}"' in stale.text) == (412, True), "what was typed stays"
    assert manager.post(action, data={**form, "key": "third", "do": "arrived", "quantity": "6"}).status_code == 303
    assert figures(database, part) == (everything + 6, everything + 6), "who waited has them first"


def test_another_house_has_no_such_shelf_and_others_no_such_page(
    scene: Scene, part: str, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    page = address_of(CENTRAL_WAREHOUSE, part)
    assert signed_in(person(Role.PARTS_MANAGER)).get(page).status_code == 404
    owner = signed_in(scene.owner)
    assert owner.get(page).status_code == owner.get("/stock").status_code == 403
