"""What waits for the tasks process: large uploads, imported once and then forgotten, and undos of large imports."""

from pathlib import Path

from foundation.database import Database
from foundation.refusals import Refusal
from parts_catalog.imports import stored
from parts_catalog.imports.running import Report, Wanted, run_import, undo


def upload_of(folder: Path, number: int) -> Path:
    """Name the file in which the upload of an import waits."""
    return folder / f"{number}.upload"


def import_upload(database: Database, folder: Path, number: int, *, full: bool | None, dry: bool) -> Report | None:
    """Import an upload; again is no harm: None when it has ended already."""
    path = upload_of(folder, number)
    with database.unit() as unit:
        row = stored.get(unit, number, None)
        if row.state not in {"waiting", "running"}:
            path.unlink(missing_ok=True)
            return None
        stored.change(unit, number, state="running")
    wanted = Wanted(path, row.file_name, row.organisation, row.account, full, dry)
    report = run_import(database, number, wanted)
    path.unlink()
    return report


def undo_waiting(database: Database, number: int) -> None:
    """Undo an import that waits for it; again is no harm. If it cannot be undone, its row says why, and stands."""
    with database.unit() as unit:
        if stored.get(unit, number, None).state != "undoing":
            return
    try:
        undo(database, number, None)
    except Refusal as refusal:
        _tell(database, number, refusal)
    except Exception:
        _tell(database, number, stored.UndoFailed("the undo failed, and nothing was changed: it may be tried again"))
        raise


def _tell(database: Database, number: int, refusal: Refusal) -> None:
    with database.unit() as unit:
        stored.refuse_undo(unit, number, refusal)
