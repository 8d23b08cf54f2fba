"""Rows past SQLAlchemy: inside the same transaction, and with the same errors."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from foundation.database import Database


def test_rows_see_what_the_unit_wrote_and_have_names(database: Database) -> None:
    with database.unit() as unit:
        unit.connection.execute(text("CREATE TEMPORARY TABLE pieces (part text, number int) ON COMMIT DROP"))
        assert unit.rows("INSERT INTO pieces VALUES (%(part)s, %(number)s)", {"part": "p", "number": 2}) == []
        (row,) = unit.rows("SELECT part, number FROM pieces")
        assert (row.part, row.number) == ("p", 2)


def test_rows_raise_what_the_connection_raises_without_the_values(database: Database) -> None:
    with database.unit() as unit, pytest.raises(ProgrammingError) as raised, unit.connection.begin_nested():
        unit.rows("SELECT %(secret)s FROM nowhere", {"secret": "hunter2"})
    assert isinstance(raised.value, DBAPIError)
    assert raised.value.orig is not None
    assert raised.value.orig.sqlstate == "42P01"  # type: ignore[attr-defined]
    assert "hunter2" not in str(raised.value)


def test_a_connection_that_the_server_has_ended_is_replaced_and_a_living_one_is_not_asked(database: Database) -> None:
    with database.unit() as unit:
        first = unit.rows("SELECT pg_backend_pid() AS pid")[0].pid
    other = Database(database.url)
    asked = "SELECT query FROM pg_stat_activity WHERE pid = %(pid)s"
    with database.engine.connect(), other.unit() as unit:  # taken from the pool, and nothing said yet
        assert unit.rows(asked, {"pid": first})[0].query == "COMMIT"
    with other.unit() as unit:
        assert unit.rows("SELECT pg_terminate_backend(%(pid)s, 5000) AS gone", {"pid": first})[0].gone
    other.close()
    with database.unit() as unit:
        assert unit.rows("SELECT pg_backend_pid() AS pid")[0].pid != first
