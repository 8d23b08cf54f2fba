"""Importing small files into a fresh catalogue, and comparing all of its rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from foundation.database import Database
from parts_catalog.imports.running import Report, Wanted, import_file
from tests.parts_catalog.imports.files import saved

Take = Callable[..., Report]
# Derived rows, and those that tell of imports themselves, are no part of what an undo restores.
CATALOGUE = (
    "brands", "brand_keepers", "parts", "part_numbers", "part_details", "applications", "supersessions", "interchanges",
    "kit_components", "prices", "stock", "part_words",
)  # fmt: skip


@pytest.fixture
def take(database: Database, tmp_path: Path) -> Take:
    """Import bytes as a file."""
    number = iter(range(1000))

    def import_bytes(content: bytes, name: str = "file.xml", **wanted: Any) -> Report:
        path = saved(tmp_path, content, f"{next(number)}-{name}")
        return import_file(database, Wanted(path, name, **wanted))

    return import_bytes


def rows_of(database: Database, *tables: str) -> dict[str, list[str]]:
    """Give all rows of tables, each as text."""
    with database.unit() as unit:
        return {
            table: sorted(unit.connection.execute(text(f"SELECT t::text FROM {table} t")).scalars())  # noqa: S608
            for table in tables or CATALOGUE
        }


def findings_of(database: Database, import_id: int) -> list[tuple[Any, ...]]:
    with database.unit() as unit:
        found = unit.connection.execute(
            text("SELECT rule, line FROM import_findings WHERE import_id = :id ORDER BY id"), {"id": import_id}
        )
        return [tuple(row) for row in found]
