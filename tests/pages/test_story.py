"""The whole way in a real browser: a live car, its finding, the visit, the repair as it happens, sheet and review."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from aftersales.repair.repair_orders import take_step
from aftersales.settlement.paying import pay
from forecourt.paying import PAYABLES
from foundation.database import new_id
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from tests.pages.people import PHONE, Person
from tests.pages.scene import Scene
from tests.pages.served import Served

SCREENSHOT = Path(__file__).parents[2] / "docs/screenshots/owner.png"
WORDS = {
    "en": {"confirm": "Confirm", "steps": ["Car received", "Inspected", "Repair started", "Parts handed out"]},
    "zh_CN": {"confirm": "确认", "steps": ["车辆已接收", "已检查", "开始维修", "配件已领用"]},
}


@pytest.mark.parametrize("language", ["en", pytest.param("zh_CN", marks=pytest.mark.soak)])
def test_from_a_live_car_to_a_review(chromium: Browser, served: Served, scene: Scene, language: str) -> None:
    words = WORDS[language]
    for day in range(3, 0, -1):
        scene.drive(f"b{day}", 600, 12.3 + 0.4 * day, ago=timedelta(days=day) - timedelta(hours=2))
    owner = Person(chromium, served, scene, scene.owner, language)
    owner.page.click("text=Toyota Etios 2014")
    _see_it_fail_and_confirm(owner.page, scene, words["confirm"])
    worker = Person(chromium, served, scene, scene.technician, language)
    worker.page.click("main a.card")
    worker.page.wait_for_url("**/jobs/ro_*")
    order = worker.page.url.rpartition("/")[2]
    steps = owner.page.locator(".steps li strong")
    for number, (name, typed) in enumerate({"check_in": {"mileage_km": "84 210"}, "inspect": {}}.items(), 1):
        worker.step(name, **typed)
        expect(steps).to_have_text(words["steps"][:number])

    served.cut()
    expect(owner.page.locator("#offline")).to_be_visible()
    for name in ("start", "issue_parts"):
        with scene.database.unit() as unit:
            take_step(unit, scene.technician, order, name)
    expect(steps).to_have_count(2)
    served.start()
    expect(steps).to_have_text(words["steps"])
    expect(owner.page.locator("#offline")).to_be_hidden()

    worker.page.reload()
    worker.step("work", note="新皮带 & belt")
    expect(owner.page.locator(".steps")).to_contain_text("新皮带 & belt")
    if language == "en":
        _photograph(owner.page)
    worker.step("quality_check")
    worker.step("complete")
    desk = Person(chromium, served, scene, scene.advisor, language)
    desk.page.goto(f"{served.url}/board/{order}")
    desk.page.select_option("#form-settle [name=return_old_parts]", "yes")
    desk.page.locator("#form-settle button.main").click()
    expect(steps).to_have_count(8)
    owner.page.locator("#visits a.button.main").click()
    expect(owner.page.locator("#settlement")).to_contain_text("维修诊断费")
    _review_while_it_is_paid(owner.page, scene, order)
    assert owner.complaints + worker.complaints + desk.complaints == []


def _see_it_fail_and_confirm(page: Page, scene: Scene, confirm: str) -> None:
    scene.drive("b9", 5, 12.1)
    expect(page.locator("#state")).to_contain_text("12.1")
    scene.fail()
    expect(page.locator("#findings")).to_contain_text("12.6 V")
    expect(page.locator("#findings canvas")).to_be_visible()
    button = page.locator("#visits form button.main")
    expect(button).to_have_text(confirm)
    button.click()
    page.wait_for_url("**/appointments/*done=confirmed")
    page.click("a.back")
    page.wait_for_url("**/cars/car-1")


def _review_while_it_is_paid(page: Page, scene: Scene, order: str) -> None:
    """What is being typed outlives the fragments that change around it."""
    page.fill("[name=words]", "很快")
    with scene.database.unit() as unit:
        payment = pay(unit, scene.owner, order, "sandbox")
        accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), Fact(Told.PAID, payment.id, payment.amount)))
    expect(page.locator("#bill-state.good")).to_be_visible()
    expect(page.locator("[name=words]")).to_have_value("很快")
    page.check("[name=rating][value='5']")
    page.locator("form:has([name=rating]) button").click()
    expect(page.locator("#review")).to_contain_text("5")


def test_a_session_that_ends_under_the_page_is_said_and_keeps_what_was_typed(
    chromium: Browser, served: Served, scene: Scene
) -> None:
    person = Person(chromium, served, scene, scene.owner, "en")
    page = person.page
    page.goto(f"{served.url}/cars/car-1/book?service=repair")
    page.fill("[name=words]", "rattles <b>in</b> the cold")
    page.locator(".times label.choice").first.click()
    page.context.clear_cookies()
    page.locator("form:has([name=words]) button.main").click()
    expect(page.locator("h1")).to_have_text("Your session has ended")
    expect(page.locator("textarea")).to_have_value("rattles <b>in</b> the cold")
    page.fill("[name=email]", "li.wei@example.com")
    page.fill("[name=password]", "secret")
    page.locator("button.main").click()
    expect(page.locator("h1")).to_have_text("Send again?")
    page.locator("button.main").click()
    expect(page.locator("#visit")).to_contain_text("rattles <b>in</b> the cold")


def test_live_values_say_that_the_session_has_ended(chromium: Browser, served: Served, scene: Scene) -> None:
    page = Person(chromium, served, scene, scene.owner, "en").page
    page.goto(f"{served.url}/cars/car-1")
    page.context.clear_cookies()
    expect(page.locator("#notice")).to_contain_text("Your session has ended")
    expect(page.locator("h1")).to_have_text("Toyota Etios 2014")


def test_the_page_is_live_even_when_its_stream_s_script_comes_late(
    chromium: Browser, served: Served, scene: Scene
) -> None:
    page = Person(chromium, served, scene, scene.owner, "en").page
    late: list[Route] = []

    def hold_back(route: Route) -> None:
        late.append(route)

    page.route("**/hx-sse.min.js", hold_back)
    page.goto(f"{served.url}/cars/car-1", wait_until="commit")
    expect(page.locator("h1")).to_have_text("Toyota Etios 2014")
    while not page.evaluate("!!window.htmx"):  # wait_for_function asks again by eval, which the page's policy forbids
        page.wait_for_timeout(20)
    assert page.evaluate("document.readyState") == "loading"  # later than this htmx begins, without its extension
    with page.expect_response("**/live?*"):
        late[0].continue_()
    with page.expect_response("**/cars/car-1/visits"):
        scene.fail()


def _photograph(page: Page) -> None:
    """Take the picture of the README; the committed one is renewed when UPDATE_SCREENSHOTS is set."""
    SCREENSHOT.parent.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#visits details summary").first.click()
    page.evaluate("scrollTo(0, 0)")
    picture = page.screenshot()
    assert picture.startswith(b"\x89PNG")
    if os.environ.get("UPDATE_SCREENSHOTS") or not SCREENSHOT.exists():
        SCREENSHOT.write_bytes(picture)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
