"""One log file per child: appended to, rotated at a start once it has grown."""

from io import FileIO
from pathlib import Path

_ROTATE_BYTES = 5_000_000
_KEPT = 3


def open_log(path: Path) -> FileIO:
    """Open a child's log for appending, after moving a large one aside; the caller closes it after the spawn."""
    if path.exists() and path.stat().st_size > _ROTATE_BYTES:
        for number in range(_KEPT, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)
    return FileIO(path, "a")


def tail(path: Path, lines: int = 3) -> str:
    """Quote the last lines of a log in one line, for a message to a person."""
    if not path.exists():
        return f"{path} does not exist"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        text = file.read().decode("utf-8", "replace")
    return f"{path} ends with: {' | '.join(text.strip().splitlines()[-lines:])}"
