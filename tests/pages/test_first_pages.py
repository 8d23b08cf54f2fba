"""The first page of each role, and those that lie open all day: small enough for a telephone in a yard."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser

from aftersales.seed import WORKSHOP_ORGANISATION
from foundation.identity import Actor, Role
from parts_catalog.seed import CENTRAL_ORGANISATION
from tests.pages.people import DESK, PHONE, Person
from tests.pages.scene import Scene
from tests.pages.served import Served
from tests.pages.test_repair_story import Floor
from tests.pages.weighing import weighed

HOUSES = {
    Role.FLEET_OPERATOR: None,
    Role.INTEGRATOR: None,
    Role.WORKSHOP_MANAGER: WORKSHOP_ORGANISATION,
    Role.PARTS_MANAGER: CENTRAL_ORGANISATION,
    Role.ADMINISTRATOR: WORKSHOP_ORGANISATION,
}


def test_first_pages_are_small(
    chromium: Browser, served: Served, scene: Scene, person: Callable[..., Actor], tmp_path: Path
) -> None:
    floor = Floor(scene, tmp_path)
    floor.step("check_in", mileage=84_210)
    floor.look_over()
    floor.find_more()
    people = {one.role: one for one in (scene.owner, scene.advisor, scene.technician)}
    people |= {role: person(role, "Zhang", house) for role, house in HOUSES.items()}
    more = {Role.OWNER: f"/repair-orders/{floor.order}", Role.ADVISOR: f"/board/{floor.order}"}
    assert people.keys() == set(Role)
    for role, actor in people.items():
        at = Person(chromium, served, scene, actor, "zh_CN", PHONE if role is Role.OWNER else DESK)
        for address in ("/", *([more[role]] if role in more else [])):
            with weighed(at.page) as weight:
                at.goto(address)
                at.page.wait_for_load_state("load")
            weight.check()
        assert at.complaints == []
        at.close()
