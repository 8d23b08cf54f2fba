"""Buying a part in a real browser, on a phone: from its page to the parcel at the door, its return and its review."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from forecourt.paying import new_paying, poster
from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import Actor, Role
from parts_catalog.payments.sandbox import deliver
from parts_catalog.seed import CENTRAL_ORGANISATION
from parts_catalog.shop.shipments import take_move
from tests.pages.people import Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served

NOTICES = "SELECT args FROM procrastinate_jobs WHERE task_name LIKE 'send%' ORDER BY id"


def send_notices(database: Database, data: Path, url: str) -> None:
    """Do the tasks process's part: what the sandbox has to tell goes through our own door."""
    sandbox = new_paying(Settings(data=data), database).providers["sandbox"]
    with database.unit() as unit:
        numbers = [args["number"] for args in unit.connection.execute(text(NOTICES)).scalars()]
    for number in numbers:
        assert deliver(sandbox, poster(url), number)  # type: ignore[arg-type]


def test_a_part_is_bought_followed_sent_back_and_reviewed(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], tmp_path: Path
) -> None:
    seller = person(Role.PARTS_MANAGER, "Keeper", CENTRAL_ORGANISATION)
    buyer = Person(chromium, served, scene, scene.owner, "zh_CN")
    page = buyer.page
    _fill_the_cart(page, served)
    _check_out(page)
    page.wait_for_url("**/payments/*/sandbox")
    page.get_by_role("button", name="批准付款").click()
    page.wait_for_url("**/orders/*")
    expect(page.locator("#order-state")).to_have_text("等待付款")
    check(page)
    page.evaluate("window.stayed = true")
    send_notices(scene.database, tmp_path, served.url)
    expect(page.locator("#order-state")).to_have_text("已付款")
    with scene.database.unit() as unit:
        parcel = unit.connection.execute(text("SELECT id FROM shipments")).scalar_one()
    for move, said in {"pick": "已拣货", "pack": "已打包", "ship": "运输中", "deliver": "已送达"}.items():
        with scene.database.unit() as unit:
            take_move(unit, seller, parcel, move, "SIM1" if move == "ship" else None)
        expect(page.locator(f"#parcel-{parcel} .chip")).to_have_text(said)
    expect(page.locator("#order-state")).to_have_text("已送达")
    assert page.evaluate("window.stayed"), "it was followed without loading the page anew"
    check(page)
    _send_back(page)
    _review(page)
    assert buyer.complaints == []


def _fill_the_cart(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/parts?q=发电机")
    page.locator("ul.grid h2 a").first.click()
    check(page)
    page.get_by_role("button", name="加入购物车").click()
    page.wait_for_url("**/carts/*done=in_cart")
    expect(page.locator("[role=timer]")).to_contain_text("0:1")
    check(page)
    page.fill("[name=quantity]", "2")
    page.get_by_role("button", name="修改").click()
    page.wait_for_url("**/carts/*done=saved")
    expect(page.locator("[name=quantity]")).to_have_value("2")


def _check_out(page: Page) -> None:
    page.click("text=去结算")
    check(page)
    page.select_option("[name=region]", "CN-SH")
    page.fill("[name=address]", "浦东新区世纪大道 1 号")
    page.fill("[name=name]", "李伟 <b>")
    page.fill("[name=phone]", "138 0000 0000")
    page.locator("button.big").click()
    expect(page.locator("#promise")).to_contain_text("前送达")
    page.wait_for_load_state()
    check(page)
    total = page.locator("#total").inner_text()
    pay = page.locator("button.big")
    expect(pay).to_contain_text(total)
    pay.click()


def _send_back(page: Page) -> None:
    page.click("text=申请退货")
    check(page)
    page.fill("input[type=number]", "1")
    page.check("[name=reason][value=not_needed]")
    page.locator("button.big").click()
    page.wait_for_url("**/orders/*done=return_asked")
    expect(page.locator("[id^=return-] .chip")).to_have_text("已申请")
    expect(page.locator(".steps")).to_contain_text("已申请退货")


def _review(page: Page) -> None:
    page.check("[name=rating][value='4']")
    page.fill("[name=words]", "很好 <i>")
    page.locator("form:has([name=rating]) button").click()
    page.wait_for_url("**/orders/*done=reviewed")
    expect(page.locator("#reviewing .notice.good")).to_contain_text("4")
    page.locator("td a").first.click()
    expect(page.locator("#reviews")).to_contain_text("很好 <i>")
    check(page)
