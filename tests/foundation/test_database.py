"""Rows past SQLAlchemy, and writes put off to the end: inside the same transaction, and with the same errors."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

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


@pytest.fixture
def pieces(database: Database) -> Iterator[str]:
    with database.unit() as unit:
        unit.rows("CREATE TABLE pieces (part text PRIMARY KEY, number int)")
    yield "SELECT part, number FROM pieces ORDER BY part"
    with database.unit() as unit:
        unit.rows("DROP TABLE pieces")


PUT = "INSERT INTO pieces VALUES (%(part)s, %(number)s)"


def test_what_is_put_off_is_written_in_its_order_when_the_unit_ends(database: Database, pieces: str) -> None:
    with database.unit() as unit:
        unit.later(PUT, {"part": "p", "number": 1})
        unit.later("UPDATE pieces SET number = number + %(more)s", {"more": 41})
        unit.later(PUT, {"part": "q", "number": None})
        assert unit.rows(pieces) == []
    with database.unit() as unit:
        assert unit.rows(pieces) == [("p", 42), ("q", None)]


def test_what_is_put_off_goes_with_a_unit_that_fails(database: Database, pieces: str) -> None:
    def fail() -> None:
        with database.unit() as unit:
            unit.later(PUT, {"part": "p", "number": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.unit() as unit:
        assert unit.rows(pieces) == []


@pytest.mark.parametrize("bad", range(4))
def test_one_that_fails_takes_the_whole_unit_with_it(database: Database, pieces: str, bad: int) -> None:
    def double() -> None:
        with database.unit() as unit:
            unit.rows(PUT, {"part": "p", "number": 0})
            for number in range(4):
                unit.later(PUT, {"part": "p" if number == bad else str(number), "number": number})

    with pytest.raises(IntegrityError) as raised:
        double()
    assert raised.value.orig is not None
    assert raised.value.orig.sqlstate == "23505"  # type: ignore[attr-defined]
    with database.unit() as unit:
        assert unit.rows(pieces) == []
        unit.later(PUT, {"part": "p", "number": 1})
    with database.unit() as unit:
        assert unit.rows(pieces) == [("p", 1)]


def test_a_server_that_goes_away_before_the_end_is_an_operational_error(database: Database, pieces: str) -> None:
    def be_cut_off() -> None:
        with database.unit() as unit, database.unit() as other:
            unit.later(PUT, {"part": "p", "number": 1})
            pid = unit.rows("SELECT pg_backend_pid() AS pid")[0].pid
            assert other.rows("SELECT pg_terminate_backend(%(pid)s, 5000) AS gone", {"pid": pid})[0].gone

    with pytest.raises(OperationalError):
        be_cut_off()
    with database.unit() as unit:
        assert unit.rows(pieces) == []


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
