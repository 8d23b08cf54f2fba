"""The engineer of a fleet's software on a tablet: fits a device, is told by webhook, mends all that, locks out."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from standardwebhooks import Webhook, WebhookVerificationError

from forecourt.compose import build_app
from forecourt.settings import Settings
from forecourt.webhooks.courier import Courier
from foundation.clock import FixedClock
from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from tests.pages.fleet import Fleet, build_fleet
from tests.pages.people import DESK, Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_stock_story import TABLET
from tests.webhooks.receiver import Receiver, receiving

VAN = "van-05"


@pytest.fixture
def served(database: Database, archive: Archive, tmp_path: Path) -> Iterator[Served]:
    """The application, whose webhooks may go to this machine."""
    running = Served(lambda: build_app(Settings(data=tmp_path, webhook_private=True), database, archive))
    running.start()
    yield running
    running.close()


class Post:
    """The courier of webhooks, in a thread of its own: Playwright's event loop has this one."""

    def __init__(self, database: Database) -> None:
        self._clock = FixedClock(datetime.now(UTC))
        self._courier = Courier(database, private=True, clock=self._clock)

    def round(self) -> int:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self._courier.round())).result()

    def rounds(self) -> None:
        """Send all that is due by the machine's clock, by which the pages say what is due."""
        self._clock.advance(datetime.now(UTC) - self._clock.now())
        while self.round():
            pass


def admits(database: Database, device: str, password: str) -> bool:
    with database.unit() as unit:
        return registry.admits(unit, device, password)


@pytest.mark.parametrize(
    ("language", "size"),
    [("zh_CN", TABLET), pytest.param("en", DESK, marks=pytest.mark.soak)],
)
def test_a_day_of_an_engineer(
    chromium: Browser, served: Served, scene: Scene, language: str, size: dict[str, int]
) -> None:
    fleet = build_fleet(scene)
    engineer = Person(chromium, served, scene, fleet.engineer, language, size)
    page = engineer.goto("/")
    page.wait_for_url("**/cars")
    check(page)
    device, password = _fit_a_device(page, scene)
    _hear_it(page, fleet, device)
    with receiving(Receiver(lambda number: 503 if number == 0 else 204)) as receiver:
        _be_told(page, fleet, Post(scene.database), receiver)
    _confirm_and_look_on(page)

    page.goto(f"{served.url}/devices?q={device}")
    page.locator("form[action$='/revoke'] button").click()
    page.wait_for_url("**/devices?done=device_revoked")
    page.goto(f"{served.url}/devices?q={device}")
    expect(page.locator(".devices .chip.bad")).to_be_visible()
    check(page)
    assert not admits(scene.database, device, password)
    assert engineer.complaints == []
    engineer.close()


def _fit_a_device(page: Page, scene: Scene) -> tuple[str, str]:
    """Register a device for a van; gives its id and its password, which no page shows again."""
    page.locator("nav a[href='/devices']").click()
    page.wait_for_url("**/devices")
    check(page)
    page.select_option("[name=vehicle]", VAN)
    page.select_option("[name=dialect]", "forecourt")
    page.locator("form[action='/devices'] button.main").click()
    expect(page.locator("section.soon input")).to_have_count(6)
    check(page)
    shown = [one.input_value() for one in page.locator("section.soon input").all()]
    device, password = shown[3:5]
    assert admits(scene.database, device, password)
    page.goto(page.url)
    expect(page.locator(".devices")).to_contain_text(device)
    assert password not in page.content()
    return device, password


def _hear_it(page: Page, fleet: Fleet, device: str) -> None:
    """See on the car's page what the new device sends, as it sends it."""
    page.locator("[name=q]").fill(device)
    page.locator("form.search button").click()
    expect(page.locator(".devices li")).to_have_count(1)
    expect(page.locator(".devices .chip.warn")).to_be_visible()
    page.locator(f".devices a[href='/cars/{VAN}']").click()
    page.wait_for_url(f"**/cars/{VAN}")
    check(page)
    replace(fleet.vans[5], device=device).drive("b1", 5, 14.2)
    expect(page.locator("#state")).to_contain_text("14.2")
    expect(page.locator("#codes form")).to_have_count(0)  # what people ask of a car, software does not


def _be_told(page: Page, fleet: Fleet, post: Post, receiver: Receiver) -> None:
    """Name an address, see in its log that it failed, and send again what it missed."""
    page.locator("nav a[href='/webhooks']").click()
    page.fill("[name=url]", receiver.url)
    page.check("[name=kind-case]")
    page.locator("form[action='/webhooks'] button").click()
    secret = page.locator("#secret").input_value()
    check(page)
    fleet.vans[5].fail()
    assert post.round() == 1
    page.locator("a.card[href^='/webhooks/']").click()
    page.wait_for_url("**/webhooks/*")
    assert secret not in page.content()
    opened = page.locator("tbody tr").filter(has_text="case.case_opened")
    expect(opened).to_contain_text("503")
    expect(opened.locator(".chip.warn")).to_be_visible()
    expect(page.locator("main .notice.warn")).to_be_visible()
    check(page)
    assert post.round() == 0, "its next attempt is not due yet"
    opened.locator("button").click()
    page.wait_for_url("**done=replayed")
    post.rounds()
    page.reload()
    expect(opened).to_contain_text("204")
    expect(page.locator("tbody .chip.warn, main .notice.warn")).to_have_count(0)
    check(page)
    told = [Webhook(secret).verify(body, headers) for headers, body in receiver.taken]
    assert told[0]["type"] == "case.case_opened"
    assert receiver.got[0][1] == receiver.taken[0][1], "the same as was not taken"
    opened.locator("button").click()
    page.wait_for_url("**done=replayed")
    post.rounds()
    assert json.loads(receiver.taken[-1][1]) == told[0]
    page.reload()
    expect(page.locator("tbody tr").first).to_contain_text(opened.last.get_attribute("id").rpartition("-")[2])  # type: ignore[union-attr]
    _change_the_secret(page, post, receiver, secret)


def _change_the_secret(page: Page, post: Post, receiver: Receiver, old: str) -> None:
    """Change the secret while the receiver still has the old one, tell him the new one, and end the old one."""
    signs = page.locator("#old-secret")
    expect(signs).to_have_count(0)
    page.locator("button[value=secret]").click()
    new = page.locator("#secret").input_value()
    expect(signs).to_be_visible()
    check(page)
    for ended in (False, True):
        if ended:
            page.locator("button[value=end_old]").click()
            page.wait_for_url("**done=saved")
            expect(signs).to_have_count(0)
            assert new not in page.content()
            check(page)
        page.locator("tbody tr").first.locator("button").click()
        page.wait_for_url("**done=replayed")
        post.rounds()
        headers, body = receiver.taken[-1]
        Webhook(new).verify(body, headers)
        if not ended:
            Webhook(old).verify(body, headers)
            continue
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(body, headers)


def _confirm_and_look_on(page: Page) -> None:
    """Confirm the visit, as a fleet's software may; what is decided in the workshop he only sees."""
    page.locator("nav a[href='/cars']").click()
    page.locator(f"#car-{VAN} .wanted a").click()
    page.wait_for_url("**/appointments/*")
    check(page)
    expect(page.locator("form[action$='/links']")).to_have_count(0)
    page.locator("form[action$='/confirm'] button").click()
    page.wait_for_url("**done=confirmed")
    page.locator("nav a[href='/cars']").click()
    expect(page.locator(f"#car-{VAN} .chip.good")).to_be_visible()
    check(page)
