"""The calendar in a real browser: a block is dragged, a conflicting drag jumps back, the keyboard does the same."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from playwright.sync_api import Browser, Locator, Page, Route, expect

from aftersales.visits.bookings import decline
from tests.pages.people import DESK, Person, photograph
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_calendar import WORKSHOP, page_of, visit_of

LOOKS = re.compile(r"/calendar\?")


def look(page: Page) -> None:
    """Let the page ask for the day as it is now, as it does when something has changed."""
    page.evaluate("() => { htmx.trigger('#live', 'changed'); }")


def drag(page: Page, block: Locator, quarters: int, row: Locator) -> None:
    """Take a block in the middle and put it down some quarters of an hour to the right, in a row."""
    with held_block(page, block, quarters, row):
        pass


@contextmanager
def held_block(page: Page, block: Locator, quarters: int, row: Locator) -> Iterator[None]:
    """Hold a block; afterwards it is carried and put down."""
    box, target, cells = block.bounding_box(), row.bounding_box(), row.locator("th").bounding_box()
    assert box is not None
    assert target is not None
    assert cells is not None
    columns = int(page.locator("table.calendar").get_attribute("data-columns") or 0)
    quarter = (target["width"] - cells["width"]) / columns * 3
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    yield
    page.mouse.move(x + quarters * quarter / 2, y, steps=3)
    page.mouse.move(x + quarters * quarter, target["y"] + target["height"] / 2, steps=3)
    page.mouse.up()


def test_a_block_is_dragged_and_a_conflicting_drag_is_refused(chromium: Browser, served: Served, scene: Scene) -> None:
    visit = scene.fail()
    before = visit_of(scene, visit)
    advisor = Person(chromium, served, scene, scene.advisor, "en", DESK)
    address, _ = page_of(scene, visit)
    page = advisor.goto(address)
    name = before["bay"].rpartition("_")[0]
    row = page.locator(f"tr[data-bay={name}_3]")
    block = page.locator(f"tr[data-bay] [data-visit={visit}]")
    drag(page, block, -4, row)
    expect(row.locator(f"[data-visit={visit}]")).to_be_visible()
    expect(page.locator("#told")).to_have_text("The visit has been moved.")
    moved = visit_of(scene, visit)
    assert moved["bay"] == f"{name}_3"
    assert datetime.fromisoformat(before["start"]) - datetime.fromisoformat(moved["start"]) == timedelta(hours=1)

    drag(page, block, 40, row)  # past closing time
    expect(page.locator("#notice")).to_contain_text("Not possible there")
    expect(row.locator(f"[data-visit={visit}]")).to_be_visible()
    assert visit_of(scene, visit) == moved

    block.focus()
    for key in ("Enter", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#told")).to_contain_text("Bay 2")
    page.keyboard.press("Enter")
    expect(page.locator(f"tr[data-bay={name}_2] [data-visit={visit}]")).to_be_visible()
    assert datetime.fromisoformat(visit_of(scene, visit)["start"]) == datetime.fromisoformat(
        moved["start"]
    ) + timedelta(minutes=15)
    expect(page.locator("#told")).to_have_text("The visit has been moved.")
    photograph(page, "calendar.png")
    assert advisor.complaints == []


def test_a_page_that_catches_up_takes_nothing_out_of_the_hand(chromium: Browser, served: Served, scene: Scene) -> None:
    visit = scene.fail()
    before = visit_of(scene, visit)
    advisor = Person(chromium, served, scene, scene.advisor, "en", DESK)
    page = advisor.goto(page_of(scene, visit)[0])
    held: list[Route] = []
    page.route(LOOKS, lambda route: route.continue_() if held else held.append(route))
    look(page)
    page.wait_for_timeout(500)  # the driver tells of what is held while it waits

    block = page.locator(f"tr[data-bay] [data-visit={visit}]")
    row = page.locator(f"tr[data-bay={before['bay']}]")
    with held_block(page, block, 40, row):  # past closing time
        with page.expect_response(LOOKS):
            held[0].continue_()
        page.wait_for_timeout(300)
        expect(block).to_have_class(re.compile("moving"))
    expect(page.locator("#notice")).to_contain_text("Not possible there")
    assert visit_of(scene, visit) == before

    with page.expect_response(LOOKS) as looked:
        look(page)
    looked.value.finished()
    page.wait_for_timeout(300)
    expect(page.locator("#notice")).to_contain_text("Not possible there")  # until the next deed
    drag(page, block, 4, row)
    expect(page.locator("#told")).to_have_text("The visit has been moved.")
    expect(page.locator("#notice")).to_be_empty()
    assert advisor.complaints == []


def test_what_others_book_appears_by_itself(chromium: Browser, served: Served, scene: Scene) -> None:
    advisor = Person(chromium, served, scene, scene.advisor, "zh_CN", DESK)
    page = advisor.goto(f"/calendar?workshop={WORKSHOP}")
    expect(page.locator(".block")).to_have_count(0)
    visit = scene.fail()
    expect(page.locator(f"[data-visit={visit}]")).to_have_count(2)
    with scene.database.unit() as unit:
        decline(unit, scene.owner, visit)
    expect(page.locator(".block")).to_have_count(0)
    assert advisor.complaints == []
