"""Reading rows where a millisecond counts: by the driver itself, inside the unit of work."""

from collections.abc import Mapping
from typing import Any

from psycopg.rows import namedtuple_row

from foundation.database import UnitOfWork


def rows_of(unit: UnitOfWork, statement: str, values: Mapping[str, Any]) -> list[Any]:
    """Run a statement of our own words with `%(name)s` for values; gives rows with a name for each column.

    It goes past SQLAlchemy, whose making of a statement takes three times as long as PostgreSQL's answer to one.
    """
    with unit.driver.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement, values).fetchall()
