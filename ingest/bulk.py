"""Many rows in one statement: COPY into a table, and arrays as a table's columns."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Table

from foundation.database import UnitOfWork


def copy(unit: UnitOfWork, table: Table, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    """COPY rows into a table, in the unit's transaction."""
    prepared = list(rows)
    if not prepared:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with unit.driver.cursor() as cursor, cursor.copy(statement) as stream:
        for row in prepared:
            stream.write_row(row)


def array_of(numbers: NDArray[Any] | Sequence[int]) -> str:
    """Write numbers as a PostgreSQL array literal, for a CAST: many times quicker than adapting them one by one."""
    return f"{{{','.join(map(str, numbers.tolist() if isinstance(numbers, np.ndarray) else numbers))}}}"
