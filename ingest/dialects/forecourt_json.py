"""Our readings as JSON columns: `fc/v1/{device}/readings/json`."""

import math
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.dialects.dialect import Ours
from ingest.dialects.strict import (
    check_signals,
    check_size,
    header_in,
    identified,
    instant,
    instant_of,
    load_json,
    printable,
    units_in,
)
from ingest.envelope import (
    MAXIMUM_AGE_MS,
    MAXIMUM_DT_MS,
    MAXIMUM_ROWS,
    MAXIMUM_SEQ,
    MAXIMUM_SIGNALS,
    Header,
    Malformed,
    Message,
    Readings,
)
from ingest.readings import FloatArray
from ingest.topics import Kind, is_id

_LARGEST = float(np.finfo(np.float32).max)
_FEW = 100  # values that are looked at one by one: with more of them, arrays are quicker
_NUMBERS = {int, float, type(None)}


def decode(payload: bytes) -> Message:
    if message := _plain(payload):
        return message
    # A literal NaN or Infinity is a value that is not finite, not a missing one.
    document = _quick(payload) or load_json(payload, constant=math.inf)
    header = header_in(document)
    with identified(header):
        dt_ms = _offsets(document.get("dt_ms"))
        columns = document.get("signals")
        if not isinstance(columns, dict):
            raise Malformed("signals is no object")
        names = tuple(columns)
        check_signals(names)
        values = _values(columns, len(dt_ms))
        return Message(header, Readings(instant(document, "t0"), dt_ms, names, values, units_in(document)))


class _Columns(msgspec.Struct, gc=False):
    """What a car end of ours writes; `UNSET` is what it left out."""

    boot: str
    seq: int
    t0: str
    dt_ms: list[int]
    signals: dict[str, list[float | None]]
    floor: int | msgspec.UnsetType = msgspec.UNSET
    age_ms: int | msgspec.UnsetType = msgspec.UNSET


_read_columns = msgspec.json.Decoder(_Columns).decode


def _plain(payload: bytes) -> Message | None:
    """Read a message that is just as ours are, without a look at each of its values; None leaves it to `_quick`."""
    check_size(payload)
    try:
        it = _read_columns(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    floor = None if it.floor is msgspec.UNSET else it.floor
    age_ms = None if it.age_ms is msgspec.UNSET else it.age_ms
    # Every name and text brings two quotation marks: five names, two texts, and what else there is.
    texts = 7 + (floor is not None) + (age_ms is not None) + len(it.signals)
    rows = len(it.dt_ms)
    in_order = (
        payload.count(b'"') == 2 * texts
        and 0 < rows <= MAXIMUM_ROWS
        and min(it.dt_ms) >= 0
        and max(it.dt_ms) <= MAXIMUM_DT_MS
        and is_id(it.boot)
        and 0 <= (floor or 0) <= it.seq <= MAXIMUM_SEQ
        and 0 <= (age_ms or 0) <= MAXIMUM_AGE_MS
        and len(it.signals) <= MAXIMUM_SIGNALS
        and set(map(len, it.signals.values())) <= {rows}
    )
    if not in_order:
        return None
    header = Header(it.boot, it.seq, floor, age_ms)
    with identified(header):
        values = _floats(list(chain.from_iterable(it.signals.values()))).reshape(len(it.signals), rows)
        return Message(
            header, Readings(instant_of(it.t0, "t0"), np.array(it.dt_ms, dtype=np.int64), tuple(it.signals), values)
        )


def _quick(payload: bytes) -> dict[str, Any] | None:
    """Read what is plainly in order several times as quickly; None leaves the strict reader to say what it is.

    Every name and every text of the document brings two quotation marks: as many as were found, and none was there
    twice.
    """
    check_size(payload)
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    inner = [it for it in document.values() if isinstance(it, dict)]
    texts = sum(map(len, (document, *inner)))
    texts += sum(isinstance(it, str) for each in (document, *inner) for it in each.values())
    return document if payload.count(b'"') == 2 * texts else None


def _offsets(dt_ms: object) -> NDArray[np.int64]:
    if not isinstance(dt_ms, list) or len(dt_ms) > MAXIMUM_ROWS or not set(map(type, dt_ms)) <= {int}:
        raise Malformed(f"dt_ms is no list of up to {MAXIMUM_ROWS} whole numbers")
    if dt_ms and not (min(dt_ms) >= 0 and max(dt_ms) <= MAXIMUM_DT_MS):
        raise Malformed(f"dt_ms is not within 0 to {MAXIMUM_DT_MS}")
    return np.array(dt_ms, dtype=np.int64)


def _values(columns: dict[str, object], rows: int) -> FloatArray:
    """Give the columns as one block [signal, row]: one pass over all values, a second one only to say what is wrong."""
    lists = list(columns.values())
    if all(type(it) is list and len(it) == rows for it in lists):
        flat: list[Any] = list(chain.from_iterable(lists))  # type: ignore[arg-type]  # they are lists, see above
        if set(map(type, flat)) <= _NUMBERS:
            return _floats(flat).reshape(len(lists), rows)
    for name, column in columns.items():
        if not isinstance(column, list) or len(column) != rows:
            raise Malformed(f"the column {printable(name)} does not have {rows} values")
        if not set(map(type, column)) <= _NUMBERS:
            raise Malformed(f"the column {printable(name)} holds something that is no number")
    raise AssertionError("every column is a list of numbers")


def _floats(numbers: list[Any]) -> FloatArray:
    there = [it for it in numbers if it is not None] if len(numbers) <= _FEW else []
    if there and min(there) >= -_LARGEST and max(there) <= _LARGEST:
        return np.array(numbers, dtype=np.float32)
    try:
        values = np.array(numbers, dtype=np.float64)
    except OverflowError:  # an integer beyond what a double holds
        values = np.array([it if it is None or abs(it) <= _LARGEST else math.inf for it in numbers], dtype=np.float64)
    # A finite number beyond float32 stays finite, so that it is called impossible and not infinite.
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    wide = np.isinf(narrow) & np.isfinite(values)
    if wide.any():
        narrow[wide] = np.copysign(np.float32(_LARGEST), values[wide])
    return narrow


DIALECT = Ours(Kind.READINGS_JSON, decode)
