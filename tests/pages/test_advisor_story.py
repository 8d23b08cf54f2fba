"""An advisor at a desk: the board, an owner on the telephone, the sheet, the money, the car handed over, his review."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aftersales.repair.decisions import list_approvals
from aftersales.repair.reviews import review
from aftersales.repair.verdicts import list_verdicts
from aftersales.settlement.paying import pay
from forecourt.paying import PAYABLES
from foundation.database import new_id
from parts_catalog.payments import accept
from parts_catalog.payments.port import Fact, Notice, Told
from tests.pages.axe import violations
from tests.pages.people import DESK, Person, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor


def column(page: Page, name: str, order: str) -> None:
    expect(page.locator(f"#column-{name} #{order}")).to_be_visible(timeout=15_000)


def send(page: Page, form: str, done: str, button: str = "button.main", **typed: str) -> None:
    """Open what a form stands in, fill it in, and send it."""
    place = page.locator(form)
    if not place.is_visible():
        page.locator(f"details:has({form}) > summary").last.click()
    for name, value in typed.items():
        field = place.locator(f"[name={name}]")
        field.select_option(value) if field.evaluate("(one) => one.tagName") == "SELECT" else field.fill(value)
    place.locator(button).click()
    page.wait_for_url(f"**done={done}")


@pytest.mark.parametrize("language", ["en", pytest.param("zh_CN", marks=pytest.mark.soak)])
def test_a_day_at_the_desk(chromium: Browser, served: Served, scene: Scene, tmp_path: Path, language: str) -> None:
    floor = Floor(scene, tmp_path)
    order = floor.order
    advisor = Person(chromium, served, scene, scene.advisor, language, DESK)
    page = advisor.goto("/board")
    column(page, "expected", order)
    floor.step("check_in", mileage=84_210)
    column(page, "work", order)

    page.locator(f"#{order} a").click()
    page.wait_for_url(f"**/board/{order}")
    assert violations(page) == []
    send(page, "#form-add-labour", "line_added", text_zh="清洁端子", text_en="Clean the terminals", hours="0.25")
    expect(page.locator("#decide")).to_contain_text("Clean the terminals" if language == "en" else "清洁端子")
    _refused_and_kept(page)
    send(page, "#form-add-sublet", "line_added", net="180.50")
    _lose_the_server(page, served, scene, floor)
    drums = page.locator("#decide fieldset").filter(has_text="Turner & Sons")
    page.fill("#decide [name=given_by]", "Li Wei")
    page.select_option("#decide [name=channel]", "telephone")
    if language == "en":
        photograph(page, "desk.png")
    drums.locator("button[value^=approved]").click()
    page.wait_for_url("**done=taken_down")
    line = page.locator("#lines > ul > li").filter(has_text="Turner & Sons")
    expect(line.locator(".chip").first).to_have_class("chip good")
    send(page, f"#form-{line.get_attribute('id')}", "line_changed", unit_price="200")
    expect(page.locator("#decide fieldset")).to_have_count(2)
    page.fill("#decide [name=given_by]", "Li Wei")
    page.locator("#decide button[value='approved:all']").click()
    page.wait_for_url("**done=taken_down")
    with scene.database.unit() as unit:
        told = [(one["channel"], one["given_by"]) for one in list_approvals(unit, scene.advisor, order)]
    assert told.count(("telephone", "Li Wei")) == 1
    assert told.count(("counter", "Li Wei")) == 2
    labour = page.locator("#lines > ul > li").filter(has_text="0.25").first.get_attribute("id")
    send(page, f"#form-{labour}", "line_off", "button.bad")
    page.goto(f"{served.url}/board")
    column(page, "work", order)

    _settle(page, served, scene, floor)
    _judge_and_answer(page, scene, order)
    assert advisor.complaints == []


def _settle(page: Page, served: Served, scene: Scene, floor: Floor) -> None:
    """The sheet, its correction, the money, and the car that goes."""
    _finish(page, served, floor)
    page.goto(f"{served.url}/board/{floor.order}")
    assert violations(page) == []
    send(page, "#form-settle", "settled", plate="沪A12345", return_old_parts="yes")
    expect(page.locator("#sheet-1")).to_contain_text("加工费")
    expect(page.locator("#bill-state")).to_have_class("chip bad")
    assert page.locator("form[action$='/release']").count() == 0, "no car goes before it is paid"
    send(
        page,
        "#form-correct",
        "corrected",
        "button.bad",
        reason="Goodwill <b>for</b> waiting",
        **_first_net(page, "100"),
    )
    expect(page.locator("#sheet-2")).to_contain_text("Goodwill <b>for</b> waiting")
    _pay(scene, floor.order)
    expect(page.locator("#bill-state")).to_have_class("chip good")
    page.locator("form[action$='/release'] button").click()
    page.wait_for_url("**done=released")


def _refused_and_kept(page: Page) -> None:
    """What is refused keeps what was typed."""
    page.locator("#add-sublet summary").click()
    form = page.locator("#form-add-sublet")
    for name, value in {
        "text_zh": "制动鼓加工",
        "text_en": "Turn drums",
        "supplier": "Turner & Sons",
        "net": "1,80x",
    }.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("button.main").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(form.locator("[name=supplier]")).to_have_value("Turner & Sons")


def _lose_the_server(page: Page, served: Served, scene: Scene, floor: Floor) -> None:
    """A page that loses its server catches up, and a half-written form stays."""
    page.locator("#decide [name=given_by]").fill("half wri")
    served.cut()
    expect(page.locator("#offline")).to_be_visible()
    floor.look_over()
    served.start()
    expect(page.locator("#check_in-tyres")).to_be_visible()
    expect(page.locator("#decide [name=given_by]")).to_have_value("half wri")
    page.reload()
    expect(page.locator("#decide [name=given_by]")).to_have_value("half wri")


def _finish(page: Page, served: Served, floor: Floor) -> None:
    page.goto(f"{served.url}/board/{floor.order}")
    send(page, "#form-start", "step", "button")
    floor.step("issue_parts", "work", "quality_check", "complete")
    page.goto(f"{served.url}/board")
    column(page, "desk", floor.order)


def _first_net(page: Page, value: str) -> dict[str, str]:
    return {str(page.locator("#form-correct [name^=net-]").first.get_attribute("name")): value}


def _pay(scene: Scene, order: str) -> None:
    with scene.database.unit() as unit:
        payment = pay(unit, scene.owner, order, "sandbox")
        accept(unit, PAYABLES, "sandbox", Notice(new_id("ntc"), Fact(Told.PAID, payment.id, payment.amount)))


def _judge_and_answer(page: Page, scene: Scene, order: str) -> None:
    with scene.database.unit() as unit:
        review(unit, scene.owner, order, 4, "fine <script>alert(1)</script>")
        [finding] = list_verdicts(unit, scene.advisor, order)["items"]
    send(
        page,
        f"#form-verdict-{finding['finding']}",
        "saved",
        "button",
        verdict="other_fault",
        note="the belt <b>only</b>",
    )
    expect(page.locator("#verdicts")).to_contain_text("the belt <b>only</b>")
    send(page, "#form-answer", "review_answered", words="Thank <i>you</i>")
    expect(page.locator("#answer")).to_have_text("Thank <i>you</i>")
    page.goto(page.url.partition("/board")[0] + "/figures")
    assert violations(page) == []
