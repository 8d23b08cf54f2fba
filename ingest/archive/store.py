"""Where the archive's files are: a local directory, or a bucket of an object store."""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from foundation.refusals import Invalid

_TEMPORARY = ".tmp"
_LEAST_FREE_BYTES = 100_000_000


class Store(Protocol):
    """Files by name, with `/` between folders; a file is there whole or not at all, and never changes."""

    def write(self, name: str, fill: Callable[[Any], None]) -> int:
        """Let `fill` write a new file, make it durable, and give its size in bytes."""

    def open(self, name: str) -> Any:
        """Open a file for reading at any place; a context manager. Raises FileNotFoundError."""

    def remove(self, names: Iterable[str]) -> None:
        """Delete files; those that are not there are no harm."""

    def names(self, folder: str) -> list[str]:
        """Give the names of all files below a folder, those included that a killed writer left half-done."""

    def answers(self) -> bool:
        """Whether files can be written now; may raise `OSError` for no."""


class Directory:
    """A local directory, made when it is first written to."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, fill: Callable[[Any], None]) -> int:
        path = self._root / name
        temporary = path.with_name(path.name + _TEMPORARY)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            folder = path.parent
            while folder != self._root:
                folder = folder.parent
                _sync_directory(folder)
        with temporary.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        temporary.rename(path)
        _sync_directory(path.parent)
        return size

    def open(self, name: str) -> Any:
        return pa.memory_map(str(self._root / name))

    def remove(self, names: Iterable[str]) -> None:
        paths = [self._root / name for name in names]
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in paths}:
            if folder.is_dir():
                _sync_directory(folder)

    def names(self, folder: str) -> list[str]:
        found = (path for path in (self._root / folder).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self._root)) for path in found)

    def answers(self) -> bool:
        there = next(it for it in (self._root, *self._root.absolute().parents) if it.is_dir())
        return os.access(there, os.W_OK) and shutil.disk_usage(there).free > _LEAST_FREE_BYTES


class Bucket:
    """A place in an object store. It has no rename and needs none: an object is there when its upload is complete."""

    def __init__(self, files: fs.FileSystem, root: str) -> None:
        self._files, self._root = files, root.rstrip("/")

    def write(self, name: str, fill: Callable[[Any], None]) -> int:
        with self._files.open_output_stream(f"{self._root}/{name}") as file:
            fill(file)
            return int(file.tell())

    def open(self, name: str) -> Any:
        return self._files.open_input_file(f"{self._root}/{name}")

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                self._files.delete_file(f"{self._root}/{name}")
            except FileNotFoundError:
                continue

    def names(self, folder: str) -> list[str]:
        wanted = fs.FileSelector(f"{self._root}/{folder}", allow_not_found=True, recursive=True)
        found = (it.path for it in self._files.get_file_info(wanted) if it.type == fs.FileType.File)
        return sorted(path.removeprefix(f"{self._root}/") for path in found)

    def answers(self) -> bool:
        self._files.get_file_info(self._root)
        return True


def open_store(where: str | Path) -> Store:
    """Give the store at a path, a `file://` URL or `s3://bucket/prefix`.

    Credentials of an object store come from the environment as its own tools read them (`AWS_ACCESS_KEY_ID` ...);
    `?endpoint_override=` names another server than Amazon's, with `&scheme=http` one without TLS.
    """
    if isinstance(where, Path):
        return Directory(where)
    split = urlsplit(where)
    if split.scheme == "file":
        return Directory(Path(unquote(split.path)))
    if split.scheme == "s3":
        return Bucket(*fs.FileSystem.from_uri(where))
    if split.scheme:
        raise Invalid(f"the archive is a directory, a file:// URL or an s3:// URL; {split.scheme}:// is not supported")
    return Directory(Path(where))


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
