"""Imports by HTTP and by command: who may, what waits for the tasks process, lists of codes."""

import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from forecourt import http as problems
from forecourt.commands import imports as commands
from forecourt.tasks import build_tasks
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from foundation.refusals import Invalid
from parts_catalog.imports.http import AT_ONCE, router
from parts_catalog.imports.references import load_codes
from parts_catalog.imports.uploads import import_upload
from tests.parts_catalog.imports.files import BRAND, aces, app, saved


def door(database: Database, folder: Path, queued: list[Any], role: Role = Role.PARTS_MANAGER) -> TestClient:
    def later(unit: UnitOfWork, number: int, full: bool | None, dry: bool) -> None:
        queued.append((number, full, dry))

    app = FastAPI()
    problems.install(app)
    app.include_router(router(database, lambda: Actor("acc", "org_one", role), folder, later, lambda *_: None))
    return TestClient(app)


def test_a_large_upload_waits_and_is_imported_once(database: Database, tmp_path: Path) -> None:
    queued: list[Any] = []
    with door(database, tmp_path, queued) as client:
        large = aces(app(1), app(2, quantity=0), "<!--" + " " * AT_ONCE + "-->", count=2)
        made = client.post("/v1/parts/imports?file_name=big.xml&mode=full", content=large)
        assert (made.status_code, made.json()["state"], made.json()["bytes"]) == (202, "waiting", len(large))
        ((number, full, dry),) = queued
        assert (full, dry) == (True, False)
        report = import_upload(database, tmp_path, number, full=full, dry=dry)
        assert report is not None
        assert import_upload(database, tmp_path, number, full=full, dry=dry) is None
        shown = client.get(f"/v1/parts/imports/{number}").json()
        assert (shown["state"], shown["brands"], shown["file_name"]) == ("done", [BRAND], "big.xml")
        assert shown["counts"]["rejected"] == {"bad_quantity": 1}
        found = client.get(f"/v1/parts/imports/{number}/findings?limit=1").json()
        assert found["items"][0]["rule"] == "bad_quantity"
        assert found["items"][0]["text_zh"].startswith("数量 0")
        after = client.get(f"/v1/parts/imports/{number}/findings", params={"cursor": found["next"]}).json()
        assert [one["severity"] for one in after["items"]] == ["warning"] * 3
        assert [one["id"] for one in client.get("/v1/parts/imports").json()["items"]] == [str(number)]
        assert client.post("/v1/parts/imports", content=b"nonsense").json()["rule"] == "no_header"
        assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob("*.upload"))


def test_others_may_not_import(database: Database, tmp_path: Path) -> None:
    with door(database, tmp_path, [], Role.OWNER) as client:
        assert client.post("/v1/parts/imports", content=aces(app(1))).status_code == 403
        assert client.get("/v1/parts/imports").status_code == 403


def test_the_task_is_there_for_the_worker(database: Database, tmp_path: Path) -> None:
    assert "import_parts" in build_tasks(database, None, tmp_path).tasks


def test_the_commands_print_the_contract(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def opened(_: Any) -> Any:
        yield database

    monkeypatch.setattr(commands, "opened", opened)
    monkeypatch.setattr(commands, "Installation", lambda _: None)
    file = saved(tmp_path, aces(app(1), app(2, quantity=0)))
    for dry in (True, False):
        commands.import_parts(file, dry, as_json=True)
        printed = json.loads(capsys.readouterr().out)
        assert printed["applications"] == 2 == printed["accepted"] + sum(printed["rejected"].values())
    commands.import_parts(file)
    assert "line 5: bad_quantity" not in capsys.readouterr().out  # recognised: its own findings are of import 2
    out = tmp_path / "out.xml"
    commands.export_parts(out, BRAND, "4.2")
    assert capsys.readouterr().out.startswith("1 applications; 0 ")
    commands.undo_import("2")
    commands.imports(as_json=True)
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one["state"] for one in listed] == ["dry", "undone", "dry"]


def test_a_list_of_codes_is_loaded_in_the_catalogues_words(database: Database) -> None:
    rows = (
        "kind,id,name_en,name_zh,make,model_line,year,part_type,fuel\n"
        "base_vehicle,5888,VW Golf 2015,,VW,Golf,2015,,\n"
        "part_terminology,6832,Cabin filter,空调滤清器,,,,air_filter,\n"
        "fuel_type,5,Gas,,,,,,gasoline\n"
    )
    with database.unit() as unit:
        loaded = load_codes(unit, io.BytesIO(rows.encode()))
        assert loaded == {"base_vehicle": 1, "part_terminology": 1, "fuel_type": 1}
        meanings = unit.connection.execute(text("SELECT kind, canonical FROM reference_codes ORDER BY 1")).all()
    assert dict(meanings) == {
        "base_vehicle": {"make": "volkswagen", "model_line": "golf", "year": 2015},
        "fuel_type": {"fuel": "petrol"},
        "part_terminology": {"part_type": "air_filter"},
    }
    for bad in (
        "kind,id\n",
        "kind,id,name_en\nX,1,a\n",
        "kind,id,name_en\nx,0,a\n",
        "kind,id,name_en,fuel\nx,1,a,soup\n",
    ):
        with pytest.raises(Invalid), database.unit() as unit:
            load_codes(unit, io.BytesIO(bad.encode()))
