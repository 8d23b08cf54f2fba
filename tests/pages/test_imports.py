"""The parts manager's imports without JavaScript: tried first with every rejected row, imported, undone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from forecourt.pages.language import COOKIE
from forecourt.pages.trade import imports
from forecourt.task_queue import import_folder
from foundation.identity import Actor, Role
from parts_catalog.imports.http import AT_ONCE
from parts_catalog.imports.uploads import import_upload, undo_waiting
from tests.pages.forms import forms_of
from tests.pages.people import Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served

Entrance = Callable[[Actor], TestClient]
FILE = (
    "brand,part number,part type,description,make,model,year from,year to\n"
    "Testmark,TM-1,alternator,Whistling alternator,Toyota,Etios,2012,2018\n"
    "Testmark,TM-2,alternator,Humming alternator,Toyota,Etios,2018,2012\n"
)


def send(client: TestClient, content: str = FILE, name: str = "testmark.csv", **typed: str) -> str:
    """Try a file; gives the address of what came of it."""
    form = forms_of(client.get("/imports").text)["/imports"]
    answer = client.post("/imports", data={**form, **typed}, files={"file": (name, content.encode(), "text/csv")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def press(client: TestClient, page: str, what: str) -> str:
    action = f"{page}/{what}"
    answer = client.post(action, data=forms_of(client.get(page).text)[action])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.fixture
def manager(scene: Scene, signed_in: Entrance, person: Callable[..., Actor]) -> TestClient:
    return signed_in(person(Role.PARTS_MANAGER, "Parts"))


def test_tried_imported_found_and_undone(manager: TestClient) -> None:
    page = send(manager)
    tried = manager.get(page).text
    assert "Tried only" in tried
    assert "The years run from 2018 to 2012." in tried
    assert "<code>years_reversed</code>" in tried
    assert "Line 3" in tried
    assert "Whistling" not in manager.get("/parts", params={"q": "TM-1"}).text
    done = press(manager, page, "run")
    assert "Imported" in manager.get(done).text
    assert "Whistling" in manager.get("/parts", params={"q": "whistling"}).text
    assert f"{page}/run" not in forms_of(manager.get(page).text)
    undone = manager.get(press(manager, done, "undo")).text
    assert "the catalogue is as it was before" in undone
    assert "Whistling" not in manager.get("/parts", params={"q": "TM-1"}).text
    listed = manager.get("/imports").text
    assert ("Tried only" in listed, "Undone" in listed) == (True, True)


def test_a_file_is_imported_once_and_undone_in_order(manager: TestClient) -> None:
    page = send(manager)
    form = forms_of(manager.get(page).text)[f"{page}/run"]
    first = manager.post(f"{page}/run", data=form).headers["location"]
    assert manager.post(f"{page}/run", data=form).status_code == 409
    assert "imported already: import" in manager.get(send(manager)).text
    later = press(manager, send(manager, FILE.replace("Humming", "Silent").replace("2018,2012", "2012,2018")), "run")
    refused = manager.post(f"{first}/undo", data=forms_of(manager.get(first).text)[f"{first}/undo"])
    assert (refused.status_code, "testmark.csv" in refused.text) == (409, True)
    press(manager, later, "undo")
    press(manager, first, "undo")


def test_a_large_file_is_tried_and_imported_in_the_background(
    manager: TestClient, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "At most 2 GB" in manager.get("/imports").text
    page = send(manager, FILE + "\n" * AT_ONCE)
    for dry in (True, False):
        assert ("0% read" in (waiting := manager.get(page).text), f"{page}/run" in waiting) == (True, False)
        number = int(page.rpartition("/")[2])
        import_upload(scene.database, import_folder(tmp_path), number, full=None, dry=dry)
        page = press(manager, page, "run") if dry else page
    assert "Imported" in manager.get(page).text
    assert "Whistling" in manager.get("/parts", params={"q": "whistling"}).text
    undone_in_the_background(manager, scene, page)
    monkeypatch.setattr(imports, "MOST_BYTES", 10)
    form = forms_of(manager.get("/imports").text)["/imports"]
    refused = manager.post("/imports", data=form, files={"file": ("x.csv", FILE.encode(), "text/csv")})
    assert (refused.status_code, "A file has at most" in refused.text) == (422, True)


def undone_in_the_background(manager: TestClient, scene: Scene, page: str) -> None:
    number = int(page.rpartition("/")[2])
    form = forms_of(manager.get(page).text)[f"{page}/undo"]
    assert press(manager, page, "undo") == page
    assert ("Being undone" in (waiting := manager.get(page).text), f"{page}/undo" in waiting) == (True, False)
    again = manager.post(f"{page}/undo", data=form)
    assert (again.status_code, "being undone already" in again.text) == (409, True)
    later = press(manager, send(manager, FILE.replace("Humming", "Silent").replace("2018,2012", "2012,2018")), "run")
    undo_waiting(scene.database, number)
    stands = manager.get(page).text
    assert "It was not undone. A later import has touched the same brands" in stands
    manager.cookies.set(COOKIE, "zh_CN")
    assert "未能撤销。 之后的导入涉及相同品牌" in manager.get(page).text
    manager.cookies.set(COOKIE, "en")
    press(manager, later, "undo")
    press(manager, page, "undo")
    undo_waiting(scene.database, number)
    assert ("Undone" in (done := manager.get(page).text), "It was not undone" in done) == (True, False)


def test_what_is_no_file_of_ours_is_refused_in_words(manager: TestClient) -> None:
    form = forms_of(manager.get("/imports").text)["/imports"]
    for files in ({"file": ("x.xml", b"<a", "text/xml")}, {"file": ("x.csv", b"", "text/csv")}, None):
        answer = manager.post("/imports", data=form, files=files)
        assert (answer.status_code, 'class="notice bad"' in answer.text) == (422, True)
    wrong = manager.post("/imports", data={**form, "mode": "x"}, files={"file": ("x.csv", FILE.encode(), "text/csv")})
    assert wrong.status_code == 422


def test_a_form_of_another_session_and_other_people_are_refused(
    manager: TestClient, scene: Scene, signed_in: Entrance, browser: Callable[[], TestClient]
) -> None:
    file = {"file": ("x.csv", FILE.encode(), "text/csv")}
    assert manager.post("/imports", data={"csrf": "x"}, files=file).status_code == 403
    assert browser().post("/imports", data={"csrf": "x"}, files=file).status_code == 401
    page = send(manager)
    owner = signed_in(scene.owner)
    assert owner.get(page).status_code == owner.get("/imports").status_code == 403


def test_a_file_that_was_tried_is_forgotten_after_a_day(manager: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    page = send(manager)
    monkeypatch.setattr(imports, "KEPT_S", -60)
    send(manager, FILE.replace("TM-1", "TM-9"))
    assert f"{page}/run" not in forms_of(manager.get(page).text)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_fit_a_phone(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], signed_in: Entrance, language: str
) -> None:
    boss = person(Role.PARTS_MANAGER, "Parts")
    page = send(signed_in(boss))
    somebody = Person(chromium, served, scene, boss, language)
    for address in ("/imports", page):
        check(somebody.goto(address))
    assert somebody.complaints == []
    somebody.close()
