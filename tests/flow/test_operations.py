"""The whole service from outside: its figures, its health when a part is stopped, and what its logs do not say."""

import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.identity import Role, add_account, add_organisation, issue_token
from foundation.passwords import hash_of
from ingest import registry
from ingest.address import BrokerAddress
from ingest.sources.mqtt import Connection, Profile
from tests.flow.house import House, eventually
from tests.supervision.privileges import niceness_of_first

VIN, OTHER_VIN = "LSVAA49J132047371", "WVWZZZ1JZXW000001"
LATITUDE, LONGITUDE = "31.2304167", "121.4737042"
EMAIL, STRANGER = "li.secret@example.com", "nobody.knows@example.org"
SECRETS = {"VIN": VIN, "other VIN": OTHER_VIN, "latitude": LATITUDE, "longitude": LONGITUDE, "e-mail": EMAIL}
DIALECTS = ("forecourt", "wican", "ovms", "autopi", "torque", "traccar")


@dataclass
class Driven:
    """The running house, with one car more that has a device of every dialect."""

    house: House
    secrets: dict[str, str]
    devices: dict[str, tuple[str, str]]
    database: str

    def publish(self, dialect: str, *messages: tuple[str, bytes]) -> None:
        device, password = self.devices[dialect]
        url = f"mqtt://{device}:{password}@{self.house.mqtt.partition('://')[2]}"
        connection = Connection(BrokerAddress.parse(url), Profile(device), lambda _connection, _message: None)
        connection.open([])
        for rest, payload in messages:
            info = connection.publish(rest.replace("{id}", device), payload)
            assert info is not None
            info.wait_for_publish(5)
        connection.close()

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            found = connection.execute(statement)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []

    def figure(self, name: str, **labels: str) -> float:
        """Give the sum of all samples with these labels."""
        told = self.ask("GET", "/metrics").text
        samples = (it for family in text_string_to_metric_families(told) for it in family.samples)
        return sum(it.value for it in samples if it.name == name and labels.items() <= it.labels.items())

    def parts(self) -> dict[str, str]:
        answer = self.ask("GET", "/health/ready").json()
        return {"": answer["status"], **answer["parts"]}

    def ask(self, method: str, path: str, token: str | None = None, **what: Any) -> httpx2.Response:
        with self.house.as_(token or "none") as client:
            return client.request(method, path, **what)


@pytest.fixture(scope="module")
def driven(running: House) -> Driven:
    return provisioned(running)


def provisioned(house: House) -> Driven:
    installation, hidden, devices = Installation(Settings(data=house.data)), dict(SECRETS), {}
    hidden |= {"password": secrets.token_urlsafe(12), "wrong password": secrets.token_urlsafe(12)}
    with opened(installation) as database:
        url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with database.unit() as unit:
            home = add_organisation(unit, "Li")
            registry.add_vehicle(unit, home, "car-1", vin=VIN, latitude=float(LATITUDE), longitude=float(LONGITUDE))
            for dialect in DIALECTS:
                devices[dialect] = registry.add_device(unit, "car-1", f"{dialect}-1", dialect)
            devices["refused"] = registry.add_device(unit, "car-1", "refused-1")
            registry.revoke_device(unit, "refused-1")
            owner = add_account(unit, EMAIL, Role.ADMINISTRATOR, home, password_hash=hash_of(hidden["password"]))
            hidden["token"] = issue_token(unit, owner)
        installation.let_devices_in(database)
    hidden |= {f"password of {name}": password for name, (_, password) in devices.items()}
    return Driven(house, hidden, devices, url)


def test_figures_and_logs_of_a_running_service(driven: Driven) -> None:
    upload(driven)
    publish_nonsense(driven)
    break_a_batch(driven)
    break_a_request(driven)
    logs = [*(driven.house.data / "log").iterdir()]
    assert {"api.log", "ingest.log", "tasks.log", "broker.log", "database.log"} <= {it.name for it in logs}
    texts = {it.name: it.read_text("utf-8", "replace") for it in logs} | {"serve": driven.house.said()}
    texts["/metrics"] = driven.ask("GET", "/metrics").text
    assert "process_ended" in texts["ingest.log"]
    assert "CheckViolation" in texts["api.log"]
    leaks = [(where, what) for where, text in texts.items() for what, word in driven.secrets.items() if word in text]
    assert not leaks


def test_only_who_judges_trips_loads_the_predictor(running: House) -> None:
    names = ("api", "tasks", "ingest")
    loaded = {name: "lightgbm" in Path(f"/proc/{running.pid(name)}/maps").read_text() for name in names}
    assert loaded == {"api": False, "tasks": False, "ingest": True}


def test_readings_go_first_and_what_is_done_in_the_background_last(running: House) -> None:
    expected = {"ingest": niceness_of_first(), "api": 0, "tasks": 15}
    for name, niceness in expected.items():
        pid = running.pid(name) or 0
        assert os.getpriority(os.PRIO_PROCESS, pid) == niceness
        session = Path(f"/proc/{pid}/autogroup")
        assert not session.exists() or session.read_text().endswith(f" nice {niceness}\n")


def upload(driven: Driven) -> None:
    """Uploads that are taken, and sign-ins and uploads that are not."""
    device, password = driven.devices["torque"]
    trip = {"session": "1574906194609", "id": "x", "time": "1795405140000", "kc": "1178", "kff1005": LONGITUDE}
    ask, token = driven.ask, driven.secrets["token"]
    assert ask("GET", "/v1/ingest/torque", params={"eml": f"{device}:{password}", **trip}).text == "OK!"
    wrong = driven.secrets["wrong password"]
    assert ask("GET", "/v1/ingest/torque", params={"eml": f"{device}:{wrong}", **trip}).status_code == 401
    assert ask("POST", "/v1/tokens", json={"email": EMAIL, "password": wrong}).status_code == 401
    assert ask("POST", "/v1/tokens", json={"email": STRANGER, "password": wrong, "x": VIN}).status_code == 422
    assert ask("POST", "/sign-in", data={"email": EMAIL, "password": wrong}).status_code < 500
    assert ask("GET", f"/sign-in?email={EMAIL}&password={wrong}").status_code == 200
    position = {"id": 1, "deviceTime": "soon", "latitude": LATITUDE, "longitude": LONGITUDE}
    forwarded = {"position": position, "device": {"uniqueId": driven.devices["traccar"][0]}}
    assert ask("POST", "/v1/ingest/traccar", token, json=forwarded).status_code == 422
    assert ask("GET", f"/v1/vehicles/{VIN}", token).status_code == 404
    eventually(lambda: driven.figure("forecourt_ingest_messages_total", dialect="torque") >= 1, 30, "counted")
    assert driven.figure("forecourt_ingest_ignored_total") >= 1  # the position


def publish_nonsense(driven: Driven) -> None:
    """What cannot be read, in every dialect that comes by MQTT; and devices that are not let in."""
    said = f'"{VIN} {LATITUDE} {LONGITUDE} {EMAIL}"'
    ours = [(f"fc/v1/{{id}}/{kind}", said.encode()) for kind in ("readings/json", "readings/bin", "dtcs", "result")]
    before = driven.figure("forecourt_ingest_readings_rejected_total", reason="malformed")
    bad = f'{{"boot": "{VIN}", "seq": 1, "t0": "{LATITUDE}", "signals": {{"{EMAIL}": ["{LONGITUDE}"]}}}}'.encode()
    driven.publish("forecourt", *ours, ("fc/v1/{id}/readings/json", bad), ("fc/v1/{id}/status", said.encode()))
    for dialect in ("wican", "ovms", "autopi"):
        topics = (f"{dialect}/{{id}}/{VIN}/metric/v/p/speed", f"{dialect}/{{id}}/obd", f"{dialect}/{{id}}/can/rx")
        driven.publish(dialect, *((topic, it) for topic in topics for it in (said.encode(), bad, b"\xff\x00" + bad)))
    for name, password in (("refused-1", driven.devices["refused"][1]), ("ovms-1", driven.secrets["wrong password"])):
        address = BrokerAddress.parse(f"mqtt://{name}:{password}@{driven.house.mqtt.partition('://')[2]}")
        with pytest.raises(ConnectionError):
            Connection(address, Profile(name), lambda _connection, _message: None).open([])
    eventually(
        lambda: driven.sql("SELECT count(*) FROM rejected WHERE reason = 'malformed'")[0][0] >= 10, 20, "rejected"
    )
    assert driven.figure("forecourt_ingest_readings_rejected_total", reason="malformed") >= before
    handled = eventually(
        lambda: driven.figure("forecourt_ingest_messages_total", dialect="wican") >= 9, 10, "messages of wican counted"
    )
    assert handled


@pytest.mark.soak  # a heartbeat is old after 15 s
def test_health_of_a_service_whose_workers_hang(driven: Driven) -> None:
    """A worker that hangs is told, and what is for it waits at the broker; one that is killed comes back."""
    eventually(lambda: set(driven.parts().values()) == {"ready"}, 20, "all parts ready")
    pid = driven.house.pid("ingest")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        driven.publish("autopi", ("autopi/{id}/obd", b'[{"@ts":"2026-11-23T03:59:01","@t":"obd.rpm","value":900}]'))
        eventually(lambda: driven.figure("forecourt_ingest_backlog_messages") >= 1, 15, "a backlog")
        eventually(lambda: driven.figure("forecourt_ingest_oldest_unacknowledged_seconds") > 1, 15, "an old message")
        found = eventually(lambda: (it := driven.parts())["ingest"] == "down" and it, 30, "ingest is down")
        assert (found[""], found["database"], found["broker"], found["tasks"]) == (
            "degraded",
            "ready",
            "ready",
            "ready",
        )
        assert driven.figure("forecourt_process_up", process="ingest") == 0
    finally:
        os.kill(pid, signal.SIGCONT)
    driven.house.kill("tasks")
    assert eventually(lambda: set(driven.parts().values()) == {"ready"}, 30, "all parts ready again")
    eventually(lambda: driven.figure("forecourt_ingest_backlog_messages") == 0, 20, "the backlog is gone")


def break_a_batch(driven: Driven) -> None:
    """A batch that the database refuses, naming the VIN, ends the worker; then it is done after all."""
    rule = f"CHECK (vin_reported <> '{OTHER_VIN}') NOT VALID"
    driven.sql(f"ALTER TABLE vehicles ADD CONSTRAINT broken {rule}")
    told = f'{{"boot": "b1", "seq": 2, "ecus": {{"7E8": {{"stored": ["P0301"]}}}}, "vin": "{OTHER_VIN}"}}'
    log = driven.house.data / "log" / "ingest.log"
    driven.publish("forecourt", ("fc/v1/{id}/dtcs", told.encode()))
    eventually(lambda: "process_ended" in log.read_text(), 20, "the worker ended")
    driven.sql("ALTER TABLE vehicles DROP CONSTRAINT broken")
    eventually(
        lambda: (OTHER_VIN,) in driven.sql("SELECT vin_reported FROM vehicles"),
        60,
        "committed after all",
    )


def break_a_request(driven: Driven) -> None:
    """A request that the database refuses, naming the address, is a fault and nothing more."""
    driven.secrets["stranger"] = STRANGER
    driven.sql(f"ALTER TABLE accounts ADD CONSTRAINT broken CHECK (email <> '{STRANGER}') NOT VALID")
    wish = {"email": STRANGER, "role": "owner"}
    assert driven.ask("POST", "/v1/accounts", driven.secrets["token"], json=wish).status_code == 500
    driven.sql("ALTER TABLE accounts DROP CONSTRAINT broken")
