"""The HTTP door: what a vehicle says now and said before, and what was rejected; each to those who may see it."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import ingest.http
from forecourt.http import install
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.http import bearer_actor
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest import registry
from ingest.archive import Archive
from ingest.archive.stream import ARROW_STREAM
from ingest.intake import Intake
from ingest.series import downsample
from ingest.topics import Kind
from tests.ingest.wire import NOON, columns, document


class Door:
    """A client whose requests are made by accounts of two organisations."""

    def __init__(self, database: Database, archive: Archive) -> None:
        app = FastAPI()
        install(app)
        app.include_router(ingest.http.router(database, bearer_actor(database), archive))
        self.client = TestClient(app)
        self._tokens: dict[str, str] = {}
        with database.unit() as unit:
            self.home, self.away = add_organisation(unit, "Li"), add_organisation(unit, "Wang")
            for where, organisation in (("home", self.home), ("away", self.away)):
                for role in Role:
                    actor = add_account(unit, f"{role}@{where}.example", role, organisation)
                    self._tokens[f"{where} {role}"] = issue_token(unit, actor)
            registry.add_vehicle(unit, self.home, "car-1", "9BWZZZ377VT004251")
            registry.add_device(unit, "car-1", "dev-1")

    def get(self, path: str, who: str = "home owner", status: int = 200, **query: Any) -> Any:
        response = self.ask(path, who, query)
        assert response.status_code == status, response.text
        return response.json()

    def ask(self, path: str, who: str, query: dict[str, Any], **headers: str) -> Any:
        given = {"Authorization": f"Bearer {self._tokens[who]}"} | headers
        return self.client.get(f"/v1{path}", params=query or None, headers=given)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def door(database: Database, archive: Archive) -> Iterator[Door]:
    door = Door(database, archive)
    yield door
    door.client.close()


@pytest.fixture
def intake(database: Database, archive: Archive) -> Intake:
    return Intake(database, archive, "w1")


def test_the_state_has_each_signal_s_last_value_the_devices_and_the_codes(door: Door, intake: Intake) -> None:
    codes = {"stored": ["P0562"], "pending": [], "permanent": None}
    intake.process(
        [
            columns(1, NOON - timedelta(seconds=90), control_module_voltage=[13.8, 5.5], vehicle_speed=[50, np.nan]),
            document(Kind.STATUS, {"online": True, "agent": "forecourt-edge 0.1", "spool": 2}),
            document(Kind.DTCS, {"boot": "b1", "t": "2026-11-23T03:00:00Z", "mil": True}, seq=2, ecus={"7E8": codes}),
            document(
                Kind.DTCS,
                {"boot": "b1", "t": "2026-11-23T03:30:00Z", "mil": False},
                seq=3,
                ecus={"7EA": {"stored": None}},
            ),
        ]
    )
    state = door.get("/vehicles/car-1/state")
    voltage, speed = state["signals"]["control_module_voltage"], state["signals"]["vehicle_speed"]
    assert (voltage["value"], voltage["unit"], voltage["age_s"], voltage["quality"]) == (5.5, "V", 89, ["implausible"])
    assert (speed["value"], speed["quality"]) == (50, [])
    assert [(it["id"], it["online"], it["spool"]) for it in state["devices"]] == [("dev-1", True, 2)]
    told = state["trouble_codes"]
    assert (told["mil"], told["ecus"]["7E8"]["stored"], told["ecus"]["7E8"]["pending"]) == (False, ["P0562"], [])
    assert told["ecus"]["7EA"]["stored"] is None


def test_a_vehicle_that_never_spoke_has_an_empty_state(door: Door) -> None:
    state = door.get("/vehicles/car-1/state")
    assert (state["signals"], state["last_seen"], state["trouble_codes"]) == ({}, None, None)


@pytest.mark.parametrize("path", ["", "/state", "/readings?signals=engine_speed"])
def test_another_organisation_s_vehicle_does_not_exist(door: Door, path: str) -> None:
    door.get(f"/vehicles/car-1{path}")
    assert door.get(f"/vehicles/car-1{path}", "away administrator", 404)["code"] == "not_found"
    assert door.get("/vehicles", "away administrator")["items"] == []
    assert [it["id"] for it in door.get("/vehicles")["items"]] == ["car-1"]


def test_series_keep_minima_and_maxima(door: Door, intake: Intake) -> None:
    volts = 13 + 0.5 * np.sin(np.arange(3000) / 100)
    volts[1234], volts[2345] = 9.1, 15.2
    intake.process([columns(1, NOON - timedelta(hours=1), control_module_voltage=volts.tolist())])
    query = {"from": "2026-11-23T02:00:00Z", "to": "2026-11-23T04:00:00Z", "signals": "control_module_voltage,odometer"}
    series = door.get("/vehicles/car-1/readings", points=100, **query)["signals"]
    assert list(series) == ["control_module_voltage"]
    values = series["control_module_voltage"]["value"]
    assert len(values) <= 100
    assert (min(values), max(values)) == (9.1, 15.2)
    assert series["control_module_voltage"]["at"] == sorted(series["control_module_voltage"]["at"])
    assert series["control_module_voltage"]["at"][0] == "2026-11-23T03:00:00Z"
    answer = door.ask("/vehicles/car-1/readings", "home owner", query | {"points": 100}, Accept=ARROW_STREAM)
    assert answer.headers["content-type"] == ARROW_STREAM
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table["value"].to_numpy().tolist() == np.array(values, np.float32).tolist()
    assert set(table["signal"].to_pylist()) == {"control_module_voltage"}
    assert set(table["unit"].to_pylist()) == {"V"}
    assert table["time"][0].as_py() == NOON - timedelta(hours=1)
    empty = door.ask("/vehicles/car-1/readings", "home owner", {"signals": "odometer"}, Accept=ARROW_STREAM)
    assert pa.ipc.open_stream(empty.content).read_all().num_rows == 0


@pytest.mark.parametrize(
    "query",
    [
        {"signals": "nonsense"},
        {"signals": "odometer", "from": "2026-11-23T02:00:00"},
        {"signals": "odometer", "from": "2026-11-24T02:00:00Z"},
        {"signals": "odometer", "from": "2024-11-24T02:00:00Z"},
        {"signals": "odometer", "to": "0001-01-01T00:00:00Z"},
        {"signals": "odometer", "points": "0"},
        {},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(door: Door, query: dict[str, str]) -> None:
    door.get("/vehicles/car-1/readings", status=422, **query)


def test_rejections_are_paged_and_seen_by_their_organisation(door: Door, intake: Intake, clock: FixedClock) -> None:
    sent = [columns(number, engine_speed=[99_999], boot=f"b{number}") for number in range(5)]
    intake.process([*sent, columns(9, device="stranger", engine_speed=[1, 2])])
    first = door.get("/ingest/rejected", "home integrator", limit=3)
    second = door.get("/ingest/rejected", "home integrator", limit=3, cursor=first["next"])
    assert [it["boot"] for it in [*first["items"], *second["items"]]] == ["b4", "b3", "b2", "b1", "b0"]
    assert second["next"] is None
    assert first["totals"] == {"impossible": 5}
    (row,) = second["items"][-1:]
    assert (row["reason"], row["signal"], row["vehicle"], row["readings"]) == ("impossible", "engine_speed", "car-1", 1)
    assert base64.b64decode(row["payload_base64"]) == sent[0].payload
    assert door.get("/ingest/rejected", "away integrator")["items"] == []
    assert door.get("/ingest/rejected", "away administrator")["totals"] == {"unknown_device": 2}
    for role in ("fleet_operator", "workshop_manager", "administrator"):
        door.get("/ingest/rejected", f"home {role}")
    for role in ("owner", "technician", "advisor", "parts_manager"):
        door.get("/ingest/rejected", f"home {role}", 403)
    door.get("/ingest/rejected", "home integrator", 422, cursor="nonsense")


def test_counts_are_those_of_one_s_own_vehicles(door: Door, intake: Intake) -> None:
    message = columns(1, engine_speed=[800, 99_999])
    intake.process([message, message])
    assert door.get("/ingest/counts") == {
        "stored": 1,
        "rejected": {"impossible": 1},
        "redelivered": 1,
        "trips_waiting": 1,
    }
    assert door.get("/ingest/counts", "away owner")["stored"] == 0


def test_downsampling_leaves_short_series_alone_and_bounds_long_ones() -> None:
    at, values = np.arange(10), np.arange(10, dtype=np.float32)
    assert downsample(at, values, 10)[0].tolist() == at.tolist()
    for points in (4, 5, 6, 9):
        kept, _ = downsample(np.arange(1000), np.random.default_rng(0).normal(size=1000).astype(np.float32), points)
        assert len(kept) <= points
        assert (np.diff(kept) > 0).all()
