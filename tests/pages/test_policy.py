"""What keeps a hostile script out: the policy on every answer, and no inline script or style in any template."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from forecourt.pages import STATIC
from forecourt.pages.rendering import TEMPLATES, environment
from foundation.identity import Actor
from tests.pages.scene import Scene

INLINE = re.compile(
    r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|hx-on|javascript:|\|\s*safe\b|https?://", re.IGNORECASE
)
STYLE_LIMIT = 12_000


def test_every_answer_carries_the_policy(scene: Scene, signed_in: Callable[[Actor], TestClient]) -> None:
    visit = scene.fail()
    client = signed_in(scene.owner)
    pages = [
        "/",
        "/sign-in",
        "/cars",
        "/cars/car-1",
        "/cars/car-1/state",
        "/cars/no-car",
        "/parts?q=belt",
        "/parts/x",
        "/imports",
        "/jobs",
    ]
    pages += [f"/appointments/{visit}/move", "/cars/car-1/book?service=nonsense", "/static/forecourt.css", "/live"]
    for page in pages:
        answer = client.get(page)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy, page
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == ("no-cache" if page.startswith("/static") else "no-store")


@pytest.mark.parametrize("name", sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")))
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(name: str) -> None:
    assert INLINE.findall((TEMPLATES / name).read_text("utf-8")) == []
    environment("en").get_template(name)


def test_the_style_stays_small() -> None:
    assert (STATIC / "forecourt.css").stat().st_size < STYLE_LIMIT


def test_what_the_pages_load_is_there() -> None:
    loaded = {
        found
        for path in TEMPLATES.rglob("*.html")
        for found in re.findall(r'(?:src|href)="/static/([^"]+)"', path.read_text("utf-8"))
    }
    assert len(loaded) >= 6
    assert sorted(name for name in loaded if not (STATIC / name).is_file()) == []
