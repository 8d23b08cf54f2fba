"""The settlement sheet as it leaves the printer: on one page, without the site around it, in the language asked for."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aftersales.settlement import settle
from tests.pages.axe import violations
from tests.pages.people import Person
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor

PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def sheet_of_paper(page: Page) -> int:
    return len(PAGE.findall(page.pdf(prefer_css_page_size=True)))


@pytest.mark.parametrize("language", ["zh_CN", pytest.param("en", marks=pytest.mark.soak)])
def test_it_prints_on_one_page_in_either_language(
    chromium: Browser, served: Served, scene: Scene, tmp_path: Path, language: str
) -> None:
    floor = Floor(scene, tmp_path)
    floor.step("check_in", mileage=84_210)
    floor.step("start", "issue_parts", "work", "quality_check", "complete")
    with scene.database.unit() as unit:
        settle(unit, scene.advisor, floor.order, return_old_parts=True, plate="沪A12345")
    owner = Person(chromium, served, scene, scene.owner, language)
    page = owner.goto(f"/repair-orders/{floor.order}/sheet")
    assert violations(page) == []
    expect(page.locator("[data-print]")).to_be_visible()
    for tongue, title in (("zh", "维修费用结算清单"), ("en", "Settlement sheet")):
        page.goto(f"{served.url}/repair-orders/{floor.order}/sheet?lang={tongue}")
        expect(page.locator("h1")).to_contain_text(title)
        assert violations(page) == []
        page.emulate_media(media="print")
        for screen_only in (".bar", ".tools", "form"):
            assert not page.locator(screen_only).first.is_visible(), screen_only
        for printed in ("维修诊断费", "检测费", "材料费", "工时费", "加工费", "其他费用", "沪A12345", "2026"):
            expect(page.locator("article")).to_contain_text(printed)
        assert sheet_of_paper(page) == 1
        page.emulate_media(media="screen")
    assert owner.complaints == []
    owner.close()
