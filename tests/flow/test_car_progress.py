"""How a repair goes on is told to the car over MQTT: live, when it comes back, and after the sender was killed."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foundation.clock import SystemClock
from ingest.publisher import Publisher
from tests.flow.house import House, eventually

STEPS = ({"step": "check_in", "mileage_km": 84_210}, {"step": "inspect"}, {"step": "start"})


class Car:
    """A car end that hears progress."""

    def __init__(self, url: str, spool: Path) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.changed = threading.Event()
        self.publisher = Publisher(url, spool=spool, on_progress=self._hear, clock=SystemClock())

    def _hear(self, told: Mapping[str, Any]) -> None:
        self.heard.append(told)
        self.changed.set()

    def numbers(self) -> list[int]:
        return [int(told["number"]) for told in self.heard]


def test_a_car_hears_how_its_repair_goes_on(house: House, tmp_path: Path) -> None:
    slot = house.get("/v1/slots", service="inspection", vehicle=house.vehicle)["items"][0]
    wish = {"vehicle": house.vehicle, "slot": slot["id"], "service": "inspection"}
    visit = house.post("/v1/appointments", wish)
    order = house.post(f"/v1/appointments/{visit['id']}/confirm", {})["repair_order"]
    steps = f"/v1/repair-orders/{order}/steps"
    car = Car(house.device_url, tmp_path / "spool.sqlite")
    with car.publisher:
        eventually(lambda: car.publisher.connected, 30, "the car is connected")
        house.post(steps, STEPS[0], house.workshop)
        eventually(lambda: car.numbers()[-1:] == [1], 20, "the car hears that it is checked in")
    told = car.heard[-1]
    assert (told["repair_order"], told["step"], told["state"], told["zh"]) == (order, "check_in", "open", "车辆已接收")
    assert "note" not in json.dumps(told)
    house.post(steps, STEPS[1], house.workshop)
    house.kill("tasks")
    house.post(steps, STEPS[2], house.workshop)
    again = Car(house.device_url, tmp_path / "again.sqlite")
    with again.publisher:
        eventually(lambda: again.numbers()[-1:] == [3], 40, f"the car comes back to the newest: {again.heard}")
    assert again.numbers() == sorted(again.numbers())
