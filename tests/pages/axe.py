"""What axe-core has against a page: the one helper of all page tests. Set-up installs it; nothing serves it."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
# What the law asks of a page (WCAG 2.2 AA), and what is good practice besides.
RUN = """async (tags) => (await axe.run(document, {runOnly: tags, resultTypes: ["violations"]})).violations
  .map((one) => [one.id, one.help, one.nodes.map((node) => node.html.slice(0, 200))])"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _source() -> str:
    assert AXE.is_file(), "axe-core is not installed: set-up has npm do it (`make test`)"
    return AXE.read_text("utf-8")


def violations(page: Page) -> list[Any]:
    """Give the rules that the page as it is now breaks, each with the elements that break it."""
    if not page.evaluate("!!window.axe"):
        page.evaluate(_source())
    found: list[Any] = page.evaluate(RUN, TAGS)
    return found
