"""Uploads by HTTP: answered when they are committed, by whoever owns the car; their password goes no further."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from forecourt.http import install
from forecourt.supervision.broker import Broker
from foundation.database import Database
from foundation.http import bearer_actor
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest import registry, uploads_http
from ingest.archive import Archive
from ingest.intake import Intake
from ingest.partitions import sessions
from ingest.sources.mqtt import MqttSource
from ingest.uploads import Sender, Uploads
from tests.ingest.dialects.payloads import SAMPLES, TORQUE

TRACCAR = next(it.payload for it in SAMPLES if it.dialect == "traccar")


class Phone:
    """The door of uploads, with an ingest worker behind the real broker that can be stopped."""

    def __init__(self, database: Database, broker: Broker, folder: Path) -> None:
        self.database = database
        with database.unit() as unit:
            for name in ("home", "away"):
                add_organisation(unit, name, f"org_{name}")
            self.tokens = {
                name: issue_token(unit, add_account(unit, f"a@{name}.example", Role.INTEGRATOR, f"org_{name}"))
                for name in ("home", "away")
            }
            registry.add_vehicle(unit, "org_home", "car-1")
            self.device, self.password = registry.add_device(unit, "car-1", "12345", "torque")
            registry.add_device(unit, "car-1", "013912345678", "traccar")
            self.ovms, self.ovms_password = registry.add_device(unit, "car-1", "ovms-1", "ovms")
        self.sender = Sender(lambda: broker.ingest_url)
        app = FastAPI()
        install(app)
        uploads = Uploads(database, self.sender, patience_s=5)
        app.include_router(uploads_http.phones(database, uploads))
        app.include_router(uploads_http.router(database, bearer_actor(database), uploads))
        self.client = TestClient(app)
        self.source = MqttSource(broker.ingest_url, sessions("w"), database.clock)
        self.intake = Intake(database, Archive(folder), "w1")
        self.heard: list[bytes] = []
        self.idle, self.stopping = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        self.source.start()
        while not self.stopping.is_set():
            arrived = self.source.collect(0.05)
            if arrived and not self.idle.is_set():
                self.heard += [one.payload for one in arrived]
                self.intake.process(arrived)
                self.source.acknowledge(arrived)
        self.source.stop()

    def values(self) -> dict[str, float]:
        with self.database.unit() as unit:
            return {row.signal: row.value for row in unit.connection.execute(text("SELECT * FROM last_values"))}

    def keys(self) -> int:
        with self.database.unit() as unit:
            return int(unit.connection.execute(text("SELECT count(*) FROM message_keys")).scalar_one())


@pytest.fixture
def phone(database: Database, broker: Broker, tmp_path: Path) -> Iterator[Phone]:
    phone = Phone(database, broker, tmp_path / "archive")
    phone.thread.start()
    deadline = time.monotonic() + 20
    while not phone.source.connected:  # what is sent before the worker's first visit is nobody's
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield phone
    phone.stopping.set()
    phone.thread.join()
    phone.sender.close()
    phone.client.close()


def test_torque_is_answered_ok_when_its_values_are_committed(phone: Phone) -> None:
    for eml in (f"12345:{phone.password}", phone.password):
        answer = phone.client.get(f"/v1/ingest/torque?eml={eml}&{TORQUE}")
        assert (answer.status_code, answer.text) == (200, "OK!")
    assert phone.keys() == 1
    assert phone.values() == {"engine_speed": 1178, "coolant_temperature": 90}
    names = f"eml={phone.password}&id=12345&session=1&userUnit5=%C2%B0F"
    assert phone.client.post("/v1/ingest/torque", content=names).text == "OK!"
    later = TORQUE.replace("1795405140000", "1795405150000").replace("k5=90", "k5=212")
    assert phone.client.post("/v1/ingest/torque", content=f"eml={phone.password}&{later}").text == "OK!"
    assert phone.values()["coolant_temperature"] == pytest.approx(100)
    assert all(phone.password.encode() not in payload and b"eml" not in payload for payload in phone.heard)
    _refuses(phone)


def _refuses(phone: Phone) -> None:
    """A wrong password, and what is no upload."""
    before = phone.keys()
    for eml in ("", "12345:", "12345:nonsense", "nonsense", f"dev-1:{phone.password}"):
        assert phone.client.get(f"/v1/ingest/torque?eml={eml}&{TORQUE}").status_code == 401
    wrong = phone.client.get(f"/v1/ingest/torque?eml={phone.password}&id=12345&kc=1&time=x")
    assert (wrong.status_code, "milliseconds" in wrong.json()["detail"]) == (422, True)
    other = phone.client.get(f"/v1/ingest/torque?eml=ovms-1:{phone.ovms_password}&{TORQUE}")
    assert (other.status_code, "registered with the dialect ovms" in other.json()["detail"]) == (422, True)
    assert phone.keys() == before + 1  # it was told to the sender, and is kept with the rejected


def test_traccar_forwards_for_devices_of_its_own_house(phone: Phone) -> None:
    def forward(who: str, body: bytes) -> int:
        headers = {"Authorization": f"Bearer {phone.tokens[who]}"}
        return int(phone.client.post("/v1/ingest/traccar", content=body, headers=headers).status_code)

    assert forward("home", TRACCAR) == 204
    assert phone.keys() == 2  # the readings and the trouble codes
    assert phone.values()["odometer"] == 12345
    assert forward("away", TRACCAR) == forward("home", TRACCAR.replace(b"0139", b"0000")) == 404
    assert forward("home", TRACCAR.replace(b"013912345678", b"ovms-1")) == 422
    assert forward("home", b"[]") == forward("home", b"") == 422
    _waits(phone)


def _waits(phone: Phone) -> None:
    """What nobody commits is not answered as if it were."""
    phone.idle.set()
    answer = phone.client.get(f"/v1/ingest/torque?eml={phone.password}&{TORQUE}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert phone.keys() == 2
