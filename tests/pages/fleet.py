"""A fleet of many vans in one house, with its operator and the engineer of its software."""

from dataclasses import dataclass, replace
from datetime import timedelta

from foundation.identity import Actor, Role, add_account, add_organisation
from ingest.registry import add_device, add_vehicle
from tests.pages.scene import CONFIG, Scene

NUMBER = 30
LATELY = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Fleet:
    """`vans` are scenes of the fleet's own: each with the operator as owner and another van, by its number."""

    house: str
    operator: Actor
    engineer: Actor
    vans: dict[int, Scene]

    def hear(self, *numbers: int, ago: timedelta = LATELY) -> None:
        for number in numbers:
            self.vans[number].drive("b1", 2, 13.9, ago=ago)


def build_fleet(scene: Scene) -> Fleet:
    with scene.database.unit() as unit:
        house = add_organisation(unit, "City Vans")
        operator = add_account(unit, "chen@vans.example", Role.FLEET_OPERATOR, house, name="Chen Jie")
        engineer = add_account(unit, "ops@vans.example", Role.INTEGRATOR, house, name="Ana Roth")
        vans = {}
        for number in range(1, NUMBER + 1):
            van = add_vehicle(unit, house, f"van-{number:02}", None, CONFIG, 31.23, 121.47)
            vans[number] = replace(scene, owner=operator, vehicle=van.id, device=add_device(unit, van.id)[0])
    return Fleet(house, operator, engineer, vans)
