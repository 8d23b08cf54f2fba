"""What kept results follow from: a hash over our own source, so that other code has other results."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

_ROOM = Path(__file__).resolve().parent
MEASURING = ("compiled.py", "faults.py", "features.py", "held.py", "joint.py", "observable.py", "residuals.py",
             "measures/*.py", "modes/*.py")  # fmt: skip


def source_hash(patterns: Iterable[str], room: Path = _ROOM) -> str:
    """Give a hash over names and bytes of the files of a package that match these patterns."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for file in sorted(room.glob(pattern)):
            digest.update(file.relative_to(room).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
