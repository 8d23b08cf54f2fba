"""A person's export holds what every room has of him, his car's readings as they are stored, and no secret."""

import io
import json
import zipfile

import pyarrow.parquet as pq
from fastapi.testclient import TestClient
from sqlalchemy import select

from forecourt import privacy
from foundation.events import read
from foundation.identity import issue_token
from foundation.tables import accounts, credentials
from tests.privacy.scene import CAR, EMAIL, NAME, VIN, Scene


def test_an_export_holds_everything_and_no_secret(scene: Scene, client: TestClient) -> None:
    answer = client.get("/v1/me/export")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        written = file.read("person.json").decode()
        days = [name for name in file.namelist() if name.startswith(f"readings/{CAR}/")]
        tables = [pq.read_table(io.BytesIO(file.read(name))) for name in days]
    person = json.loads(written)
    empty = {name for name, rows in person.items() if not rows}
    assert empty <= {
        "commands",
        "command_approvals",
        "waits",
        "reminders",
        "trip_votes",
        "case_codes",
        "grants",
        "returns",
        "takings",  # he paid otherwise
        "webhook_endpoints",  # a house's administrators name them
    }
    assert (person["accounts"][0]["email"], person["vehicles"][0]["vin"]) == (EMAIL, VIN)
    assert NAME in {row["name"] for row in person["organisations"]}
    assert "rattles on cold mornings" in written
    assert {it["kind"] for it in person["events"]} >= {"account_made", "case_opened", "progress", "reviewed"}
    with scene.database.unit() as unit:
        secrets = [
            *unit.connection.execute(select(credentials.c.digest)).scalars(),
            *unit.connection.execute(select(accounts.c.password_hash)).scalars(),
        ]
        assert [it.kind for it in read(unit, scene.owner.organisation)][-1] == "data_exported"
        # Who confirmed opened his car to the workshop; who settled closed it.
        grants = [(it.kind, it.actor) for it in read(unit, f"grants:{CAR}")]
    settled = scene.world.technician.account
    assert grants == [("grant_opened", scene.owner.account), ("grant_closed", settled)]
    assert not [it for it in secrets if it and it in written]
    assert scene.token not in written
    assert sum(len(table) for table in tables) == sum(row["readings"] for row in person["segment_contents"]) > 0
    assert {it for table in tables for it in table["vehicle"].to_pylist()} == {CAR}


def test_who_works_at_a_workshop_gets_what_is_his_alone(scene: Scene, client: TestClient) -> None:
    with scene.database.unit() as unit:
        token = issue_token(unit, scene.world.technician)
    answer = client.get("/v1/me/export", headers={"Authorization": f"Bearer {token}"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.namelist() == ["person.json"]
        person = json.loads(file.read("person.json"))
    assert {row["actor"] for row in person["repair_steps"]} == {scene.world.technician.account}
    assert VIN not in json.dumps(person)
    assert {row["id"] for row in person["accounts"]} == {scene.world.technician.account}
    assert set(person) <= {"organisations", "accounts", *privacy.columns()}
