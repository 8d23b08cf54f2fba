"""People at browsers of their own: signed in by a link, and remembering what their browser complained of."""

import os
from pathlib import Path

from playwright.sync_api import Browser, Page

from foundation.identity import Actor, issue_link
from tests.pages.axe import violations
from tests.pages.scene import Scene
from tests.pages.served import Served

PICTURES = Path(__file__).parents[2] / "docs/screenshots"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# Without a GPU and without a word to the outside.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NARROW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# What a finger must hit; a link within a sentence is no button.
TAPPED = "main button, main a.button, main a.card, main summary, main .choice, main a.back"
SMALL = f"""[...document.querySelectorAll("{TAPPED}")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
NAMELESS = """[...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")]
  .filter((one) => !one.labels?.length && !one.ariaLabel && !one.textContent.trim()).map((one) => one.outerHTML)"""
TWICE = (
    """[...document.querySelectorAll("[id]")].map((one) => one.id).filter((id, at, all) => all.indexOf(id) !== at)"""
)
# Three words in Latin letters one after the other are a sentence that nobody translated; ids and names have fewer.
FOREIGN = r"""(() => { const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = (one) => /[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}/.test(one.data);
  while (texts.nextNode()) { const one = texts.currentNode;
    if (said(one) && !one.parentElement.closest("[lang=en], script, noscript, code")) found.push(one.data);
  } return found; })()"""


def check(page: Page) -> None:
    """See that a page fits a phone, that what is tapped is large and named, that its language is one; and ask axe."""
    page.wait_for_load_state()  # with its style sheet: what is tapped has no height before
    assert page.evaluate(NARROW), page.url
    assert page.evaluate(SMALL) == [], page.url
    assert page.evaluate(NAMELESS) == [], page.url
    assert page.evaluate(TWICE) == [], page.url
    assert page.locator("h1").count() == 1, page.url
    if page.evaluate("document.documentElement.lang") == "zh-CN":
        assert page.evaluate(FOREIGN) == [], page.url
    assert violations(page) == [], page.url


class Person:
    """Somebody at a browser; `complaints` are uncaught errors and what the page's policy refused."""

    def __init__(
        self,
        chromium: Browser,
        served: Served,
        scene: Scene,
        actor: Actor,
        language: str,
        viewport: dict[str, int] = PHONE,
    ) -> None:
        self._context = chromium.new_context(
            viewport=viewport,  # type: ignore[arg-type]
            locale=language.replace("_", "-"),
            timezone_id="Asia/Shanghai",
        )
        self.url = served.url
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if "Security" in said.text else None)
        with scene.database.unit() as unit:
            link = issue_link(unit, actor)
        self.page.goto(f"{served.url}/sign-in#{link}")
        self.page.wait_for_url(lambda url: "sign-in" not in url)
        assert link not in self.page.url

    def goto(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def close(self) -> None:
        self._context.close()

    def step(self, name: str, **typed: str) -> None:
        form = self.page.locator(f"form:has(input[name=step][value={name}])")
        form.wait_for()  # what the step before left on the page may still stand there, and asks something else
        for field, value in typed.items():
            form.locator(f"[name={field}]").fill(value)
        for asked in form.locator("fieldset.asked").all():
            asked.locator("input[value=later]").check()
        with self.page.expect_response("**/jobs/*/steps") as answer:
            form.locator("button.big").click()
        assert answer.value.status == 200
        self.page.locator("#done").wait_for()


def photograph(page: Page, name: str) -> None:
    """Take a picture of the page for the documents; the committed one is renewed when UPDATE_SCREENSHOTS is set."""
    picture = page.screenshot()
    assert picture.startswith(b"\x89PNG")
    if os.environ.get("UPDATE_SCREENSHOTS") or not (PICTURES / name).exists():
        (PICTURES / name).write_bytes(picture)
