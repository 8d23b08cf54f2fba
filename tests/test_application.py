"""The application that tests share is as new for each: another's database, folder and counts are not its own."""

from pathlib import Path

from sqlalchemy.engine import URL
from starlette.testclient import TestClient

from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import Role, add_account, add_organisation, issue_token
from ingest.archive import Archive
from tests.application import compose
from tests.databases import Databases

MOST = Settings().limit_sign_ins_client


def test_whoever_gets_it_gets_it_as_new(
    database: Database, server_url: URL, databases: Databases, tmp_path: Path
) -> None:
    with database.unit() as unit:
        token = issue_token(unit, add_account(unit, "li@x.example", Role.OWNER, add_organisation(unit, "Li")))

    def asking(folder: Path, over: Database) -> TestClient:
        app = compose(folder, over, Archive(folder))
        return TestClient(app, headers={"Authorization": f"Bearer {token}"}, follow_redirects=False)

    first = asking(tmp_path / "first", database)
    assert first.get("/v1/vehicles").status_code == 200
    tried = {first.post("/sign-in/link", data={"secret": "x"}).status_code for _ in range(MOST + 1)}
    assert 429 in tried
    with databases.borrowed() as name:
        other = Database(server_url.set(database=name).render_as_string(hide_password=False))
        second = asking(tmp_path / "second", other)
        assert second.get("/v1/vehicles").status_code == 401
        assert second.post("/sign-in/link", data={"secret": "x"}).status_code in tried - {429}
        other.close()
    third = asking(tmp_path / "third", database)
    assert third.get("/v1/vehicles").status_code == 200
    assert third.app is first.app
    assert third.app is not compose(tmp_path / "fourth", database, Archive(tmp_path / "fourth"), "served")
