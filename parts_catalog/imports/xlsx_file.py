"""XLSX files: every sheet whose headings name brand and part number is read; parts and applications may be apart."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - a class

from openpyxl import load_workbook

from parts_catalog.imports.records import End, Fault, Head, Record, Unreadable
from parts_catalog.imports.sheets import Cell, Row, column_name, records_of

_MOST_UNPACKED = 4 << 30
# What a workbook that is none, or a broken one, makes its reader raise.
_BROKEN = (BadZipFile, ZlibError, SyntaxError, LookupError, ValueError, TypeError, AttributeError, OSError)


def read(file: BinaryIO) -> Iterator[Record]:
    _measure(file)
    try:
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
    except _BROKEN as error:
        raise Unreadable("malformed", f"the workbook cannot be opened ({type(error).__name__})") from error
    yield Head("xlsx", None, facts={"sheets": ", ".join(book.sheetnames)[:500]})
    read_any = False
    for sheet in book.worksheets:
        records = records_of(sheet.title, _rows(sheet))
        first = next(records, None)
        if first is None:
            continue
        if isinstance(first, Fault) and first.rule == "no_header":
            yield Fault(None, "unknown_sheet", {"sheet": sheet.title}, None, None)
            continue
        read_any = True
        yield from chain([first], records)
    book.close()
    if not read_any:
        raise Unreadable("no_header", "no sheet has a row that names columns for the brand and the part number")
    yield End()


def _measure(file: BinaryIO) -> None:
    """Refuse what unpacks to more than any honest table."""
    with ZipFile(file) as packed:
        if sum(one.file_size for one in packed.infolist()) > _MOST_UNPACKED:
            raise Unreadable("malformed", f"the workbook unpacks to more than {_MOST_UNPACKED >> 30} GB")
    file.seek(0)


def _rows(sheet: Any) -> Iterator[Row]:
    for number, cells in enumerate(_unbroken(sheet), 1):
        found = [
            Cell(column_name(at), _written(cell.value), cell.data_type == "f")
            for at, cell in enumerate(cells)
            if cell.value is not None
        ]
        if found:
            yield Row(number, found)


def _unbroken(sheet: Any) -> Iterator[Any]:
    try:
        yield from sheet.iter_rows()
    except _BROKEN as error:
        raise Unreadable("malformed", f"the sheet {sheet.title} cannot be read ({type(error).__name__})") from error


def _written(value: Any) -> str:
    """Write a cell as a person reads it: whole numbers without a point, days as days."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime, date)):
        return value.strftime("%Y-%m-%d")
    return str(value).replace("\x00", "")
