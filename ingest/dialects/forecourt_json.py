"""Our readings as JSON columns: `fc/v1/{device}/readings/json`."""

import math

import numpy as np
from numpy.typing import NDArray

from ingest.dialects.strict import check_signals, header_in, identified, instant, load_json, printable, units_in
from ingest.envelope import MAXIMUM_DT_MS, MAXIMUM_ROWS, Malformed, Message, Readings
from ingest.readings import FloatArray

_LARGEST = float(np.finfo(np.float32).max)


def decode(payload: bytes) -> Message:
    # A literal NaN or Infinity is a value that is not finite, not a missing one.
    document = load_json(payload, constant=math.inf)
    header = header_in(document)
    with identified(header):
        dt_ms = _offsets(document.get("dt_ms"))
        columns = document.get("signals")
        if not isinstance(columns, dict):
            raise Malformed("signals is no object")
        names = tuple(columns)
        check_signals(names)
        values = np.empty((len(names), len(dt_ms)), dtype=np.float32)
        for row, (name, column) in enumerate(columns.items()):
            values[row] = _column(name, column, len(dt_ms))
        return Message(header, Readings(instant(document, "t0"), dt_ms, names, values, units_in(document)))


def _offsets(dt_ms: object) -> NDArray[np.int64]:
    if not isinstance(dt_ms, list) or len(dt_ms) > MAXIMUM_ROWS or not set(map(type, dt_ms)) <= {int}:
        raise Malformed(f"dt_ms is no list of up to {MAXIMUM_ROWS} whole numbers")
    if dt_ms and not (min(dt_ms) >= 0 and max(dt_ms) <= MAXIMUM_DT_MS):
        raise Malformed(f"dt_ms is not within 0 to {MAXIMUM_DT_MS}")
    return np.array(dt_ms, dtype=np.int64)


def _column(name: str, column: object, rows: int) -> FloatArray:
    if not isinstance(column, list) or len(column) != rows:
        raise Malformed(f"the column {printable(name)} does not have {rows} values")
    if not set(map(type, column)) <= {int, float, type(None)}:
        raise Malformed(f"the column {printable(name)} holds something that is no number")
    try:
        values = np.array(column, dtype=np.float64)
    except OverflowError:  # an integer beyond what a double holds
        values = np.array([it if it is None or abs(it) <= _LARGEST else math.inf for it in column], dtype=np.float64)
    # A finite number beyond float32 stays finite, so that it is called impossible and not infinite.
    finite = np.isfinite(values)
    values[finite] = np.clip(values[finite], -_LARGEST, _LARGEST)
    return values.astype(np.float32)
