"""The tables of one import's transaction: records as they came, copied in and gone with the commit."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import text

from foundation.database import UnitOfWork
from parts_catalog.imports.records import Item, Line
from parts_catalog.spelling import number_key

# Words of an application that are columns of both tables, in one order.
WORDS = (
    "base_vehicle", "year_from", "year_to", "cylinders", "quantity", "excludes", "make", "model_line", "built_from",
    "built_to", "fuel", "displacement_l", "aspiration", "transmission", "drive", "body", "engine_code", "region",
    "position", "note_en", "note_zh",
)  # fmt: skip
DOCUMENTS = ("equipment", "attributes", "qualifiers")
_words_of, _documents_of = attrgetter(*WORDS), attrgetter(*DOCUMENTS)
_write_json = msgspec.json.Encoder().encode

_TABLES: Mapping[str, str] = {
    # `vehicle`, `label`, `conditions` and `number` are compared byte by byte.
    "incoming_lines": """
        line integer, action text, brand text, number text COLLATE "C", number_key text, part_type text,
        terminology integer, vehicle text COLLATE "C", label text COLLATE "C", conditions text COLLATE "C",
        base_vehicle integer, year_from smallint, year_to smallint, cylinders smallint, quantity smallint,
        excludes boolean, make text, model_line text, built_from text, built_to text, fuel text,
        displacement_l numeric(3, 1), aspiration text, transmission text, drive text, body text, engine_code text,
        region text, position text, note_en text, note_zh text, equipment jsonb, attributes jsonb, qualifiers jsonb,
        position_code integer, extras jsonb""",
    "incoming_items": """
        line integer, action text, brand text, number text, number_key text, label text, part_type text,
        terminology integer, name_en text, name_zh text, search_text text, state text, details jsonb,
        has_numbers boolean, has_relatives boolean""",
    "incoming_numbers": "line integer, kind text, maker text, number text, number_key text",
    "incoming_prices": "line integer, price_list text, currency text, amount integer",
    "incoming_relatives": """
        line integer, kind text, brand text, number text, number_key text, quantity smallint, since date""",
}


class Staging:
    """Writes records into the incoming tables: one COPY at a time, so each kind waits in memory for its turn."""

    AT_ONCE = 5_000

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._rows: dict[str, list[Sequence[Any]]] = {name: [] for name in _TABLES}
        for name, columns in _TABLES.items():
            unit.connection.execute(text(f"CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP"))

    def line(self, line: Line, brand: str) -> None:
        application = line.application
        self._add(
            "incoming_lines",
            line.line, line.action, brand, line.part.number, number_key(line.part.number), line.part_type,
            line.terminology, line.vehicle, line.label, line.conditions,
            *_words_of(application), *map(_document, _documents_of(application)),
            line.position_code, _document(line.extras),
        )  # fmt: skip

    def item(self, item: Item, brand: str, known: Callable[[str], str | None]) -> None:
        """Stage a part of a brand; `known` names the brands of the parts it is related to."""
        self._add(
            "incoming_items",
            item.line, item.action, brand, item.part.number, number_key(item.part.number), item.label,
            item.part_type, item.terminology, item.name_en, item.name_zh, item.search_text,
            "discontinued" if item.discontinued else "current", _document(item.details), bool(item.numbers),
            bool(item.relatives),
        )  # fmt: skip
        for one in item.numbers:
            if key := number_key(one.number):
                self._add("incoming_numbers", item.line, one.kind, one.maker, one.number, key)
        for price in item.prices:
            self._add("incoming_prices", item.line, price.price_list, price.currency, price.amount)
        for other in item.relatives:
            key = number_key(other.part.number)
            self._add(
                "incoming_relatives",
                item.line, other.kind, known(other.part.brand), other.part.number, key, other.quantity, other.since,
            )  # fmt: skip

    def _add(self, table: str, *values: Any) -> None:
        rows = self._rows[table]
        rows.append(values)
        if len(rows) >= self.AT_ONCE:
            self._flush(table)

    def _flush(self, table: str) -> None:
        rows, self._rows[table] = self._rows[table], []
        if rows:
            with self._unit.driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def end(self) -> None:
        """Write what waits, and let the planner know how much there is."""
        for table in _TABLES:
            self._flush(table)
            self._unit.connection.execute(text(f"ANALYZE {table}"))


def _document(value: Any) -> str | None:
    return _write_json(value).decode().replace("\\u0000", "") if value else None
