"""Every page on a phone: it fits, its buttons are large and named, and no sentence is left in another language."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from aftersales.seed import WORKSHOP_ORGANISATION
from aftersales.views import get_appointment
from diagnostics.findings import Urgency
from forecourt.webhooks.endpoints import add_endpoint
from foundation.identity import Actor, Role
from parts_catalog.search import find
from parts_catalog.seed import CENTRAL_ORGANISATION
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.carts import About, LineWish, open_cart
from parts_catalog.shop.ordering import Delivery, Wish, place
from tests.pages.bought import warehouse
from tests.pages.people import Person, check
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_calendar import page_of


def shopping(scene: Scene) -> list[str]:
    """Let the owner have a part in his cart and another on order; gives the addresses of what he then sees."""
    with scene.database.unit() as unit:
        found = [hit.part.id for hit in find(unit, "", None).items if hit.price and hit.available > 1]
        bought, left = (open_cart(unit, scene.owner, About(), [LineWish(found[0], 1)]).id for _ in range(2))
        to = Delivery("李伟", "138 0000 0000", "世纪大道 1 号", "CN-SH")
        order = place(unit, scene.owner, SimulatedCarrier(), Wish(bought, to, "sandbox"))
    carts = [f"/carts/{left}", f"/carts/{left}/checkout", f"/carts/{left}/checkout?kind=pickup"]
    return [f"/parts/{found[0]}", *carts, "/orders", f"/orders/{order}", f"/orders/{order}/return"]


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.soak), "zh_CN"])
def test_every_page_fits_a_phone(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], language: str
) -> None:
    visit = scene.fail(Urgency.S0)
    with scene.database.unit() as unit:
        case = get_appointment(unit, scene.owner, visit)["case"]
    calendar, _ = page_of(scene, visit)
    manager = person(Role.WORKSHOP_MANAGER, "Boss", WORKSHOP_ORGANISATION)
    keeper = person(Role.PARTS_MANAGER, "Parts", CENTRAL_ORGANISATION)
    boss = person(Role.ADMINISTRATOR, "Chief", WORKSHOP_ORGANISATION)
    with scene.database.unit() as unit:
        hook = add_endpoint(unit, boss, "https://hooks.example/us", ["case"], private=False)[0].id
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
            *shopping(scene),
        ],
        scene.advisor: [calendar, "/board", "/figures", "/messages"],
        scene.technician: ["/jobs"],
        manager: ["/workshop"],
        keeper: warehouse(scene.database, scene.owner, keeper),
        boss: ["/members", "/webhooks", f"/webhooks/{hook}"],
    }
    for actor, addresses in pages.items():
        somebody = Person(chromium, served, scene, actor, language)
        for address in addresses:
            check(somebody.goto(address))
        assert somebody.complaints == []
        somebody.close()
