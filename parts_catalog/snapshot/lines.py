"""Streams the applications out of SQL into columns, in the order in which they are asked for.

A line stands in a group: those of a model line, of a whole make, of every car, of a base vehicle that stayed a code,
or of the code 0, which no car has, where other codes name the cars.
What lines have in common besides (fuel, equipment, notes ...) is written once, as text in JSON.
"""

import json
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from foundation.database import UnitOfWork
from parts_catalog.applications import NAMING_CODES, Application
from parts_catalog.coding import codes_on, resolved
from parts_catalog.fitment import codes_of
from parts_catalog.snapshot.files import Array, Column, Interned, TextColumn, Texts
from parts_catalog.snapshot.layout import COLUMNS, KEPT, NEVER_BEGUN, NEVER_ENDED, NULL, WHOLE, Group, read_value

_BLOCK = 100_000
_NOTHING = b"\t".join([NULL] * 4)
_NUMBERED = re.compile(rb"[1-9][0-9]{0,8}$")


@dataclass(slots=True)
class Names:
    """Numbers of groups and of part types, in the order in which they came."""

    groups: dict[Group, int] = field(default_factory=dict)
    types: dict[bytes, int] = field(default_factory=dict)
    _groups: dict[tuple[bytes, ...], int] = field(default_factory=dict)

    def group(self, *written: bytes) -> int:
        """Give the number of a group by its make, model line and code, as COPY writes them."""
        found = self._groups.get(written)
        if found is None:
            make, model_line, code = map(read_value, written)
            group = Group(make, model_line, None if code is None else int(code))
            found = self._groups[written] = self.groups.setdefault(group, len(self.groups))
        return found


class Lines:
    """The lines, in files of the snapshot's folder: as they come, and then in order."""

    def __init__(self, folder: Path, names: Names) -> None:
        self._folder = folder
        self._names = names
        self._columns = {name: Column(folder, f"unsorted_{name}", dtype) for name, dtype in COLUMNS.items()}
        self._said_texts, self._source_texts = TextColumn(folder, "unread"), TextColumn(folder, "source_text")
        self._said, self._sources = Interned(self._said_texts), Interned(self._source_texts)

    def read(self, unit: UnitOfWork) -> None:
        """Stream every line of every current part, in any order; then read what was said."""
        with unit.driver.cursor() as cursor:
            files = {str(at).encode(): str(name) for at, name in cursor.execute("SELECT id, file_name FROM imports")}
            with cursor.copy(_LINES) as stream:
                rows = iter(stream)
                while block := list(islice(rows, _BLOCK)):
                    self._add(block, files)
        self._said_texts.finish()
        self._source_texts.finish()
        _write_said(unit, self._folder)

    def sort(self) -> tuple[Array, dict[str, Array]]:
        """Write the kept columns by group, type, part and id; gives all columns as they came, and their order."""
        came = {name: column.view() for name, column in self._columns.items()}
        order = np.lexsort((came["id"], came["no"], came["type"], came["group"]))
        for name in KEPT:
            dtype = np.min_scalar_type(came[name].max(initial=0)) if name == "id" else COLUMNS[name]
            column = Column(self._folder, f"line_{name}", dtype)
            for at in range(0, len(order), _BLOCK):
                column.add(came[name][order[at : at + _BLOCK]])
            column.finish()
        return order, came

    def drop(self) -> None:
        for column in self._columns.values():
            column.drop()

    def _add(self, block: Sequence[Any], files: Mapping[bytes, str]) -> None:
        """Append rows to the columns. A line under a code that a list explains stands in two groups."""
        rows = array("q")
        types, group_of = self._names.types, self._names.group
        for row in block:
            no, own, excludes, kind, make, model, first, last, listed_make, listed_model, code, rest = bytes(row)[
                :-1
            ].split(b"\t", 11)
            source, import_id, line, coded, rest = rest.split(b"\t", 4)
            head = b"\t".join((make, model, first, last)) if coded == b"t" else _NOTHING
            text, number = self._source(source, import_id, line, files)
            values = [
                int(no),
                int(own),
                excludes == b"t",
                types.setdefault(kind, len(types)),
                group_of(make, model, code),
                NEVER_BEGUN if first == NULL else int(first),
                NEVER_ENDED if last == NULL else int(last),
                text,
                number,
                self._said.number(head + b"\t" + rest),
            ]
            rows.extend(values)
            if listed_make != NULL:
                values[4] = group_of(listed_make, listed_model, NULL)
                rows.extend(values)
        table = np.frombuffer(rows, np.int64).reshape(-1, len(COLUMNS))
        for at, column in enumerate(self._columns.values()):
            column.add(table[:, at])

    def _source(self, source: bytes, import_id: bytes, line: bytes, files: Mapping[bytes, str]) -> tuple[int, int]:
        """Take a source apart: what stands before its number is the same for a whole file."""
        if source == NULL:
            source = f"{files.get(import_id, '')}, line {'' if line == NULL else line.decode()}".encode()
        else:
            source = source if b"\\" not in source else (read_value(source) or "").encode()
        found = _NUMBERED.search(source)
        if found is None:
            return self._sources.number(source), WHOLE
        return self._sources.number(source[: found.start()]), int(found[0])


def _write_said(unit: UnitOfWork, folder: Path) -> None:
    """Turn what lines say from COPY's text into JSON, their codes into words where lists tell."""
    unread, said = Texts.open(folder, "unread"), TextColumn(folder, "said")
    lines = _applications(unread)
    while block := list(islice(lines, 5000)):
        known = codes_of(unit, sorted({code for line in block for code in codes_on(line)}))
        for line in block:
            said.add(_as_json(resolved(line, known)))
    said.finish()
    for suffix in ("npy", "bin"):
        (folder / f"unread.{suffix}").unlink()


def _applications(unread: Texts) -> Iterator[Application]:
    for at in range(len(unread)):
        values = map(read_value, unread[at].split(b"\t"))
        stated = {
            name: read(value) for (name, read), value in zip(_SAID.items(), values, strict=True) if value is not None
        }
        yield Application(source="", **stated)


_DEFAULTS = {one.name: one.default for one in fields(Application) if one.name != "source"}


def _as_json(line: Application) -> bytes:
    stated = {name: value for name, default in _DEFAULTS.items() if (value := getattr(line, name)) != default}
    return json.dumps(stated, ensure_ascii=False, separators=(",", ":")).encode()


# What is read of a line besides its place and source, and how each value is read.
_SAID: Mapping[str, Any] = {
    **dict.fromkeys(("make", "model_line"), str),
    **dict.fromkeys(("year_from", "year_to", "base_vehicle", "cylinders", "quantity"), int),
    "displacement_l": float,
    "excludes": "t".__eq__,
    **dict.fromkeys(("built_from", "built_to", "fuel", "aspiration", "transmission", "drive", "body"), str),
    **dict.fromkeys(("engine_code", "region", "position", "note_en", "note_zh"), str),
    **dict.fromkeys(("equipment", "attributes", "qualifiers"), json.loads),
}
_NAMING = f"ARRAY{list(NAMING_CODES)}"
_LINES = f"""
    COPY (
        SELECT p.no, a.id, a.excludes, a.part_type, a.make, a.model_line,
            coalesce(a.year_from, l.year), coalesce(a.year_to, l.year),
            l.make, l.model_line,
            CASE WHEN a.make IS NULL THEN coalesce(a.base_vehicle, CASE WHEN a.attributes ?| {_NAMING} THEN 0 END) END,
            a.source, a.import_id, a.line,
            a.attributes IS NOT NULL OR a.qualifiers IS NOT NULL OR (a.make IS NULL AND a.base_vehicle IS NOT NULL),
            {", ".join(f"a.{name}" for name in list(_SAID)[4:])}
        FROM applications a
        JOIN parts p ON p.id = a.part AND p.removed_by IS NULL
        LEFT JOIN LATERAL (
            SELECT r.canonical ->> 'make' AS make, r.canonical ->> 'model_line' AS model_line,
                (r.canonical ->> 'year')::smallint AS year
            FROM reference_codes r WHERE r.kind = 'base_vehicle' AND r.id = a.base_vehicle AND a.make IS NULL
                AND r.canonical ?& '{{make,model_line}}'
            UNION ALL
            SELECT m.canonical ->> 'make', o.canonical ->> 'model_line', NULL
            FROM reference_codes m
            LEFT JOIN reference_codes o ON o.kind = 'model_line' AND o.id = (a.attributes ->> 'model_line')::integer
            WHERE m.kind = 'make' AND m.id = (a.attributes ->> 'make')::integer AND m.canonical ? 'make'
                AND a.make IS NULL AND a.base_vehicle IS NULL
        ) l ON true
        WHERE a.removed_by IS NULL
    ) TO STDOUT
"""  # noqa: S608 - names of our own columns
