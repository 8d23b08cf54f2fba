"""A sign of life between a child process and its supervisor: a file that the child touches while it does its work."""

import os
import time
from pathlib import Path
from typing import Self

from forecourt.supervision.paths import DataPaths

FRESH_S = 15.0


class Heartbeat:
    """One file per child, holding its pid; fresh while the child gets through its loop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of(cls, paths: DataPaths, process: str) -> Self:
        return cls(paths.run / f"{process}.beat")

    def beat(self) -> None:
        self._path.write_text(str(os.getpid()), "ascii")

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def fresh(self) -> bool:
        """Whether the child was seen lately, and has not ended since."""
        try:
            seen = time.time() - self._path.stat().st_mtime < FRESH_S
            os.kill(int(self._path.read_text("ascii")), 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):  # ValueError: it is being written just now
            return False
        return seen
