"""A vehicle's findings over HTTP: for those who may see the vehicle, and for nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from diagnostics.http import router
from diagnostics.predictor import Predictor
from diagnostics.screening import screen
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from foundation.refusals import NotFound
from ingest.vehicles import Vehicle, VehicleConfig
from tests.diagnostics.cars import GROWING, history

ASKING = {"a": Actor("acc_a", "org_a", Role.OWNER), "b": Actor("acc_b", "org_b", Role.ADMINISTRATOR)}


class OneCar:
    """A register with one car, of organisation A."""

    def get(self, unit: UnitOfWork, actor: Actor, vehicle: str) -> Vehicle:
        if vehicle != "car" or actor.organisation != "org_a":
            raise NotFound(f"there is no vehicle {vehicle}")
        return Vehicle("car", "org_a", None, VehicleConfig())


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    app = FastAPI()

    def current_actor(request: Request) -> Actor:
        return ASKING[request.headers["x-actor"]]

    def not_found(request: Request, refusal: Any) -> JSONResponse:
        return JSONResponse({"detail": refusal.detail}, 404)

    app.include_router(router(database, current_actor, OneCar()))
    app.add_exception_handler(NotFound, not_found)
    with TestClient(app) as client:
        yield client


def test_findings_are_told_with_words_and_reasons(database: Database, client: TestClient) -> None:
    with database.unit() as unit:
        screen(unit, Predictor.shipped(), history(GROWING))
    (finding,) = client.get("/v1/vehicles/car/findings", headers={"x-actor": "a"}).json()["items"]
    assert (finding["fault"], finding["fault_en"], finding["fault_zh"]) == ("alternator", "Alternator", "发电机故障")
    assert finding["urgency_zh"] == "3天内处理" or finding["urgency"] == "S0"
    assert finding["evidence"][0]["text_zh"]
    assert finding["id"].startswith("find_")


def test_a_car_without_findings_has_an_empty_list(client: TestClient) -> None:
    assert client.get("/v1/vehicles/car/findings", headers={"x-actor": "a"}).json() == {"items": []}


def test_another_organisations_car_does_not_exist(database: Database, client: TestClient) -> None:
    with database.unit() as unit:
        screen(unit, Predictor.shipped(), history(GROWING))
    assert client.get("/v1/vehicles/car/findings", headers={"x-actor": "b"}).status_code == 404
    assert client.get("/v1/vehicles/none/findings", headers={"x-actor": "a"}).status_code == 404
