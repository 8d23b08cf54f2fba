"""Every page on a phone: it fits, its buttons are large and named, and no sentence is left in another language."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.views import get_appointment
from diagnostics.findings import Urgency
from foundation.identity import Actor, Role
from tests.pages.people import Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_calendar import page_of


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.soak), "zh_CN"])
def test_every_page_fits_a_phone(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], language: str
) -> None:
    visit = scene.fail(Urgency.S0)
    with scene.database.unit() as unit:
        case = get_appointment(unit, scene.owner, visit)["case"]
    calendar, _ = page_of(scene, visit)
    manager = person(Role.WORKSHOP_MANAGER, "Boss", WORKSHOP_ORGANISATION)
    boss = person(Role.ADMINISTRATOR, "Chief", WORKSHOP_ORGANISATION)
    pages = {
        scene.owner: [
            "/cars",
            "/cars/car-1",
            "/cars/car-1/book",
            "/cars/car-1/book?service=repair",
            f"/appointments/{visit}",
            f"/appointments/{visit}/move",
            f"/cases/{case}/stopped",
            "/messages",
            "/account",
            "/devices",
            "/parts",
        ],
        scene.advisor: [calendar, "/board", "/messages"],
        scene.technician: ["/jobs"],
        manager: ["/workshop"],
        boss: ["/members"],
    }
    for actor, addresses in pages.items():
        somebody = Person(chromium, served, scene, actor, language)
        for address in addresses:
            check(somebody.goto(address))
        assert somebody.complaints == []
        somebody.close()
