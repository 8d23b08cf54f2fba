"""A world in which everything that anybody ever typed is an attack, and what a page must have made of it."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Table, Text, func, literal, literal_column, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from foundation.database import Database, UnitOfWork

MARK = "pwn3d"
# Out of text, of an attribute in either quote, of a title, of a text area, of a script; as an address, as a template;
# and out of its box.
PAYLOAD = (
    f"</title></textarea></script>\"'><script>{MARK}()</script><img src=x onerror={MARK}()>"
    f"<a href=\"javascript:{MARK}()\" onmouseover='{MARK}()' style='x:expression({MARK}())'>"
    f"{{{{ {MARK} }}}}{{% {MARK} %}}&lt;{'Kapitänsmütze' * 5}"
)
# Columns, and keys within documents, that hold what people or suppliers write.
FREE = frozenset(
    [
        "name",
        "name_en",
        "name_zh",
        "text_en",
        "text_zh",
        "title_en",
        "title_zh",
        "words",
        "note",
        "note_en",
        "note_zh",
        "condition",
        "cause",
        "correction",
        "confirmation",
        "supplier",
        "answer",
        "given_by",
        "plate",
        "address",
        "phone",
        "file_name",
        "agent",
        "excerpt",
        "error",
        "detail",
        "tracking_number",
        "vin_reported",
        "position",
        "url",
        "reason_en",
        "reason_zh",
        "en",
        "zh",
        "email",
        "make",
        "model_line",
        "engine_code",
        "said",
    ]
)
APART = ("procrastinate", "events", "event_")  # tables of tasks, and the log, which is only added to


def fill(database: Database) -> dict[str, int]:
    """Put the attack before every such string that is stored; gives how many rows of which column took it."""
    took: dict[str, int] = {}
    with database.unit() as unit:
        every = MetaData()
        every.reflect(unit.connection)
        for table in every.sorted_tables:
            for column in table.columns:
                if not table.name.startswith(APART):
                    took[f"{table.name}.{column.name}"] = _fill(unit, table, column)
    return {name: rows for name, rows in took.items() if rows}


def _fill(unit: UnitOfWork, table: Table, column: Column[Any]) -> int:
    with unit.connection.begin_nested() as part:
        try:
            if isinstance(column.type, JSONB):
                return _fill_documents(unit, table, column)
            if isinstance(column.type, Text) and column.name in FREE and not column.foreign_keys:
                # Where nobody has said anything yet somebody might have: words and notes are all filled.
                some = true() if column.name in {"words", "note"} else column.is_not(None)
                put = update(table).where(some).values({column: literal(PAYLOAD) + func.coalesce(column, "")})
                return unit.connection.execute(put).rowcount
        except IntegrityError:
            part.rollback()  # a code after all: a check or a key holds it
    return 0


def _fill_documents(unit: UnitOfWork, table: Table, column: Column[Any]) -> int:
    place: ColumnElement[str] = literal_column("ctid::text")
    rows = unit.connection.execute(select(place.label("place"), column.label("held")).select_from(table)).all()
    changed = [(row.place, told) for row in rows if (told := _told(row.held)) != row.held]
    for where, held in changed:
        unit.connection.execute(update(table).where(place == where).values({column: held}))
    return len(changed)


def _told(held: Any, key: str = "") -> Any:
    if isinstance(held, Mapping):
        return {name: _told(value, name) for name, value in held.items()}
    if isinstance(held, list):
        return [_told(value, key) for value in held]
    return PAYLOAD + held if isinstance(held, str) and key in FREE else held


SCHEMES = ("javascript:", "data:", "vbscript:")


class _Parsed(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            said = (value or "").strip().lower()
            if name.startswith("on") or name == "style" or MARK in name:
                self.faults.append(f"<{tag} {name}={value}>")
            if name in {"href", "src", "action", "formaction"} and said.startswith(
                ("javascript:", "data:", "vbscript:")
            ):
                self.faults.append(f"<{tag} {name}={value}>")
        given = dict(attributes)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.faults.append(f"<script {given}>")
        if tag == "img" and given.get("src") == "x":
            self.faults.append("<img src=x>")
        if MARK in tag:
            self.faults.append(f"<{tag}>")


def faults_of(page: str) -> list[str]:
    """Give what an attack has made of a page: elements, attributes or addresses that are not ours."""
    parsed = _Parsed()
    parsed.feed(page)
    raw = re.findall(rf"<script>{MARK}|<img src=x|=\"javascript:{MARK}", page)
    return parsed.faults + raw
