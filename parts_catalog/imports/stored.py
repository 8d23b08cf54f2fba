"""The imports as rows: begun, under way, ended; what a house sees of its own; who may undo which."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, insert, select, text, update

from foundation.database import UnitOfWork
from foundation.events import stay_silent
from foundation.identity import Actor
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Conflict, Invalid, NotFound, Refusal
from parts_catalog.tables import import_findings, imports

STANDING = ("done", "undoing")  # what they wrote is in the catalogue
COLUMNS = ("import_id", "line", "severity", "rule", "text_en", "text_zh", "excerpt")


class ImportedSince(Conflict):
    code = "imported_since"


class UndoFailed(Conflict):
    code = "undo_failed"


def begin(unit: UnitOfWork, values: Mapping[str, Any]) -> int:
    """Write the row of an import that waits or runs; gives its number."""
    row = insert(imports).values(started_at=unit.now(), **values).returning(imports.c.id)
    number: int = unit.connection.execute(row).scalar_one()
    return number


def change(unit: UnitOfWork, import_id: int, **values: Any) -> None:
    unit.connection.execute(update(imports).where(imports.c.id == import_id).values(**values))


def keep_findings(unit: UnitOfWork, import_id: int, rows: Iterable[Sequence[Any]]) -> None:
    statement = f"COPY import_findings ({', '.join(COLUMNS)}) FROM STDIN"
    with unit.driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row((import_id, *row))


def same_file(unit: UnitOfWork, sha256: str, mode: str | None, organisation: str | None) -> Row[Any] | None:
    """Give the import of the very same file that still stands: no later one has touched its brands.

    `mode` None: as the file says, which is what it said then. One that is about to be undone does not count.
    """
    chosen = select(imports).where(imports.c.sha256 == sha256, imports.c.state == "done")
    if mode is not None:
        chosen = chosen.where(imports.c.mode == mode)
    found = unit.connection.execute(chosen.order_by(imports.c.id.desc()).limit(1)).one_or_none()
    if found is None or found.organisation != organisation or _later(unit, found) is not None:
        return None
    return found


def undoable(unit: UnitOfWork, import_id: int, actor: Actor | None) -> Row[Any]:
    """Give the row of an import that may be undone, locked. Raises `NotFound`, `Conflict` and `ImportedSince`.

    One that waits to be undone is a conflict for people, and no longer for nobody: the tasks process, or the server's
    administrator who will not wait for it.
    """
    _standing(get(unit, import_id, actor), actor)  # before the lock, which an undo holds for as long as it takes
    unit.connection.execute(select(imports.c.id).where(imports.c.id == import_id).with_for_update())
    row = _standing(get(unit, import_id, actor), actor)
    if (later := _later(unit, row)) is not None:
        raise ImportedSince(
            f"import {later.id} ({later.file_name}) has touched its brands since: undo that first", later=later.id
        )
    return row


def _standing(row: Row[Any], actor: Actor | None) -> Row[Any]:
    if row.state == "undoing" and actor is not None:
        raise Conflict(f"import {row.id} is being undone already", why="being_undone")
    if row.state not in STANDING:
        raise Conflict(f"import {row.id} is {row.state}: there is nothing to undo", why="nothing_to_undo")
    return row


def refuse_undo(unit: UnitOfWork, import_id: int, refusal: Refusal) -> None:
    """Say in the row of an import why its undo, which waited, was refused; no harm where it is done meanwhile."""
    told = {"code": refusal.code, "detail": refusal.detail, **refusal.extra}
    waits = (imports.c.id == import_id) & (imports.c.state == "undoing")
    unit.connection.execute(update(imports).where(waits).values(state="done", undo_refused=told))


def _later(unit: UnitOfWork, row: Row[Any]) -> Row[Any] | None:
    later = select(imports).where(
        imports.c.id > row.id, imports.c.state.in_(STANDING), imports.c.brands.overlap(row.brands)
    )
    return unit.connection.execute(later.order_by(imports.c.id.desc()).limit(1)).one_or_none()


def get(unit: UnitOfWork, import_id: int, actor: Actor | None) -> Row[Any]:
    """Give an import as its own house sees it (None: the server's administrator sees all); raises `NotFound`."""
    chosen = select(imports).where(imports.c.id == import_id)
    if actor is not None:
        chosen = chosen.where(imports.c.organisation == actor.organisation)
    row = unit.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound(f"there is no import {import_id}")
    return row


def listed(unit: UnitOfWork, actor: Actor | None, limit: int = 50, cursor: str | None = None) -> Page[Row[Any]]:
    """List imports, the last one first."""
    chosen = select(imports).order_by(imports.c.id.desc()).limit(limit + 1)
    if actor is not None:
        chosen = chosen.where(imports.c.organisation == actor.organisation)
    if cursor is not None:
        chosen = chosen.where(imports.c.id < _number(cursor))
    return cut(unit.connection.execute(chosen).all(), limit, lambda row: [row.id])


def findings_of(
    unit: UnitOfWork, import_id: int, actor: Actor | None, limit: int = 50, cursor: str | None = None
) -> Page[Row[Any]]:
    """List what an import found, in the order in which it did."""
    get(unit, import_id, actor)
    chosen = select(import_findings).where(import_findings.c.import_id == import_id)
    if cursor is not None:
        chosen = chosen.where(import_findings.c.id > _number(cursor))
    rows = unit.connection.execute(chosen.order_by(import_findings.c.id).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.id])


def one_at_a_time(unit: UnitOfWork) -> None:
    """Wait until no other import or undo writes; the lock ends with the transaction, for which no event waits."""
    stay_silent(unit)
    unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('parts_catalog.imports'))"))


def _number(cursor: str) -> int:
    key = read_cursor(cursor)
    if len(key) != 1 or not isinstance(key[0], int) or isinstance(key[0], bool) or not 0 <= key[0] < 2**63:
        raise Invalid("this page cursor is not valid", why="no_cursor")
    return key[0]
