import os
import stat
from pathlib import Path

import psycopg
import pytest

from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from forecourt.supervision.postgres_place import SYSTEM_HOME, find_place
from forecourt.supervision.processes import ProcessMark
from tests.supervision.awaiting import eventually


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def server_pid(paths: DataPaths) -> int:
    return int((paths.run / "database.pid").read_text().splitlines()[0])


def test_killed_it_is_back_within_five_seconds_with_what_was_committed(postgres: Postgres, paths: DataPaths):
    url = postgres.ensure()
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept (x int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    busy = connect(url)  # its backend outlives the server for a moment
    os.kill(server_pid(paths), 9)
    assert eventually(lambda: postgres.ensure(5.0) and postgres.answers()) < 5.0
    busy.close()
    with connect(url) as connection:
        assert connection.execute("SELECT x FROM kept").fetchall() == [(1,)]


def test_a_second_owner_adopts_the_running_server(postgres: Postgres, paths: DataPaths):
    url = postgres.ensure()
    pid = server_pid(paths)
    successor = Postgres(paths)
    assert successor.adopt()
    assert successor.ensure() == url
    assert server_pid(paths) == pid
    successor.stop()
    assert not postgres.alive()


def test_a_lock_left_by_a_dead_server_whose_pid_was_reused_does_not_stop_the_start(
    postgres: Postgres, paths: DataPaths
):
    postgres.ensure()
    lock = find_place(paths).data / "postmaster.pid"
    text = lock.read_text()
    postgres.stop()
    lock.write_text(f"{os.getppid()}\n{text.partition(chr(10))[2]}")
    assert Postgres(paths).alive() is False
    postgres.ensure()


def test_the_service_is_no_superuser_but_may_use_its_extensions(postgres: Postgres):
    with connect(postgres.ensure()) as connection:
        for extension in ("btree_gist", "pg_trgm", "unaccent"):
            connection.execute(f"CREATE EXTENSION {extension}")  # type: ignore[arg-type]
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SELECT cardinality(show_trgm('发电机')) > 0, lower('Ö')").fetchone() == (True, "ö")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url.replace("+psycopg", ""), password="wrong")  # type: ignore[call-overload]


def test_a_database_is_copied_from_a_template_and_dropped(postgres: Postgres):
    with connect(postgres.ensure()) as connection:
        connection.execute("CREATE TABLE seed AS SELECT 7 AS x")
    copy = postgres.create_database("copy", "forecourt")
    with connect(copy) as connection:
        assert connection.execute("SELECT x FROM seed").fetchone() == (7,)
        postgres.drop_database("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(copy)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_it_runs_unprivileged_outside_a_closed_directory_and_opens_none(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(DataPaths.prepare(closed / "data"), {"shared_buffers": "32MB"})
    try:
        server.ensure()
        place = find_place(DataPaths(closed / "data"))
        assert place.data.is_relative_to(SYSTEM_HOME)
        assert Path(f"/proc/{server_pid(DataPaths(closed / 'data'))}").stat().st_uid == place.run_as["user"] != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        server.remove()
    assert not place.data.exists()


def test_asking_whether_it_runs_leaves_nothing_behind(paths: DataPaths):
    before = sorted(paths.root.rglob("*"))
    assert not Postgres(paths).alive()
    Postgres(paths).remove()
    assert sorted(paths.root.rglob("*")) == before


def test_stopping_ends_open_connections_and_forgets_the_pid(postgres: Postgres, paths: DataPaths):
    with connect(postgres.ensure()):
        mark = ProcessMark.of(server_pid(paths))
        postgres.stop()
    assert mark is not None
    assert not mark.runs()
    assert not (paths.run / "database.pid").exists()
