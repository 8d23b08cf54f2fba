"""Pages of rows, the newest first; the next page begins behind the last row of this one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, Select, tuple_

from foundation.database import UnitOfWork
from foundation.paging import MAXIMUM_LIMIT, Page, cut, read_cursor
from foundation.refusals import Invalid


def newest_first(
    unit: UnitOfWork, query: Select[Any], columns: tuple[Column[datetime], Column[str]], limit: int, cursor: str | None
) -> Page[Row[Any]]:
    """Give a page of a query's rows; `columns` are the time they order by and their id."""
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise Invalid(f"a page has 1 to {MAXIMUM_LIMIT} rows", why="not_of_this_page")
    at, key = columns
    if cursor is not None:
        query = query.where(tuple_(at, key) < tuple_(*_place(read_cursor(cursor))))
    rows = unit.connection.execute(query.order_by(at.desc(), key.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [getattr(row, at.name).isoformat(), getattr(row, key.name)])


def _place(key: list[Any]) -> tuple[datetime, str]:
    try:
        at, last = key
        return datetime.fromisoformat(at), str(last)
    except (TypeError, ValueError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error
