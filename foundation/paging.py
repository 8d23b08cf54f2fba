"""Paging by key: a page ends with an opaque cursor, and the next page begins behind it."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from foundation.refusals import Invalid

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page, and the cursor of the next one (None: this was the last)."""

    items: list[T]
    next: str | None


def cut(rows: Sequence[T], limit: int, key: Callable[[T], list[Any]]) -> Page[T]:
    """Make a page of the first `limit` of `rows`, which were fetched with LIMIT `limit` + 1."""
    items = list(rows[:limit])
    more = len(rows) > limit and items
    return Page(items, write_cursor(key(items[-1])) if more else None)


def write_cursor(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> list[Any]:
    """Give the key inside a cursor; raises `Invalid` for anything that is no cursor of ours."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError) as error:  # base64, UTF-8 and JSON errors are all ValueErrors
        raise Invalid("this page cursor is not valid", why="no_cursor") from error
    if not isinstance(key, list):
        raise Invalid("this page cursor is not valid", why="no_cursor")
    return key
