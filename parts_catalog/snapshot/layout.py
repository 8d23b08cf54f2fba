"""What the files of a snapshot hold, for those who write and those who read them.

about.json             the mark of the version; names of groups and types, brands, related parts
line_*                 the lines by group, type, part and id; slot_key, slot_begin: where each group and type begins
fit_part               parts made for cars; fit_key, fit_begin: by span of years and type; span_key: the spans
said, source_text      what lines say and where they come from, as texts
part_no, part_text     the parts; kits: rows of kit, component and whether it is required
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from parts_catalog.snapshot.files import Array

FOLDER = "catalogue"
ABOUT = "about.json"
NEVER_BEGUN, NEVER_ENDED = -(2**15), 2**15 - 1  # the years of a line that states none
WHOLE = -1  # the number of a source that is written out whole
YEARS = TYPES = 2**16  # factors of keys: group x YEARS + year, group or span x TYPES + type
COLUMNS: Mapping[str, Any] = {
    "no": np.int32,
    "id": np.int64,
    "excludes": np.bool_,
    "type": np.int16,
    "group": np.int32,
    "year_from": np.int16,
    "year_to": np.int16,
    "source": np.uint32,
    "number": np.int32,
    "said": np.uint32,
}
KEPT = ("no", "id", "year_from", "year_to", "source", "number", "said")
NULL = b"\\N"
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class Group(NamedTuple):
    """Of which cars lines speak: those of a make, of a model line, of a base vehicle's code; all None: of every one."""

    make: str | None = None
    model_line: str | None = None
    base_vehicle: int | None = None


def span_key(group: Array, year: Array) -> Array:
    """Give the place of a group's year in the order of spans."""
    return group.astype(np.int64) * YEARS + (year.astype(np.int64) - NEVER_BEGUN)


def read_value(written: bytes) -> str | None:
    """Read one value of COPY's text format."""
    if written == NULL:
        return None
    if b"\\" in written:
        written = re.sub(rb"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), written, flags=re.DOTALL)
    return written.decode()
