"""An owner follows his repair on a phone: he decides, signs, loses the server, pays, and says how it was."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aftersales.cases import SettlementGroup
from aftersales.repair.corrections import Fault, add_fault
from aftersales.repair.decisions import list_approvals
from aftersales.repair.inspections import Light, Stage, complete, look, points_of
from aftersales.repair.line_changes import Change, change
from aftersales.repair.order_lines import Labour, Sublet, add_line
from aftersales.repair.photos import Place, add_photo, photo_folder
from aftersales.repair.repair_orders import take_step
from aftersales.repair.reviews import answer_review
from aftersales.settlement.releasing import release
from aftersales.settlement.settling import settle
from aftersales.views import get_repair_order
from aftersales.visits.bookings import confirm
from foundation.identity import Actor
from ingest.registry import Vehicles
from tests.access.prices import png
from tests.pages.people import Person, check, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_shop_story import send_notices

WORDS = {
    "en": {
        "approve": "Approve",
        "decline": "Decline all",
        "changed": "This line has changed",
        "sandbox": "Approve the",
    },
    "zh_CN": {"approve": "同意", "decline": "全部拒绝", "changed": "此项目在您决定后有变更", "sandbox": "批准付款"},
}


class Floor:
    """What the workshop does meanwhile, without a page."""

    def __init__(self, scene: Scene, data: Path) -> None:
        self.scene, self.photos = scene, photo_folder(data)
        visit = scene.fail()
        with scene.database.unit() as unit:
            self.order = str(confirm(unit, scene.owner, visit)["repair_order"])

    def step(self, *steps: str, mileage: int | None = None, by: Actor | None = None) -> None:
        for name in steps:
            with self.scene.database.unit() as unit:
                note = "皮带已换" if name == "work" else None
                take_step(unit, by or self.scene.technician, self.order, name, note, mileage)

    def look_over(self) -> None:
        """Look the car over at check-in, with one photo of a worn tyre."""
        with self.scene.database.unit() as unit:
            who, order = self.scene.technician, self.order
            for point in points_of(Stage.CHECK_IN):
                worn = point.code == "tyres"
                seen = (Light.AMBER, "前轮剩余3 mm") if worn else (Light.GREEN, None)
                look(unit, who, order, Stage.CHECK_IN, point.code, *seen)
            add_photo(unit, who, order, png(90), Place(Stage.CHECK_IN, "tyres"), self.photos)
            complete(unit, who, order, Stage.CHECK_IN)

    def find_more(self) -> list[str]:
        """Find a fault, and ask for two lines more; gives them."""
        with self.scene.database.unit() as unit:
            who, order = self.scene.technician, self.order
            add_fault(unit, who, order, Fault("怠速12.1 V", "电刷磨损"))
            known = {line["id"] for line in get_repair_order(unit, who, order)["lines"]}
            add_line(unit, who, Vehicles(), order, Labour("Clean the terminals", "清洁端子", 30))
            drum = Sublet("Turn the drums", "制动鼓加工", "Turner & Sons", 18_000, SettlementGroup.PROCESSING)
            after = add_line(unit, who, Vehicles(), order, drum)["lines"]
            return [line["id"] for line in after if line["id"] not in known]

    def finish(self, data: Path, url: str) -> None:
        self.step("issue_parts", "work", "quality_check", "complete")
        with self.scene.database.unit() as unit:
            settle(unit, self.scene.advisor, self.order, return_old_parts=True)


@pytest.fixture
def floor(scene: Scene, tmp_path: Path) -> Floor:
    return Floor(scene, tmp_path)


@pytest.mark.parametrize("language", ["zh_CN", pytest.param("en", marks=pytest.mark.soak)])
def test_an_owner_follows_decides_pays_and_reviews(
    chromium: Browser, served: Served, scene: Scene, floor: Floor, tmp_path: Path, language: str
) -> None:
    words = WORDS[language]
    owner = Person(chromium, served, scene, scene.owner, language)
    page = owner.goto(f"/repair-orders/{floor.order}")
    check(page)
    page.evaluate("window.stayed = true")
    floor.step("check_in", mileage=84_210)
    expect(page.locator(".steps li")).to_have_count(1)
    floor.look_over()
    expect(page.locator("#check_in-tyres img")).to_be_visible()
    assert page.locator("#check_in-tyres img").evaluate(
        "async (one) => { await one.decode(); return one.naturalWidth }"
    )
    cleaning, drums = added = floor.find_more()
    expect(page.locator("#decide fieldset")).to_have_count(2)
    expect(page.locator("#found")).to_contain_text("怠速12.1 V")
    check(page)
    if language == "zh_CN":
        photograph(page, "repair.png")

    served.cut()
    expect(page.locator("#offline")).to_be_visible()
    with scene.database.unit() as unit:
        change(unit, scene.advisor, floor.order, drums, Change(unit_net=21_000))
    served.start()
    expect(page.locator(f"#ask-{drums}")).to_contain_text("210")
    expect(page.locator("#offline")).to_be_hidden()
    assert page.evaluate("window.stayed"), "it was followed without loading the page anew"

    _sign(page)
    page.locator(f"#ask-{cleaning}").get_by_role("button", name=words["approve"]).click()
    page.wait_for_url("**done=decided")
    expect(page.locator("#decide fieldset")).to_have_count(1)
    page.locator(f"#ask-{drums}").get_by_role("button", name=words["approve"]).click()
    page.wait_for_url("**done=decided")
    expect(page.locator("#decide")).to_have_count(0)
    with scene.database.unit() as unit:
        change(unit, scene.advisor, floor.order, drums, Change(unit_net=22_000))
    expect(page.locator(f"#ask-{drums}")).to_contain_text(words["changed"])
    page.locator(f"#ask-{drums} button[value^=declined]").click()
    page.wait_for_url("**done=decided")
    with scene.database.unit() as unit:
        every = list_approvals(unit, scene.owner, floor.order)
    told = {line: [(one["decision"], bool(one["signature"])) for one in every if one["line"] == line] for line in added}
    assert told == {cleaning: [("approved", True)], drums: [("approved", False), ("declined", False)]}
    assert len({one["hash"] for one in every if one["line"] in added}) == 3

    floor.step("start")
    floor.finish(tmp_path, served.url)
    _pay(page, scene, served, tmp_path, words["sandbox"])
    _review(owner, scene, floor.order)
    assert owner.complaints == []


def _sign(page: Page) -> None:
    page.locator("#sign summary").click()
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 50, steps=4)
    page.mouse.up()
    expect(page.locator("[name=signature]")).to_have_js_property("files.length", 1)


def _pay(page: Page, scene: Scene, served: Served, data: Path, approve: str) -> None:
    expect(page.locator("#settlement")).to_contain_text("加工费")
    check(page)
    page.locator("#bill button[value=sandbox]").click()
    page.wait_for_url("**/payments/*/sandbox")
    page.get_by_role("button", name=approve).click()
    page.wait_for_url("**/repair-orders/*")
    send_notices(scene.database, data, served.url)
    expect(page.locator("#bill .chip.good")).to_be_visible()
    page.locator("form[action$='/signature'] button").click()
    page.wait_for_url("**done=signed")


def _review(owner: Person, scene: Scene, order: str) -> None:
    """Lose page and session over a review that is half written; it is written on, sent, and answered."""
    page = owner.page
    with scene.database.unit() as unit:
        release(unit, scene.advisor, order)
    expect(page.locator("#order-state.good")).to_be_visible()
    page.fill("[name=words]", "快 <b>而且</b> 好")
    page.check("[name=rating][value='5']")
    page.reload()
    expect(page.locator("[name=words]")).to_have_value("快 <b>而且</b> 好")
    expect(page.locator("[name=rating][value='5']")).to_be_checked()
    page.context.clear_cookies()
    page.locator("#review-form button.main").click()
    expect(page.locator("textarea")).to_have_value("快 <b>而且</b> 好")
    page.fill("[name=email]", "li.wei@example.com")
    page.fill("[name=password]", "secret")
    page.locator("button.main").click()
    expect(page.locator("textarea")).to_have_value("快 <b>而且</b> 好")
    page.locator("button.main").click()
    page.wait_for_url("**done=reviewed")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft ')).length") == 0
    with scene.database.unit() as unit:
        answer_review(unit, scene.advisor, order, "谢谢 <i>李</i>先生")
    expect(page.locator("#answer")).to_have_text("谢谢 <i>李</i>先生")
    check(page)
