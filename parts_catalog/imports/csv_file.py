"""CSV files: encoding and delimiter are found out and said; each line of the table is a row."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from parts_catalog.imports.records import End, Fault, Head, Record, Unreadable
from parts_catalog.imports.sheets import Cell, Row, column_name, records_of

_CHUNK = 1 << 20
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MOST_SIGNS = 1 << 17  # in one field


def read(file: BinaryIO) -> Iterator[Record]:
    encoding = encoding_of(file)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        sample = text.read(1 << 16)
        text.seek(0)
        lines = sample.split("\n", 20)[:20]
        delimiter = max(",;\t|", key=lambda sign: max(line.count(sign) for line in lines))
        yield Head("csv", None, facts={"encoding": encoding, "delimiter": delimiter})
        yield Fault(None, "read_as", {"encoding": encoding}, None, None)
        for record in records_of("CSV", _rows(text, delimiter)):
            if isinstance(record, Fault) and record.rule == "no_header":
                raise Unreadable("no_header", "no row names columns for the brand and the part number")
            yield record
        yield End()
    finally:
        text.detach()


def encoding_of(file: BinaryIO) -> str:
    """Find the encoding of a file by reading all of it. Raises `Unreadable` where none of ours fits."""
    begin = file.read(3)
    file.seek(0)
    marked = [name for mark, name in _MARKS if begin.startswith(mark)]
    for encoding in marked or ["utf-8", "gb18030"]:
        decoder = io.TextIOWrapper(file, encoding, newline="")
        try:
            while decoder.read(_CHUNK):
                pass
        except UnicodeDecodeError:
            continue
        else:
            return encoding
        finally:
            decoder.detach()
            file.seek(0)
    raise Unreadable("encoding", "the text is in none of the encodings UTF-8, UTF-16 and GB18030")


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_MOST_SIGNS)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        for cells in reader:
            yield Row(
                reader.line_num,
                [
                    Cell(column_name(at), cell.replace("\x00", ""), cell.startswith("="))
                    for at, cell in enumerate(cells)
                ],
            )
    except csv.Error as error:
        raise Unreadable("malformed", f"the CSV cannot be read ({error})", reader.line_num) from error
