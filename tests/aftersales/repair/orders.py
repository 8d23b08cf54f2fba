"""One repair order at the API, with its owner and the people of its workshop."""

from typing import Any

from tests.aftersales.voices import Town, Voice


class Order:
    """A confirmed visit's order; every call says the status that it expects."""

    def __init__(self, street: Town, key: str = "car-1") -> None:
        world = street.world
        vehicle = world.vehicle if key == "car-1" else world.another_car(key)
        visit = world.open(world.finding(f"f-{key}", vehicle), vehicle)["appointment"]["id"]
        self.street, self.visit = street, visit
        self.id = street.owner.post(f"appointments/{visit}/confirm")["repair_order"]
        self.path = f"repair-orders/{self.id}"

    @property
    def view(self) -> Any:
        return self.street.owner.get(self.path)

    @property
    def state(self) -> str:
        return str(self.view["state"])

    def lines(self, approval: str | None = None) -> list[Any]:
        return [line for line in self.view["lines"] if approval in (None, line["approval"])]

    def part(self, part: str) -> Any:
        return next(line for line in self.lines() if line["part"] == part)

    def take(self, step: str, status: int = 201, **said: Any) -> Any:
        return self.street.technician.post(f"{self.path}/steps", {"step": step, **said}, status)

    def way(self, *steps: str) -> None:
        said: dict[str, dict[str, Any]] = {
            "check_in": {"mileage_km": 84_210},
            "work": {"note": "out"},
            "rework": {"note": "squeals"},
        }
        for step in steps:
            self.take(step, **said.get(step, {}))

    def decide(self, decision: str, *lines: str, by: Voice | None = None, status: int = 201, **said: Any) -> Any:
        body = {"lines": list(lines) or [line["id"] for line in self.lines()], "decision": decision, **said}
        return (by or self.street.owner).post(f"{self.path}/approvals", body, status)

    def find(self, status: int = 201, **more: Any) -> Any:
        labour = {"kind": "labour", "text_en": "Clean poles", "text_zh": "清洁极柱", "hours": 0.3}
        return self.street.technician.post(f"{self.path}/lines", labour | more, status)

    def look(self, stage: str, red: str | None = None, status: int = 200) -> None:
        """Give every point of a stage green, one of them red, and close it."""
        stages = self.street.technician.get(f"{self.path}/inspections")["items"]
        for point in next(one["points"] for one in stages if one["stage"] == stage):
            bad = point["point"] == red
            body = {"stage": stage, "point": point["point"], "light": "red" if bad else "green"}
            self.street.technician.post(f"{self.path}/inspections", body | ({"note": "worn"} if bad else {}), status)
        self.street.technician.post(f"{self.path}/inspections/complete", {"stage": stage}, status)
