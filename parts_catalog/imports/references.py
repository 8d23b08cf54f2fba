"""The licensee's own lists of what codes mean: a CSV file each, never shipped; a list replaces what it speaks of.

Columns: `kind`, `id`, `name_en`, optionally `name_zh`, and either `canonical` (JSON) or one column for each word of it,
such as `make`, `model_line`, `year`, `part_type`, `position`.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from typing import Any, BinaryIO

from sqlalchemy import text

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from parts_catalog.imports.csv_file import encoding_of
from parts_catalog.imports.values import MOST_CODE
from parts_catalog.search.index import index_vehicles
from parts_catalog.spelling import canonical, make_key, name_key
from parts_catalog.version import raise_version

_NAMED = {"kind", "id", "name_en", "name_zh", "canonical"}
_NUMBERS = {"year", "year_from", "year_to", "cylinders", "part_terminology"}
_SPOKEN = ("fuel", "aspiration", "transmission", "drive", "body", "region", "engine_code")
_STAGED = """
CREATE TEMPORARY TABLE incoming_codes (kind text, id int, name_en text, name_zh text, canonical jsonb) ON COMMIT DROP
"""
_WRITE = """
INSERT INTO reference_codes (kind, id, name_en, name_zh, canonical)
SELECT DISTINCT ON (kind, id) kind, id, name_en, name_zh, canonical FROM incoming_codes ORDER BY kind, id
ON CONFLICT (kind, id) DO UPDATE
SET name_en = excluded.name_en, name_zh = excluded.name_zh, canonical = excluded.canonical
"""


def load_codes(unit: UnitOfWork, file: BinaryIO) -> dict[str, int]:
    """Load a list; gives the number of codes by kind. Raises `Invalid` with the row that cannot be read."""
    encoding = encoding_of(file)
    loaded: dict[str, int] = {}
    unit.connection.execute(text(_STAGED))
    with (
        TextIOWrapper(file, encoding, newline="") as lines,
        unit.driver.cursor() as cursor,
        cursor.copy("COPY incoming_codes FROM STDIN") as copy,
    ):
        for kind, *values in _rows(lines):
            copy.write_row((kind, *values))
            loaded[kind] = loaded.get(kind, 0) + 1
    unit.connection.execute(text(_WRITE))
    index_vehicles(unit)
    raise_version(unit)
    return loaded


def _rows(lines: TextIOWrapper) -> Iterator[tuple[str, int, str, str | None, str]]:
    reader = csv.DictReader(lines)
    if not {"kind", "id", "name_en"} <= set(reader.fieldnames or ()):
        raise Invalid("a list of codes has the columns kind, id and name_en")
    for row in reader:
        at = f"row {reader.line_num}"
        kind, written = (row["kind"] or "").strip(), (row["id"] or "").strip()
        if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
            raise Invalid(f"{at}: {kind!r} is no kind of code, such as base_vehicle")
        if not (written.isascii() and written.isdigit() and 0 < int(written) <= MOST_CODE):
            raise Invalid(f"{at}: {written!r} is no positive number")
        yield kind, int(written), row["name_en"] or "", row.get("name_zh") or None, json.dumps(_meaning(row, at))


def _meaning(row: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Give the words of a code in the catalogue's spelling."""
    try:
        said = json.loads(row.get("canonical") or "{}")
    except ValueError as error:
        raise Invalid(f"{at}: canonical is no JSON") from error
    if not isinstance(said, dict):
        raise Invalid(f"{at}: canonical is no JSON object")
    said |= {
        name: value.strip() for name, value in row.items() if name not in _NAMED and name and (value or "").strip()
    }
    said = {name: _word(name, value, at) for name, value in said.items()}
    if "make" in said:
        said["make"] = make_key(said["make"])
    if "model_line" in said:
        said["model_line"] = name_key(said["model_line"])
    if row["kind"] == "part_position" and not {"part_terminology", "position"} <= said.keys():
        raise Invalid(f"{at}: a part_position names part_terminology and position")
    return said


def _word(name: str, value: Any, at: str) -> Any:
    if name in _NUMBERS and isinstance(value, str):
        if not value.isdigit():
            raise Invalid(f"{at}: {name} says {value!r}, which is no number")
        return int(value)
    if name in _SPOKEN:
        if (spoken := canonical(name, str(value))) is None:
            raise Invalid(f"{at}: {name} says {value!r}, which is not known")
        return spoken
    return value
