"""The database and the unit of work: one request, or one batch of messages, is one unit, committed at the edge."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from select import POLLIN, poll
from types import MappingProxyType
from typing import Any, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, create_engine, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from foundation.clock import Clock, OffsetClock
from foundation.tables import clock_offset

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Give a new opaque id, such as `case_7q…`: 100 random bits behind a prefix that says what it names."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(20))}"


class UnitOfWork:
    """One transaction. Everything read and written through `connection` commits together, or not at all.

    `data` is the directory for files that are derived from the database, where there is one. `silent`: it has promised
    to append no events (`foundation/events.py`).
    """

    def __init__(self, connection: Connection, clock: Clock, data: Path | None = None) -> None:
        self.connection = connection
        self.data = data
        self.silent = False
        self._clock = clock
        self._later: list[tuple[str, Mapping[str, Any]]] = []

    def now(self) -> datetime:
        """Give the business instant, aware UTC."""
        return self._clock.now()

    def rows(self, statement: str, values: Mapping[str, Any] = MappingProxyType({})) -> list[Any]:
        """Run a statement of our own words, `%(name)s` for values; gives rows with a name for each column, if any.

        For where a millisecond counts: PostgreSQL answers in a third of the time that SQLAlchemy takes to ask. It
        raises what `connection` raises.
        """
        try:
            with self.driver.cursor(row_factory=namedtuple_row) as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as error:
            raise DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error

    def later(self, statement: str, values: Mapping[str, Any]) -> None:
        """Write at the end of this unit, `%(name)s` for values: all such writes in one round trip, in this order.

        For what nothing in this unit reads again; a savepoint that is rolled back does not take it back.
        """
        self._later.append((statement, values))

    def write_later(self) -> None:
        """Carry out what was put off, as `Database.unit` does at its end; raises what `connection` raises."""
        if not self._later:
            return
        try:
            with self.driver.pipeline(), self.driver.cursor() as cursor:
                for statement, values in self._later:
                    cursor.execute(statement, values)
        except psycopg.Error as error:
            raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error
        self._later.clear()

    @property
    def driver(self) -> psycopg.Connection[tuple[object, ...]]:
        """The psycopg connection under this unit, for COPY and for tasks queued in the same transaction."""
        return cast("psycopg.Connection[tuple[object, ...]]", self.connection.connection.driver_connection)


class Database:
    """A PostgreSQL database. Without a `clock`, business time is the machine's plus the offset in `clock_offset`."""

    def __init__(self, url: str, clock: Clock | None = None, *, pool_size: int = 10, data: Path | None = None) -> None:
        self.url = url
        self.data = data
        self.engine: Engine = create_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, hide_parameters=True
        )
        _ping_by_socket(self.engine)
        # A unit asks the time while it holds a connection: had it to wait for a second one of the same pool, units that
        # hold all of them would wait for each other.
        self._clock_engine: Engine = create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
        self._offset: timedelta | None = None  # as it was read last
        self.clock: Clock = clock or OffsetClock(self._read_offset)

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """Open a unit of work: commits when the block ends well, rolls back when it raises."""
        with self.engine.begin() as connection:
            unit = UnitOfWork(connection, self.clock, self.data)
            yield unit
            unit.write_later()

    def close(self) -> None:
        self.engine.dispose()
        self._clock_engine.dispose()

    def _read_offset(self) -> timedelta:
        """Look the offset up; while the database is away it is what it was, for whoever asks the time needs one."""
        try:
            with self._clock_engine.connect() as connection:
                self._offset = connection.execute(select(clock_offset.c.offset)).scalar_one_or_none() or timedelta()
        except (OperationalError, InterfaceError):
            if self._offset is None:
                raise
        return self._offset


def _ping_by_socket(engine: Engine) -> None:
    """Ask a pooled connection whether it lives only when its socket has something to read.

    Of a server that went away that is the end of the stream; between two units a living one says nothing. A round trip
    less in every unit.
    """
    ask = engine.dialect.do_ping

    def ping(connection: Any) -> bool:
        if not connection.closed:
            socket = poll()
            socket.register(connection.fileno(), POLLIN)
            if not socket.poll(0):
                return True
        return ask(connection)

    engine.dialect.do_ping = ping  # type: ignore[assignment, method-assign]


def move_clock(unit: UnitOfWork, offset: timedelta) -> None:
    """Set business time to the machine's time plus `offset`, for every process; seen by each within a second."""
    unit.connection.execute(clock_offset.delete())
    unit.connection.execute(clock_offset.insert().values(offset=offset))
