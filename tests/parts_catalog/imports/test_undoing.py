"""Undos of large imports: done by the tasks process, once, or told why not; and no table is read for each part."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from forecourt import http as problems
from forecourt.tasks import build_tasks
from foundation.database import Database, UnitOfWork
from foundation.identity import Actor, Role
from parts_catalog.imports import running
from parts_catalog.imports.http import AT_ONCE, router
from parts_catalog.imports.running import undo
from parts_catalog.imports.uploads import undo_waiting
from tests.parts_catalog.imports.conftest import Take, rows_of
from tests.parts_catalog.imports.files import aces, app, item, pies

HOUSE = "org_one"
PATH = "/v1/parts/imports"
PADDING = "<!--" + " " * AT_ONCE + "-->"
UNDO = """
import sys
from foundation.database import Database
from parts_catalog.imports.uploads import undo_waiting
undo_waiting(Database(sys.argv[1]), int(sys.argv[2]))
"""


@pytest.fixture
def queued() -> list[int]:
    return []


@pytest.fixture
def client(database: Database, tmp_path: Path, queued: list[int]) -> Iterator[TestClient]:
    def undo_later(unit: UnitOfWork, number: int) -> None:
        queued.append(number)

    app = FastAPI()
    problems.install(app)
    actor = Actor("acc", HOUSE, Role.PARTS_MANAGER)
    app.include_router(router(database, lambda: actor, tmp_path, lambda *_: None, undo_later))
    with TestClient(app) as client:
        yield client


def shown(client: TestClient, number: int) -> dict[str, Any]:
    row: dict[str, Any] = client.get(f"{PATH}/{number}").json()
    return row


def large(take: Take, *apps: str, kind: str = "FULL") -> int:
    return take(aces(*apps, PADDING, count=len(apps), kind=kind), organisation=HOUSE).import_id


def test_a_large_import_is_undone_by_the_tasks_process_once(
    client: TestClient, take: Take, database: Database, queued: list[int]
) -> None:
    small = take(aces(app(1), app(2, "BZ-2")), organisation=HOUSE).import_id
    before = rows_of(database)
    number = large(take, app(1, base=9), app(3, "BZ-3"))
    imported = rows_of(database)
    asked = client.post(f"{PATH}/{number}/undo")
    assert (asked.status_code, asked.json()["state"], queued) == (202, "undoing", [number])
    assert (rows_of(database), shown(client, number)["undo_refused"]) == (imported, None)
    again = client.post(f"{PATH}/{number}/undo")
    assert (again.status_code, "already" in again.json()["detail"], queued) == (409, True, [number])
    earlier = client.post(f"{PATH}/{small}/undo")  # what waits to be undone stands until then
    assert (earlier.status_code, earlier.json()["code"], earlier.json()["later"]) == (409, "imported_since", number)
    for _ in range(2):
        undo_waiting(database, number)
        assert (rows_of(database), shown(client, number)["state"]) == (before, "undone")
    assert client.post(f"{PATH}/{number}/undo").status_code == 409
    assert client.post(f"{PATH}/{small}/undo").json()["state"] == "undone"  # a small one at once
    assert queued == [number]


def test_what_cannot_be_undone_is_not_queued(client: TestClient, take: Take, queued: list[int]) -> None:
    number = large(take, app(1))
    later = take(aces(app(2), kind="UPDATE"), organisation=HOUSE).import_id
    refused = client.post(f"{PATH}/{number}/undo")
    assert (refused.status_code, refused.json()["later"], queued) == (409, later, [])
    assert client.post(f"{PATH}/{later + 1}/undo").status_code == 404
    others = take(aces(app(1), PADDING, brand="QQQQ", count=1), organisation="org_two").import_id
    assert (client.post(f"{PATH}/{others}/undo").status_code, queued) == (404, [])


def test_what_came_between_is_told_in_the_row_and_the_import_stands(
    client: TestClient, take: Take, database: Database
) -> None:
    number = large(take, app(1))
    client.post(f"{PATH}/{number}/undo")
    later = take(aces(app(2), kind="UPDATE"), organisation=HOUSE).import_id
    before = rows_of(database)
    undo_waiting(database, number)
    row = shown(client, number)
    assert (row["state"], row["undo_refused"]["code"], row["undo_refused"]["later"]) == (
        "done",
        "imported_since",
        later,
    )
    assert rows_of(database) == before
    undo(database, later, None)
    assert client.post(f"{PATH}/{number}/undo").json()["undo_refused"] is None
    undo_waiting(database, number)
    assert shown(client, number)["state"] == "undone"


def test_the_same_file_is_imported_anew_while_it_waits_to_be_undone(client: TestClient, take: Take) -> None:
    number = large(take, app(1))
    client.post(f"{PATH}/{number}/undo")
    assert take(aces(app(1), PADDING, count=1), organisation=HOUSE).state == "done"


def test_a_fault_leaves_the_import_as_it_was_and_says_so(
    client: TestClient, take: Take, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = large(take, app(1))
    client.post(f"{PATH}/{number}/undo")
    before = rows_of(database)
    with monkeypatch.context() as broken:
        broken.setattr(running, "raise_version", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            undo_waiting(database, number)
    row = shown(client, number)
    assert (row["state"], row["undo_refused"]["code"], rows_of(database)) == ("done", "undo_failed", before)
    undo_waiting(database, number)  # the queue tries it again: nobody asked for that
    assert shown(client, number)["state"] == "done"


def test_killed_midway_it_waits_and_is_done_by_the_next_who_comes(
    client: TestClient, take: Take, database: Database
) -> None:
    before = rows_of(database)
    number = large(take, app(1))
    client.post(f"{PATH}/{number}/undo")
    imported = rows_of(database)
    with database.unit() as holding:
        holding.connection.execute(text("SELECT FROM catalogue_version FOR UPDATE"))
        command = [sys.executable, "-c", UNDO, database.url, str(number)]
        with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."}) as undoing:
            _until(database, "SELECT count(*) FROM pg_locks WHERE NOT granted")
            undoing.kill()
        assert (rows_of(database), shown(client, number)["state"]) == (imported, "undoing")
    undo_waiting(database, number)
    assert (rows_of(database), shown(client, number)["state"]) == (before, "undone")


def _until(database: Database, statement: str) -> None:
    """Wait until a statement counts something."""
    for _ in range(600):
        with database.unit() as unit:
            if unit.connection.execute(text(statement)).scalar_one():
                return
        time.sleep(0.1)
    pytest.fail(f"nothing came of {statement}")


def test_the_administrator_need_not_wait_for_the_tasks_process(
    client: TestClient, take: Take, database: Database
) -> None:
    number = large(take, app(1))
    client.post(f"{PATH}/{number}/undo")
    undo(database, number, None)
    undo_waiting(database, number)
    assert shown(client, number)["state"] == "undone"


def test_the_task_is_there_for_the_worker(database: Database) -> None:
    assert "undo_import" in build_tasks(database).tasks


def test_a_part_in_somebodys_cart_stays_as_a_row(take: Take, database: Database) -> None:
    report = take(aces(app(1), app(2, "B")))
    with database.unit() as unit:
        unit.connection.execute(
            text("INSERT INTO carts (id, organisation, account, channel, currency, created_at, updated_at)"
                 " VALUES ('c', 'org', 'acc', 'retail', 'CNY', now(), now())")
        )  # fmt: skip
        unit.connection.execute(
            text("INSERT INTO cart_lines SELECT 'c', id, 1, false, now() FROM parts WHERE number = 'B'")
        )
    undo(database, report.import_id, None)
    with database.unit() as unit:
        assert unit.connection.execute(text("SELECT number FROM parts")).scalars().all() == ["B"]


def test_whoever_names_a_row_that_an_undo_deletes_has_an_index_of_it(database: Database) -> None:
    """Without one, PostgreSQL reads the whole table for each that is deleted; an index of some rows does not do."""
    bare = text("""
        SELECT c.conrelid::regclass::text || ' ' || c.conname FROM pg_constraint c
        WHERE c.contype = 'f' AND c.confrelid IN ('parts'::regclass, 'brands'::regclass) AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1])
    """)
    with database.unit() as unit:
        assert unit.connection.execute(bare).scalars().all() == []


def test_an_undo_reads_no_table_for_each_part(take: Take, database: Database) -> None:
    """What PostgreSQL itself counts: rows that were read one after the other, through whole tables."""
    items = [item(f"BZ-{number}") for number in range(60)]
    apps = [app(number + 1, f"BZ-{number % 60}", base=number + 1) for number in range(600)]
    first, second = take(pies(*items)), take(aces(*apps))
    read = text(
        "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname IN ('applications', 'part_details')"
    )
    seen: list[dict[str, int]] = []

    def look(unit: UnitOfWork) -> None:
        seen.append(dict(unit.connection.execute(read).all()))

    undo(database, second.import_id, None)
    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(running, "raise_version", look)
        undo(database, first.import_id, None)
    assert seen
    assert max(seen[0].values()) < 20
