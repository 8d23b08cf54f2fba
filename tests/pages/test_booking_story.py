"""An owner books on his phone in a real browser: wish, workshop, time, held, confirmed, moved, cancelled."""

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from aftersales.tables import assistances
from diagnostics.findings import Urgency
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


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.soak), "zh_CN"])
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


def test_a_stopped_car_s_place_goes_along_when_its_owner_wants_it(
    chromium: Browser, served: Served, scene: Scene
) -> None:
    visit = scene.fail(Urgency.S0)
    owner = Person(chromium, served, scene, scene.owner, "en")
    owner.page.context.grant_permissions(["geolocation"])
    owner.page.context.set_geolocation({"latitude": 31.2, "longitude": 121.5})
    page = owner.goto(f"/appointments/{visit}")
    page.locator("a[href$=stopped]").click()
    page.click("#here")
    expect(page.locator("#here")).to_have_text("Your position goes along.")
    page.locator("button[name=kind][value=towing]").click()
    page.wait_for_url("**/stopped?done=helped")
    with scene.database.unit() as unit:
        told = unit.connection.execute(select(assistances.c.latitude, assistances.c.longitude)).one()
    assert tuple(told) == (31.2, 121.5)
    assert owner.complaints == []
