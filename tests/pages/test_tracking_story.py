"""Somebody without an account follows a repair by its link: live, across a cut, and over when the link is."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from aftersales.permissions import TRACKED
from aftersales.settlement.settling import settle
from aftersales.views import get_repair_order
from foundation.keys import add_tracking_link, revoke_key
from tests.pages.people import PHONE, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor


def test_a_link_shows_parts_and_costs_live(chromium: Browser, served: Served, scene: Scene, tmp_path: Path) -> None:
    floor = Floor(scene, tmp_path)
    with scene.database.unit() as unit:
        case = get_repair_order(unit, scene.owner, floor.order)["case"]
        link, secret = add_tracking_link(unit, scene.owner, case, 3, TRACKED)
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.url}/track#{secret}")
    page.wait_for_url(f"**/track/{case}")
    check(page)
    expect(page.locator("#costs")).to_contain_text("发电机")
    floor.step("check_in", mileage=84_210)
    expect(page.locator(".steps")).to_contain_text("车辆已接收")
    served.cut()
    floor.step("inspect", "start", "issue_parts", "work")
    served.start()
    expect(page.locator("#replaced li").first).to_contain_text("发电机")
    floor.step("quality_check", "complete")
    with scene.database.unit() as unit:
        settle(unit, scene.advisor, floor.order, return_old_parts=False)
    expect(page.locator("#costs")).to_contain_text("维修诊断费")
    assert secret not in page.content()
    assert page.locator("form[action*='repair-orders'], img").count() == 0
    check(page)
    with scene.database.unit() as unit:
        revoke_key(unit, scene.owner, link.id, case)
    expect(page.locator("#ended")).to_contain_text("此链接已失效")
    expect(page.locator("#costs")).to_have_count(0)
    page.reload()
    expect(page.locator("#link")).to_be_visible()
    assert complaints == []
    context.close()
