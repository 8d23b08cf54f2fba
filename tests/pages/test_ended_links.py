"""A page whose stream was cut while what opened it ended says so as soon as it is back, and asks no more."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aftersales.permissions import APPROVING, TRACKED
from aftersales.repair.approval_links import end_approval_links
from aftersales.views import get_repair_order
from foundation.identity import end_session, issue_link
from foundation.keys import add_approval_link, add_tracking_link, revoke_key
from tests.pages.people import PHONE, Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor

Link = Callable[[Floor], tuple[str, Callable[[], None]]]  # gives its address, and what ends it


def tracking(floor: Floor) -> tuple[str, Callable[[], None]]:
    scene = floor.scene
    with scene.database.unit() as unit:
        case = get_repair_order(unit, scene.owner, floor.order)["case"]
        link, secret = add_tracking_link(unit, scene.owner, case, 3, TRACKED)

    def end() -> None:
        with scene.database.unit() as unit:
            revoke_key(unit, scene.owner, link.id, case)

    return f"/track#{secret}", end


def approval(floor: Floor) -> tuple[str, Callable[[], None]]:
    scene = floor.scene
    with scene.database.unit() as unit:
        _, secret = add_approval_link(unit, scene.owner, floor.order, 3, APPROVING)

    def end() -> None:
        with scene.database.unit() as unit:
            end_approval_links(unit, scene.owner, floor.order)

    return f"/approve#{secret}", end


@pytest.mark.parametrize("link", [tracking, approval])
def test_a_link_that_ended_during_a_cut_says_so(
    chromium: Browser, served: Served, scene: Scene, tmp_path: Path, link: Link
) -> None:
    address, end = link(Floor(scene, tmp_path))
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]
    page = context.new_page()
    follow(page, served.url + address)
    served.cut()
    end()
    served.start()
    expect(page.locator("#ended h1")).to_have_text("此链接已失效")
    expect(page.locator("#costs")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    check(page)
    while page.evaluate("!!document.getElementById('live')._htmx.sse"):  # the policy forbids wait_for_function its eval
        page.wait_for_timeout(100)
    context.close()


def follow(page: Page, address: str) -> None:
    """Open a page, and wait until its stream is there."""
    with page.expect_response("**/live?*"):
        page.goto(address)
    expect(page.locator("#costs")).to_be_visible()


def test_a_session_that_ended_during_a_cut_says_so_and_one_that_is_back_goes_on(
    chromium: Browser, served: Served, scene: Scene, tmp_path: Path
) -> None:
    floor = Floor(scene, tmp_path)
    owner = Person(chromium, served, scene, scene.owner, "en")
    page = owner.page
    follow(page, f"{served.url}/repair-orders/{floor.order}")
    [session] = [one["value"] for one in page.context.cookies() if one["name"] == "forecourt_session"]  # type: ignore[typeddict-item]
    served.cut()
    with scene.database.unit() as unit:
        end_session(unit, session)
        back = issue_link(unit, scene.owner)
    served.start()
    expect(page.locator("#notice")).to_contain_text("Your session has ended")
    expect(page.locator("#offline")).to_be_hidden()
    beside = page.context.new_page()
    beside.goto(f"{served.url}/sign-in#{back}")
    beside.wait_for_url(lambda url: "sign-in" not in url)
    expect(page.locator("#notice")).to_be_empty()
    assert owner.complaints == []
    owner.close()
