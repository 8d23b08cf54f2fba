"""Finds the snapshot of the catalogue as it is now: none where it was not built yet."""

from functools import lru_cache
from pathlib import Path

from foundation.database import UnitOfWork
from parts_catalog.snapshot.layout import FOLDER
from parts_catalog.snapshot.reading import Snapshot
from parts_catalog.version import current_stamp


def newest(unit: UnitOfWork) -> Snapshot | None:
    """Give the snapshot of what this unit of work reads; None: SQL answers.

    Who changed the catalogue in this very unit has to raise its version before he asks.
    """
    if unit.data is None:
        return None
    version, mark = current_stamp(unit)
    try:
        return _opened(unit.data / FOLDER / str(version), mark)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=2)
def _opened(folder: Path, mark: str) -> Snapshot:
    return Snapshot.open(folder, mark)
