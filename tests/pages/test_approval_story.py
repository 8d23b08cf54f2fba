"""An owner on a phone, in Chinese, from the link of a text message to his decision, without signing in."""

from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from aftersales.repair.decisions import list_approvals
from aftersales.repair.line_changes import Change, change
from aftersales.telling.consents import Channel, Purpose, give
from aftersales.telling.messages import Mail
from tests.aftersales.repair.letters import read_letters
from tests.pages.people import PHONE, check, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor
from tests.pages.weighing import weighed


def asked(floor: Floor, house: str) -> tuple[list[str], Mail]:
    """Let more be found; gives the lines, and the last text message that asks for a decision."""
    lines = floor.find_more()
    return lines, read_letters(floor.scene.database, house)[-1]


def test_an_owner_decides_by_the_link_of_a_text_message(
    chromium: Browser, served: Served, scene: Scene, tmp_path: Path
) -> None:
    with scene.database.unit() as unit:
        give(unit, scene.owner, Channel.SMS, Purpose.NOTICES, "+8613800000000")
    floor = Floor(scene, tmp_path)
    floor.step("check_in", mileage=84_210)
    floor.look_over()
    (cleaning, drums), message = asked(floor, served.url)
    assert message.link is not None
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security" in said.text else None)
    page.goto(message.link)
    page.wait_for_url(f"**/approve/{floor.order}")
    with weighed(page) as weight:
        page.reload()
        page.wait_for_load_state("load")
    weight.check()
    expect(page.locator("#decide fieldset")).to_have_count(2)
    assert page.locator("#check_in-tyres img").evaluate(
        "async (one) => { await one.decode(); return one.naturalWidth }"
    )
    check(page)
    photograph(page, "approve.png")

    _lose_the_server(page, served, floor, cleaning, drums)
    _choice(page, drums, "declined").check()
    page.locator("#decide button.main").click()
    page.wait_for_url("**done=decided")
    expect(page.locator("#nothing-waits")).to_be_visible()
    check(page)
    with scene.database.unit() as unit:
        every = [one for one in list_approvals(unit, scene.owner, floor.order) if one["channel"] == "link"]
    assert {(one["line"], one["decision"], one["ip"]) for one in every} == {
        (cleaning, "approved", "127.0.0.1"),
        (drums, "declined", "127.0.0.1"),
    }
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft ')).length") == 0
    assert message.link.partition("#")[2] not in page.content()
    floor.step("start")
    floor.finish(tmp_path, served.url)
    expect(page.locator("#ended")).to_be_visible()
    expect(page.locator("#decide, #costs")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    check(page)
    assert complaints == []
    context.close()


def _choice(page: Page, line: str, said: str) -> Locator:
    return page.locator(f"[id^=ask-{line}] input[value={said}]")


def _lose_the_server(page: Page, served: Served, floor: Floor, cleaning: str, drums: str) -> None:
    """See that what is ticked outlives the server, and that a tick of a line as it was is none of it as it is."""
    _choice(page, cleaning, "approved").check()
    _choice(page, drums, "approved").check()
    served.cut()
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(True)  # the port stays open: what is sent must not wait there
    page.locator("#decide button.main").click()
    page.wait_for_url("chrome-error:**")
    page.context.set_offline(False)
    served.start()
    page.goto(f"{served.url}/approve/{floor.order}")
    expect(_choice(page, cleaning, "approved")).to_be_checked()
    expect(_choice(page, drums, "approved")).to_be_checked()
    with floor.scene.database.unit() as unit:
        change(unit, floor.scene.advisor, floor.order, drums, Change(unit_net=21_000))
    expect(page.locator(f"[id^=ask-{drums}]")).to_contain_text("210")
    expect(_choice(page, cleaning, "approved")).to_be_checked()
    expect(_choice(page, drums, "approved")).not_to_be_checked()
