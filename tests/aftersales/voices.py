"""The whole application with one client per person, and the sweeps by hand: what the stories of visits play with."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from forecourt.sweeps import sweep_deadlines
from foundation.identity import Actor, Role, add_account, add_organisation, issue_token
from ingest.archive import Archive
from ingest.registry import add_vehicle
from tests.aftersales.world import FAMILY, GARAGE, GOLF, STRANGERS, World
from tests.application import compose

HOUR_A_DAY = {key: [["09:00", "10:00"]] for key in ("mon", "tue", "wed", "thu", "fri", "sat")}  # one visit a day
LONG = timedelta(days=3650)  # stories last longer than a token does


class Voice:
    """One person at the API; every call says the status that it expects."""

    def __init__(self, app: FastAPI, world: World, actor: Actor, secret: str | None = None) -> None:
        self.actor = actor
        self._app, self._world = app, world
        with world.database.unit() as unit:
            token = secret or issue_token(unit, actor, LONG)
        self._client = TestClient(app, headers={"Authorization": f"Bearer {token}"})

    def speaking_with(self, secret: str | None, actor: Actor | None = None) -> "Voice":
        """Give another voice at the same house: of a credential of one's own, or of somebody else."""
        return Voice(self._app, self._world, actor or self.actor, secret)

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self._answer(self._client.get(f"/v1/{path}", params=query), status)

    def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
        return self._answer(self._client.post(f"/v1/{path}", json=body), status)

    def delete(self, path: str, status: int = 200, **query: Any) -> Any:
        return self._answer(self._client.delete(f"/v1/{path}", params=query), status)

    def text(self, path: str, **headers: str) -> str:
        answer = self._client.get(f"/v1/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    def told(self) -> list[str]:
        """Give the kinds of one's messages, in alphabetical order: many are of the same instant."""
        return sorted(one["kind"] for one in self.get("messages")["items"])

    def slots(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("slots", limit=500, **query)["items"]
        return found

    def hold(self, vehicle: str, slot: dict[str, Any], **body: Any) -> dict[str, Any]:
        wanted = {"vehicle": vehicle, "slot": slot["id"], "service": slot["service"], **body}
        visit: dict[str, Any] = self.post("appointments", wanted, 201)
        return visit

    def confirmed(self, vehicle: str, slot: dict[str, Any]) -> dict[str, Any]:
        visit = self.hold(vehicle, slot)
        confirmed: dict[str, Any] = self.post(f"appointments/{visit['id']}/confirm")
        return confirmed

    @staticmethod
    def _answer(answer: Any, status: int) -> Any:
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer.json()


@dataclass
class Town:
    """Two families and a third with one car each, and the people of the garage."""

    world: World
    owner: Voice
    stranger: Voice
    third: Voice
    technician: Voice
    advisor: Voice
    storekeeper: Voice

    def sweep(self) -> None:
        sweep_deadlines(self.world.database)


def town(world: World, folder: Path) -> Town:
    app = compose(folder, world.database, Archive(folder))
    with world.database.unit() as unit:
        add_organisation(unit, "org_zhao", "org_zhao")
        add_vehicle(unit, STRANGERS, "car-2", config=GOLF)
        add_vehicle(unit, "org_zhao", "car-3", config=GOLF)
        add_vehicle(unit, FAMILY, "car-4", config=GOLF)
        third = add_account(unit, "zhao@x.example", Role.OWNER, "org_zhao")
        advisor = add_account(unit, "advisor@x.example", Role.ADVISOR, GARAGE)
        storekeeper = add_account(unit, "shelf@x.example", Role.PARTS_MANAGER, GARAGE)
    actors = (world.owner, world.stranger, third, world.technician, advisor, storekeeper)
    return Town(world, *(Voice(app, world, actor) for actor in actors))
