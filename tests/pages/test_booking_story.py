"""An owner books on his phone in a real browser: wish, workshop, time, held, confirmed, moved, cancelled."""

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.people import Person, check, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served

WORDS = {
    "en": {
        "wish": "Repair",
        "minhang": "Minhang Workshop",
        "held": "Proposed",
        "confirmed": "Confirmed",
        "over": "Declined",
    },
    "zh_CN": {"wish": "维修", "minhang": "闵行汽修中心", "held": "已建议", "confirmed": "已确认", "over": "已谢绝"},
}


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_from_a_wish_to_a_visit_that_is_moved_and_cancelled(
    chromium: Browser, served: Served, scene: Scene, language: str
) -> None:
    words = WORDS[language]
    owner = Person(chromium, served, scene, scene.owner, language)
    page = owner.goto("/cars/car-1/book")
    check(page)
    page.get_by_role("heading", name=words["wish"], exact=True).click()
    page.fill("[name=words]", "刹车异响 <b>brakes</b>")
    with page.expect_response("**/book/times"):
        page.get_by_text(words["minhang"]).first.click()
    expect(page.locator("#times")).to_contain_text(words["minhang"])
    expect(page.locator("[name=words]")).to_have_value("刹车异响 <b>brakes</b>")
    check(page)
    page.locator(".times label.choice").nth(1).click()
    if language == "en":
        photograph(page, "booking.png")
    page.locator("#times button.big").click()
    page.wait_for_url("**/appointments/*done=held")
    chip = page.locator("#visit .chip").first
    expect(chip).to_have_text(words["held"])
    expect(page.locator("#left")).to_contain_text("1:59:")
    check(page)
    page.locator("form[action$=confirm] button").click()
    page.wait_for_url("**/appointments/*done=confirmed")
    expect(chip).to_have_text(words["confirmed"])
    file = page.request.get(served.url + (page.locator("a[download]").get_attribute("href") or ""))
    assert file.headers["content-type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in file.text()
    check(page)

    before = page.locator("#visit .facts dd").first.inner_text()
    page.locator("a[href$=move]").click()
    page.locator("details summary").nth(1).click()
    page.locator("details[open] .times label.choice").last.click()
    page.locator("button.big").click()
    page.wait_for_url("**/appointments/*done=moved")
    expect(page.locator("#visit .facts dd").first).not_to_have_text(before)
    page.locator("form[action$=decline] button").click()
    page.wait_for_url("**/appointments/*done=declined")
    expect(chip).to_have_text(words["over"])
    assert owner.complaints == []
