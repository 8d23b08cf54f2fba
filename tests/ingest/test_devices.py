"""The devices API: for one's own cars, passwords shown once, and the broker follows at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import ingest.http
from forecourt.http import install
from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential
from forecourt.supervision.broker_wire import mqtt_answers
from forecourt.supervision.paths import DataPaths
from foundation.database import Database
from foundation.grants import open_to
from foundation.http import bearer_actor
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest import registry
from ingest.archive import Archive
from tests.supervision.awaiting import eventually
from tests.supervision.test_broker import Caller


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    server = Broker(DataPaths.prepare(tmp_path / "data"))
    server.ensure()
    yield server
    server.stop()


class Desk:
    """The API beside a broker, asked by people of the car's house, of the garage and of strangers."""

    def __init__(self, database: Database, broker: Broker | None, folder: Path) -> None:
        def tell() -> bool:
            if broker is not None:
                broker.follow(self._devices)
            return broker is not None

        self._database = database
        app = FastAPI()
        install(app)
        app.include_router(ingest.http.router(database, bearer_actor(database), Archive(folder), tell))
        self._client = TestClient(app)
        with database.unit() as unit:
            houses = {name: add_organisation(unit, name) for name in ("home", "garage", "away")}
            self._tokens = {
                f"{house} {role}": issue_token(unit, add_account(unit, f"{role}@{house}.example", role, organisation))
                for house, organisation in houses.items()
                for role in (Role.OWNER, Role.INTEGRATOR, Role.TECHNICIAN)
            }
            registry.add_vehicle(unit, houses["home"], "car-1")
            open_to(unit, "car-1", houses["garage"], Role.TECHNICIAN, "test")

    def _devices(self) -> list[DeviceCredential]:
        with self._database.unit() as unit:
            return [DeviceCredential(*one) for one in registry.credentials(unit)]

    def ask(self, verb: str, path: str, body: Any = None, who: str = "home owner", status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        answer = self._client.request(verb, f"/v1/devices{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()


def test_a_device_is_fitted_let_in_given_another_password_and_cut_off(
    database: Database, broker: Broker, tmp_path: Path
) -> None:
    desk = Desk(database, broker, tmp_path)
    made = desk.ask("POST", "", {"vehicle": "car-1", "dialect": "wican", "id": "esp-7"}, "home integrator", 201)
    assert (made["id"], made["dialect"], made["in_force"], made["revoked_at"]) == ("esp-7", "wican", True, None)
    caller = Caller(broker, "esp-7", made["password"])
    assert caller.codes == ["Success"]
    renewed = desk.ask("POST", "/esp-7/password")
    eventually(lambda: caller.ends)
    caller.client.disconnect()
    caller.client.loop_stop()
    assert not mqtt_answers("127.0.0.1", broker.port, "esp-7", made["password"])
    last = Caller(broker, "esp-7", renewed["password"])
    assert last.codes == ["Success"]
    assert desk.ask("POST", "/esp-7/revoke")["revoked_at"] is not None
    assert eventually(lambda: last.ends) < 5.0
    last.client.disconnect()
    last.client.loop_stop()
    assert not mqtt_answers("127.0.0.1", broker.port, "esp-7", renewed["password"])
    assert desk.ask("POST", "/esp-7/revoke")["in_force"]
    (listed,) = desk.ask("GET", "")["items"]
    assert not {"password", "password_hash"} & set(listed)


def test_devices_are_those_of_one_s_own_house(database: Database, tmp_path: Path) -> None:
    desk = Desk(database, None, tmp_path)
    assert desk.ask("POST", "", {"vehicle": "car-1"}, status=201)["in_force"] is False  # no broker of ours
    (device,) = desk.ask("GET", "")["items"]
    for who, wanted in (("away owner", 404), ("garage technician", 403), ("home technician", 403)):
        desk.ask("POST", "", {"vehicle": "car-1"}, who, wanted)
    for path in ("password", "revoke"):
        desk.ask("POST", f"/{device['id']}/{path}", who="away owner", status=404)
        desk.ask("POST", f"/{device['id']}/{path}", who="garage technician", status=404)
    assert desk.ask("GET", "", who="away owner")["items"] == []
    desk.ask("POST", "", {"vehicle": "car-1", "id": device["id"]}, status=409)
    for wrong in ({"dialect": "klingon"}, {"id": "a b"}, {"id": "fc-ingest"}):
        desk.ask("POST", "", {"vehicle": "car-1", **wrong}, status=422)
