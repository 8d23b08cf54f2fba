"""Builds the snapshot of a version from SQL: apart, and put in place whole (`layout.py` says what it consists of)."""

import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import text

from foundation.database import Database, UnitOfWork
from parts_catalog.snapshot.files import Column, TextColumn, sync
from parts_catalog.snapshot.fits import write_fits, write_slots
from parts_catalog.snapshot.layout import ABOUT, FOLDER, read_value
from parts_catalog.snapshot.lines import Lines, Names
from parts_catalog.version import current_stamp

_LOCK = 7_001_007  # one builder at a time for a database


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: the version of the catalogue, its lines, and what it took."""

    version: int
    lines: int
    seconds: float
    size: int  # bytes


def keep_snapshot(database: Database) -> Built | None:
    """Build the snapshot of the catalogue as it is, unless it is there already or somebody else builds; drop others."""
    if database.data is None:
        return None
    home = database.data / FOLDER
    with database.unit() as unit:
        # Everything of one state, and no number of a transaction: followers of the event log do not wait for this one.
        unit.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        version, mark = current_stamp(unit)
        if _mark_of(home / str(version)) == mark:
            return None
        if not unit.connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one():
            return None
        built = build(unit, database.data)
    for other in home.iterdir():
        if other.name != str(built.version):
            shutil.rmtree(other)
    return built


def build(unit: UnitOfWork, data: Path) -> Built:
    """Build the snapshot of what a unit of work reads, which must be of one state."""
    began = time.monotonic()
    version, mark = current_stamp(unit)
    home = data / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
    try:
        names = Names()
        lines = Lines(folder, names)
        lines.read(unit)
        order, came = lines.sort()
        write_slots(folder, order, came)
        write_fits(folder, order, came)
        lines.drop()
        _write_parts(unit, folder)
        _write_kits(unit, folder)
        _write_about(unit, folder, names, mark)
        sync(folder)
        place = home / str(version)
        shutil.rmtree(place, ignore_errors=True)  # of another database that had the same version
        folder.rename(place)
        sync(home)
    except BaseException:
        shutil.rmtree(folder)
        raise
    size = sum(file.stat().st_size for file in place.iterdir())
    return Built(version, len(order), time.monotonic() - began, size)


def _mark_of(folder: Path) -> str | None:
    try:
        mark: str = json.loads((folder / ABOUT).read_text("utf-8"))["mark"]
    except FileNotFoundError:
        return None
    return mark


def _write_parts(unit: UnitOfWork, folder: Path) -> None:
    """Write the current parts by their number, each as one row of COPY's text."""
    numbers, texts = Column(folder, "part_no", np.int32), TextColumn(folder, "part_text")
    with unit.driver.cursor() as cursor, cursor.copy(_PARTS) as stream:
        pending: list[int] = []
        for row in stream:
            no, rest = bytes(row)[:-1].split(b"\t", 1)
            pending.append(int(no))
            texts.add(rest)
            if len(pending) >= 100_000:
                numbers.add(np.array(pending))
                pending.clear()
        numbers.add(np.array(pending, np.int32))
    numbers.finish()
    texts.finish()


def _write_kits(unit: UnitOfWork, folder: Path) -> None:
    column = Column(folder, "kits", np.int32)
    for row in unit.connection.execute(text(_KITS)):
        column.add(np.array(row))
    column.finish()


def _write_about(unit: UnitOfWork, folder: Path, names: Names, mark: str) -> None:
    brands = unit.connection.execute(text("SELECT name, rank FROM brands"))
    complete = unit.connection.execute(text("SELECT brand, part_type, source FROM completeness"))
    about = {
        "mark": mark,
        "groups": list(names.groups),
        "types": [read_value(kind) for kind in names.types],
        "brands": {row.name: row.rank for row in brands},
        "complete": [list(row) for row in complete],
        "related": list(unit.connection.execute(text(_RELATED)).scalars()),
    }
    (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False), "utf-8")


_PARTS = """
    COPY (SELECT no, id, brand, number, part_type, name_en, name_zh FROM parts WHERE removed_by IS NULL ORDER BY no)
    TO STDOUT
"""
_KITS = """
    SELECT k.no, c.no, required::int FROM kit_components
    JOIN parts k ON k.id = kit JOIN parts c ON c.id = component
    WHERE kit_components.removed_by IS NULL ORDER BY k.no, kit_components.id
"""
_RELATED = """
    SELECT part FROM supersessions WHERE removed_by IS NULL
    UNION SELECT replaced_by FROM supersessions WHERE removed_by IS NULL
    UNION SELECT part FROM interchanges WHERE removed_by IS NULL
    UNION SELECT other FROM interchanges WHERE removed_by IS NULL
"""
