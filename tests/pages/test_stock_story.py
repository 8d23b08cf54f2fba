"""A parts manager's day on a tablet: receives and counts, picks, packs and sends, inspects what came back."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from foundation.identity import Actor, Role
from parts_catalog.seed import CENTRAL_ORGANISATION
from tests.pages.bought import a_part, buy, figures, send_back
from tests.pages.people import Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served

TABLET = {"width": 800, "height": 1100}


def press(page: Page, button: str) -> None:
    """Press a button of a form, and see that what it asked for was done."""
    with page.expect_navigation(url="**?done=*"):
        page.get_by_role("button", name=button).click()
    expect(page.locator(".notice.good")).to_be_visible()
    check(page)


def test_a_day_in_the_warehouse(chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor]) -> None:
    database, part = scene.database, a_part(scene.database)
    before, _ = figures(database, part)
    with database.unit() as unit:
        number = unit.rows("SELECT number FROM parts WHERE id = %(part)s", {"part": part})[0].number
    keeper = Person(chromium, served, scene, person(Role.PARTS_MANAGER, "Parts", CENTRAL_ORGANISATION), "en", TABLET)
    page = keeper.goto("/stock")
    check(page)
    page.get_by_label("Part number").fill(number)
    page.get_by_role("button", name="Search").click()
    page.locator("a.card", has_text=number).first.click()
    receiving = page.locator("form", has_text="Put on the shelf")
    receiving.get_by_label("Pieces").fill("5")
    press(page, "Put on the shelf")
    press(page, "Begin to count")
    page.get_by_label("Pieces counted").fill(str(before + 3))
    press(page, "Book the difference")
    assert figures(database, part) == (before + 3, 0)

    order, parcel = buy(database, scene.owner, part, 3)
    page = keeper.goto("/shipments")
    expect(page.locator("section", has_text="To pick now")).to_contain_text(number)
    check(page)
    page.locator(f"a.card[href='/shipments/{parcel}']").click()
    for button in ("Everything is picked", "The parcel is packed", "Hand it to the carrier", "It has been delivered"):
        press(page, button)
    page.get_by_role("link", name="Packing slip").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Century Avenue 1")
    check(page)
    assert figures(database, part) == (before, 0)

    back = send_back(database, scene.owner, order, 2)
    page = keeper.goto("/returns")
    check(page)
    page.locator(f"a.card[href='/returns/{back}']").click()
    press(page, "Agree: the parts may be sent back")
    press(page, "The parts have come back")
    page.get_by_label("Back on the shelf").fill("1")
    page.get_by_label("Scrapped").fill("1")
    press(page, "Book and refund")
    assert figures(database, part) == (before + 1, 0)
    assert keeper.complaints == []
    keeper.close()
