"""Uploads that wait for the tasks process: imported once, whichever worker comes to it, and then forgotten."""

from pathlib import Path

from foundation.database import Database
from parts_catalog.imports import stored
from parts_catalog.imports.running import Report, Wanted, run_import


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
