"""Which format a file has, by its first bytes, and the reader of that format."""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO
from zipfile import is_zipfile

from parts_catalog.imports import aces, csv_file, pies, xlsx_file
from parts_catalog.imports.records import Record, Unreadable
from parts_catalog.imports.xml import stream

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read(file: BinaryIO, name: str, today: date) -> Iterator[Record]:
    """Read the records of a file from its beginning. Raises `Unreadable` for a format that is not known."""
    begin = file.read(512)
    file.seek(0)
    if not begin.strip():
        raise Unreadable("unknown_format", "the file is empty")
    if begin.startswith(b"PK"):
        if not is_zipfile(file):
            raise Unreadable("unknown_format", "the file begins like an XLSX file and is none")
        file.seek(0)
        return xlsx_file.read(file)
    if _looks_like_xml(begin):
        root = next(stream(file, frozenset()), None)
        file.seek(0)
        if root is not None and root.tag == "ACES":
            return aces.read(file)
        if root is not None and root.tag == "PIES":
            return pies.read(file, today)
        raise Unreadable("unknown_format", "the XML is neither ACES nor PIES")
    if b"\x00" in begin and not begin.startswith(_MARKS):
        raise Unreadable("unknown_format", f"{name} is no text and no known format")
    return csv_file.read(file)


def _looks_like_xml(begin: bytes) -> bool:
    for mark in _MARKS:
        begin = begin.removeprefix(mark)
    return begin.replace(b"\x00", b"").lstrip().startswith(b"<")
