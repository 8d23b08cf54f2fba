"""The HTTP door of VIN decoding."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from forecourt import http as problems
from foundation.database import Database
from foundation.identity import Actor, Role
from parts_catalog.vin.http import router
from tests.parts_catalog.vin.vins import made


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router(database, lambda: Actor("acc_1", "org_owner", Role.OWNER)))
    with TestClient(app) as client:
        yield client


def test_a_vin_is_answered_field_by_field_with_what_to_ask(client: TestClient):
    answer = client.get(f"/v1/vin/{made('LSG', 'PC52U').lower()}").json()
    assert (answer["vin"], answer["wmi"], answer["standard"]) == (made("LSG", "PC52U"), "LSG", "china")
    assert answer["fields"]["make"]["certainty"] == "one_of"
    assert answer["fields"]["make"]["value"] is None
    assert answer["fields"]["make"]["candidates"] == ["Buick", "Chevrolet", "Cadillac"]
    assert [one["field"] for one in answer["questions"]][:3] == ["make", "model_line", "model_year"]
    told = client.get(f"/v1/vin/{made('LSG', 'PC52U')}", params={"year": 2011}).json()
    assert told["fields"]["model_year"]["value"] == 2011
    assert told["fields"]["model_year"]["sources"][0] == "owner"


def test_what_is_no_vin_is_refused_with_the_rule(client: TestClient):
    for text, why in (
        ("LSG", {"rule": "length"}),
        ("LSGPC52UOBA000001", {"rule": "sign", "position": 9}),
        ("LSGPC52UXBA000008", {"rule": "check_digit"}),
    ):
        answer = client.get(f"/v1/vin/{text}")
        assert answer.status_code == 422
        assert {name: answer.json().get(name) for name in why} == why
        assert answer.json()["code"] == "invalid"
