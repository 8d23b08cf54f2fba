"""Those who keep a house in order, at a browser: a workshop's manager on a tablet, an administrator at a desk."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from aftersales.seed import WORKSHOP_ORGANISATION
from foundation.identity import Actor, Role
from tests.pages.people import DESK, PHONE, Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_calendar import WORKSHOP, visit_of
from tests.pages.test_stock_story import TABLET


@pytest.mark.parametrize(
    ("language", "size"),
    [("zh_CN", TABLET), pytest.param("en", PHONE, marks=pytest.mark.soak)],
)
def test_a_manager_sets_the_workshop_up_and_sees_whom_it_concerns(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], language: str, size: dict[str, int]
) -> None:
    visit = scene.fail()
    seen = visit_of(scene, visit)
    boss = Person(chromium, served, scene, person(Role.WORKSHOP_MANAGER, "Boss", WORKSHOP_ORGANISATION), language, size)
    page = boss.goto("/")
    check(page)
    expect(page.locator("nav a[href='/workshop']")).to_be_visible()
    boss.goto(f"/workshop?workshop={WORKSHOP}")
    check(page)

    contact = page.locator(f"form[action='/workshop/{WORKSHOP}/contact']")
    contact.locator("[name=address]").fill("世纪大道 1 号")
    contact.locator("[name=telephone]").fill("none")
    contact.locator("button").click()
    expect(page.locator("#wrong-telephone")).to_be_visible()
    expect(page.locator("[name=address]")).to_have_value("世纪大道 1 号")
    check(page)
    page.locator("[name=telephone]").fill("021-555 0199")
    page.locator(f"form[action='/workshop/{WORKSHOP}/contact'] button").click()
    page.wait_for_url("**/workshop*done=*")
    expect(page.locator("[name=telephone]")).to_have_value("021-555 0199")

    away = page.locator(f"form[action='/workshop/{WORKSHOP}/absences']:has([name=resource])")
    away.locator("[name=resource]").select_option(seen["technician"])
    away.locator("[name=from]").fill(f"{seen['day']}T00:00")
    away.locator("[name=until]").fill(f"{seen['day']}T23:45")
    away.locator("[name=reason]").fill("flu")
    away.locator("button").click()
    page.wait_for_url("**/workshop*done=*")
    expect(page.locator(f"a[href*='visit={visit}']").first).to_be_visible()
    check(page)
    page.locator(f"a[href*='visit={visit}']").first.click()
    page.wait_for_url("**/calendar*")
    check(page)

    boss.goto("/figures")
    check(page)
    assert boss.complaints == []
    boss.close()


@pytest.mark.parametrize(
    ("language", "size"),
    [("en", DESK), pytest.param("zh_CN", PHONE, marks=pytest.mark.soak)],
)
def test_an_administrator_invites_somebody_makes_a_key_and_ends_both(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], language: str, size: dict[str, int]
) -> None:
    chief = person(Role.ADMINISTRATOR, "Chief", scene.owner.organisation)
    admin = Person(chromium, served, scene, chief, language, size)
    page = admin.goto("/account")
    check(page)
    page.locator("a[href='/members']").first.click()
    check(page)
    invite = page.locator("form[action='/members']")
    invite.locator("[name=email]").fill("zhao.min@example.com")
    invite.locator("[name=name]").fill("Zhao Min")
    invite.locator("[name=role]").select_option("owner")
    invite.locator("button").click()
    link = page.locator("section.soon input").input_value()
    check(page)
    _enters(chromium, link)

    page.goto(f"{served.url}/keys")
    check(page)
    page.locator("form[action='/keys'] [name=name]").fill("Dispatch")
    page.check("[name=scope-read]")
    page.locator("form[action='/keys'] button.main").click()
    key = page.locator("section.soon input").input_value()
    check(page)
    headers = {"Authorization": f"Bearer {key}"}
    assert page.request.get(f"{served.url}/v1/vehicles", headers=headers).status == 200
    page.goto(f"{served.url}/keys")
    assert key not in page.content()
    page.locator("form[action^='/keys/'] button").click()
    page.wait_for_url("**/keys?done=*")
    assert page.request.get(f"{served.url}/v1/vehicles", headers=headers).status == 401

    page.goto(f"{served.url}/members")
    page.locator("li", has_text="Zhao Min").locator("form[action$='/revoke'] button").click()
    page.wait_for_url("**/members?done=*")
    expect(page.locator("main")).not_to_contain_text("zhao.min@example.com")
    check(page)
    assert admin.complaints == []
    admin.close()


def _enters(chromium: Browser, link: str) -> Page:
    """Enter by a link that was handed on, at another machine."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(link)
    page.wait_for_url(lambda url: "sign-in" not in url)
    expect(page.locator("form[action='/sign-out']")).to_have_count(1)
    context.close()
    return page
