"""A fleet operator's day at a desk: which van wants what, its visit, a decision under way, the bill, the review."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aftersales.repair.decisions import list_approvals
from aftersales.repair.line_changes import Change, change
from aftersales.repair.photos import photo_folder
from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.settlement.accounts import put_on_account
from aftersales.settlement.releasing import release
from diagnostics.findings import Urgency
from foundation.identity import Role, add_account
from ingest.topics import Kind
from tests.pages.fleet import NUMBER, Fleet, build_fleet
from tests.pages.people import DESK, PHONE, Person, check, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_codes import REPORT
from tests.pages.test_repair_story import Floor
from tests.pages.test_shop_story import send_notices

VAN = 7


class Bay(Floor):
    """What the workshop does with a van whose visit its operator has confirmed."""

    def __init__(self, van: Scene, data: Path, order: str) -> None:
        self.scene, self.photos, self.order = van, photo_folder(data), order


def a_morning(scene: Scene, data: Path) -> Fleet:
    """Build a fleet in which one van has a finding, and others are in the workshop, booked, lit or silent."""
    fleet = build_fleet(scene)
    vans = fleet.vans
    for day in range(3, 0, -1):
        vans[VAN].drive(f"a{day}", 600, 12.3 + 0.4 * day, ago=timedelta(days=day) - timedelta(hours=2))
    fleet.hear(*(number for number in vans if number not in (4, 26)))
    fleet.hear(4, ago=timedelta(days=6))
    vans[9].say(Kind.DTCS, seq=1, **REPORT)
    vans[22].find_fault(Urgency.S2)
    Floor(vans[12], data).step("check_in", mileage=84_210)
    vans[VAN].fail()
    return fleet


@pytest.mark.parametrize(
    ("language", "size"),
    [("en", DESK), pytest.param("zh_CN", PHONE, marks=pytest.mark.soak)],
)
def test_a_day_of_a_fleet_operator(
    chromium: Browser, served: Served, scene: Scene, tmp_path: Path, language: str, size: dict[str, int]
) -> None:
    fleet = a_morning(scene, tmp_path)
    van = fleet.vans[VAN]
    operator = Person(chromium, served, scene, fleet.operator, language, size)
    page = operator.goto("/")
    page.wait_for_url("**/cars")
    _find_the_van(page)
    if language == "en":
        photograph(page, "fleet.png")
    _see_why_and_book(page)
    with scene.database.unit() as unit:
        [order] = unit.rows("SELECT id, workshop FROM repair_orders WHERE vehicle = %(van)s", {"van": van.vehicle})
        manager = add_account(unit, "boss@pudong.example", Role.WORKSHOP_MANAGER, WORKSHOP_ORGANISATION)
        put_on_account(unit, manager, order.workshop, fleet.house)
    floor = Bay(van, tmp_path, order.id)
    _decide_while_it_happens(page, served, floor)
    _pay_what_is_on_account(page, scene, served, floor, tmp_path)
    _review(page, scene, floor.order)
    _take_along(page)
    assert operator.complaints == []
    operator.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_search_button_stands_by_its_field(
    chromium: Browser, served: Served, scene: Scene, size: dict[str, int]
) -> None:
    operator = Person(chromium, served, scene, build_fleet(scene).operator, "en", size)
    page = operator.goto("/cars")
    boxes = [page.locator(f"form.search {one}").bounding_box() for one in ("[name=q]", "button")]
    field, button = (box for box in boxes if box is not None)
    form = page.locator("form.search").bounding_box()
    assert form is not None
    if size is DESK:
        assert (field["y"], field["height"]) == (button["y"], button["height"]), "on one line"
    else:
        assert field["x"] == button["x"]
        assert 8 <= button["y"] - field["y"] - field["height"] <= 16
    above = page.locator("form.search label").bounding_box()
    assert above is not None
    below = form["y"] + form["height"] - button["y"] - button["height"]
    assert abs(below - (above["y"] - form["y"])) < 1, "as much room below as above"
    operator.close()


def _find_the_van(page: Page) -> None:
    """See the most pressing van first, and only those that want something."""
    check(page)
    cards = page.locator("#cars > ul > li[id]")
    expect(cards.first).to_have_id(f"car-van-{VAN:02}")
    expect(page.locator("nav.facets a").first).to_contain_text(str(NUMBER))
    page.locator("a[href='/cars?show=you']").click()
    expect(cards).to_have_count(2)
    page.locator("a[href='/cars?show=silent']").click()
    expect(cards).to_have_count(2)
    page.fill("[name=q]", "van-26")
    page.locator("form.search button").click()
    expect(cards).to_have_count(1)
    page.locator("nav[aria-label] a[href='/cars']").first.click()
    expect(cards.first).to_have_id(f"car-van-{VAN:02}")


def _see_why_and_book(page: Page) -> None:
    """Look at the evidence, choose another time than the proposed one, and confirm it."""
    page.locator(f"#car-van-{VAN:02} h2 a").click()
    page.wait_for_url(f"**/cars/van-{VAN:02}")
    expect(page.locator("#findings")).to_contain_text("12.6 V")
    expect(page.locator("#findings canvas")).to_be_visible()
    check(page)
    page.go_back()
    page.locator(f"#car-van-{VAN:02} .wanted a").click()
    page.wait_for_url("**/appointments/*")
    check(page)
    proposed = page.locator("#visit .facts dd").first.inner_text()
    page.locator("a[href$=move]").click()
    page.locator("details summary").nth(1).click()
    page.locator("details[open] .times label.choice").last.click()
    check(page)
    page.locator("button.big").click()
    page.wait_for_url("**/appointments/*done=moved")
    expect(page.locator("#visit .facts dd").first).not_to_have_text(proposed)
    page.locator("form[action$=confirm] button").click()
    page.wait_for_url("**done=confirmed")
    page.locator("nav a[href='/cars']").click()
    expect(page.locator(f"#car-van-{VAN:02} .chip.good")).to_be_visible()


def _decide_while_it_happens(page: Page, served: Served, floor: Floor) -> None:
    """Follow from the list into the repair, lose the server, and decide on each line as it stands after that."""
    floor.step("check_in", mileage=120_300)
    floor.look_over()
    cleaning, drums = floor.find_more()
    page.reload()
    expect(page.locator(f"#car-van-{VAN:02} .chip.bad")).to_be_visible()
    page.locator(f"#car-van-{VAN:02} .wanted a").click()
    page.wait_for_url("**/repair-orders/*#decide")
    check(page)
    page.evaluate("window.stayed = true")
    served.cut()
    expect(page.locator("#offline")).to_be_visible()
    with floor.scene.database.unit() as unit:
        change(unit, floor.scene.advisor, floor.order, drums, Change(unit_net=21_000))
    served.start()
    expect(page.locator(f"#ask-{drums}")).to_contain_text("210")
    expect(page.locator("#offline")).to_be_hidden()
    assert page.evaluate("window.stayed"), "it was followed without loading the page anew"
    for line, decision in ((cleaning, "declined"), (drums, "approved")):
        page.locator(f"#ask-{line} button[value^={decision}]").click()
        page.wait_for_url("**done=decided")
        expect(page.locator(f"#ask-{line}")).to_have_count(0)
    with floor.scene.database.unit() as unit:
        told = {one["line"]: one["decision"] for one in list_approvals(unit, floor.scene.owner, floor.order)}
    assert (told[cleaning], told[drums]) == ("declined", "approved")


def _pay_what_is_on_account(page: Page, scene: Scene, served: Served, floor: Floor, data: Path) -> None:
    """Find the bill on account in the list, and pay it before its time."""
    floor.step("start")
    floor.finish(data, served.url)
    page.goto(f"{served.url}/cars?show=account")
    expect(page.locator("#cars > ul > li[id]")).to_have_count(1)
    page.locator(f"#car-van-{VAN:02} .wanted a").click()
    page.wait_for_url("**/repair-orders/*#bill")
    check(page)
    page.locator("#bill button[value=sandbox]").click()
    page.wait_for_url("**/payments/*/sandbox")
    check(page)
    page.locator("button.main").click()
    page.wait_for_url("**/repair-orders/*")
    send_notices(scene.database, data, served.url)
    expect(page.locator("#bill p time")).to_be_visible()
    page.locator("form[action$='/signature'] button").click()
    page.wait_for_url("**done=signed")


def _review(page: Page, scene: Scene, order: str) -> None:
    with scene.database.unit() as unit:
        release(unit, scene.advisor, order)
    expect(page.locator("#order-state.good")).to_be_visible()
    page.check("[name=rating][value='4']")
    page.fill("[name=words]", "准时 <b>on time</b>")
    page.locator("#review-form button.main").click()
    page.wait_for_url("**done=reviewed")
    expect(page.locator("#review")).to_contain_text("<b>on time</b>")
    check(page)
    page.locator("nav a[href='/cars']").click()
    expect(page.locator(f"#car-van-{VAN:02}")).to_be_visible()
    expect(page.locator(f"#car-van-{VAN:02} .wanted")).to_have_count(0)


def _take_along(page: Page) -> None:
    """Load the fleet's repairs and costs as a table."""
    with page.expect_download() as loaded:
        page.locator("a[download]").click()
    with Path(loaded.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = {row["car"]: row for row in csv.DictReader(file)}
    assert sorted(rows) == ["van-07", "van-12"]
    mine = rows["van-07"]
    assert (mine["state"], mine["bill"], mine["mileage_km"]) == ("released", "paid", "120300")
    assert float(mine["gross"]) == round(float(mine["net"]) + float(mine["tax"]), 2) > 237.3  # the drums alone
    assert (rows["van-12"]["state"], rows["van-12"]["gross"]) == ("open", "")
