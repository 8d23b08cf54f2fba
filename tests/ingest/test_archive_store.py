"""One contract for both places of the archive: a directory, and a bucket of a server that speaks S3."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

from foundation.database import Database
from foundation.refusals import Invalid
from ingest import registry
from ingest.archive import Archive
from ingest.archive.compaction import Pace
from ingest.archive.store import open_store
from ingest.intake import Intake
from tests.ingest.wire import NOON, columns


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture(params=["directory", "bucket"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "directory":
        return (tmp_path / "archive").as_uri()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    address = request.getfixturevalue("server")
    query = f"endpoint_override={address}&scheme=http&region=us-east-1"
    bucket = f"b{secrets.token_hex(6)}"
    files, _ = fs.FileSystem.from_uri(f"s3://{bucket}/?{query}&allow_bucket_creation=true")
    files.create_dir(bucket)
    return f"s3://{bucket}/our/archive?{query}"


def test_a_store_holds_whole_files_by_name(where: str) -> None:
    store = open_store(where)
    assert store.names("fresh") == []
    assert store.write("fresh/date=1/a.parquet", lambda file: file.write(b"1234")) == 4
    store.write("date=1/b.parquet", lambda file: file.write(b"5"))
    assert store.names("fresh") == ["fresh/date=1/a.parquet"]
    with store.open("fresh/date=1/a.parquet") as file:
        file.seek(1)
        assert file.read(2) == b"23"
    store.remove(["fresh/date=1/a.parquet", "never/there"])
    assert store.names("fresh") == []
    with pytest.raises(FileNotFoundError):
        store.open("fresh/date=1/a.parquet")


def test_the_archive_works_in_any_store(where: str, database: Database) -> None:
    archive = Archive(where)
    intake = Intake(database, archive, "w1")
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    intake.start()
    for seq in (1, 2):
        intake.process([columns(seq, NOON - timedelta(hours=seq), engine_speed=[seq])])
    assert archive.compact(database, Pace(many=1)) == 2
    with database.unit() as unit:
        archive.remove_files(unit)
        rows = archive.readings(unit, "car-1", NOON - timedelta(days=1), NOON, ["engine_speed"])
        assert rows.signals["engine_speed"].tolist() == [2, 1]
    assert open_store(where).names("fresh") == []
    assert len(open_store(where).names("")) == 1


def test_another_scheme_is_refused() -> None:
    with pytest.raises(Invalid, match="gs://"):
        open_store("gs://bucket")
