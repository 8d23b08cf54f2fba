"""Arrays and texts in files: written in blocks, so that memory stays bounded, and read by memory map."""

import mmap
import os
from array import array
from pathlib import Path
from shutil import copyfileobj
from typing import Any, Self

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


class Column:
    """An array that grows in a file beside its final place; `finish` makes a `.npy` of it."""

    def __init__(self, folder: Path, name: str, dtype: DTypeLike) -> None:
        self.path = folder / f"{name}.npy"
        self._raw = folder / f"{name}.raw"
        self._dtype = np.dtype(dtype)
        self._file = self._raw.open("wb")
        self.length = 0

    def add(self, block: Array) -> None:
        self._file.write(np.ascontiguousarray(block, self._dtype).data)
        self.length += len(block)

    def view(self) -> Array:
        """Read what was written so far."""
        self._file.flush()
        if not self.length:
            return np.zeros(0, self._dtype)
        return np.memmap(self._raw, self._dtype, "r", shape=(self.length,))

    def finish(self) -> None:
        self._file.close()
        with self.path.open("wb") as whole, self._raw.open("rb") as raw:
            shape = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.length,)}
            write_array_header_1_0(whole, shape)
            copyfileobj(raw, whole, 1 << 20)
        self._raw.unlink()

    def drop(self) -> None:
        """Forget the array: it was needed while others were made."""
        self._file.close()
        self._raw.unlink()


class TextColumn:
    """Texts one after another in one file, and where each begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}.bin").open("wb")
        self._begins = Column(folder, name, np.int64)
        self._pending = array("q", [0])
        self._at = 0
        self.length = 0

    def add(self, text: bytes) -> int:
        """Append a text; gives its number."""
        self._file.write(text)
        self._at += len(text)
        self._pending.append(self._at)
        if len(self._pending) >= 100_000:
            self._flush()
        self.length += 1
        return self.length - 1

    def finish(self) -> None:
        self._flush()
        self._file.close()
        self._begins.finish()

    def _flush(self) -> None:
        self._begins.add(np.frombuffer(self._pending, np.int64))
        del self._pending[:]


class Interned:
    """Numbers for texts that come again and again; forgets them when they are too many, and writes them anew."""

    def __init__(self, column: TextColumn, most: int = 500_000) -> None:
        self._column = column
        self._known: dict[bytes, int] = {}
        self._most = most

    def number(self, text: bytes) -> int:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= self._most:
                self._known.clear()
            found = self._known[text] = self._column.add(text)
        return found


class Texts:
    """The texts of a `TextColumn`, by memory map."""

    def __init__(self, begins: Array, content: "bytes | mmap.mmap") -> None:
        self._begins = begins
        self._content = content

    @classmethod
    def open(cls, folder: Path, name: str) -> Self:
        with (folder / f"{name}.bin").open("rb") as file:
            empty = os.fstat(file.fileno()).st_size == 0  # which cannot be mapped
            content = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return cls(opened(folder, name), content)

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __getitem__(self, number: int) -> bytes:
        return self._content[self._begins[number] : self._begins[number + 1]]


def opened(folder: Path, name: str) -> Array:
    """Open an array of a snapshot by memory map."""
    # As a plain array over the map: slices of a `memmap` cost ten times as much.
    return np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray)  # type: ignore[no-any-return]


def sync(folder: Path) -> None:
    """Have the files of a folder, and the folder itself, on the disk."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
