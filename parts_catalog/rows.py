"""Reading rows where a millisecond counts."""

from collections.abc import Mapping
from typing import Any

from foundation.database import UnitOfWork


def rows_of(unit: UnitOfWork, statement: str, values: Mapping[str, Any]) -> list[Any]:
    return unit.rows(statement, values)
