"""Our readings as MessagePack with arrays of little-endian numbers: `fc/v1/{device}/readings/bin`."""

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.dialects.dialect import Ours
from ingest.dialects.strict import check_signals, header_in, identified, load_messagepack, units_in, whole
from ingest.envelope import EPOCH, MAXIMUM_ROWS, Malformed, Message, Readings
from ingest.topics import Kind

_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def decode(payload: bytes) -> Message:
    document = load_messagepack(payload)
    header = header_in(document)
    with identified(header):
        rows = whole(document, "n", 0, MAXIMUM_ROWS)
        names = document.get("signals")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Malformed("signals is no array of names")
        check_signals(tuple(names))
        dt_ms = _array(document, "dt", "<u4", rows).astype(np.int64)
        values = _array(document, "values", "<f4", rows * len(names)).astype(np.float32).reshape(len(names), rows)
        t0 = whole(document, "t0", 0, _LAST_MS, optional=True)
        start = None if t0 is None else EPOCH + timedelta(milliseconds=t0)
        return Message(header, Readings(start, dt_ms, tuple(names), values, units_in(document)))


def _array(document: dict[str, Any], name: str, kind: str, count: int) -> NDArray[Any]:
    data = document.get(name)
    if not isinstance(data, bytes) or len(data) != 4 * count:
        raise Malformed(f"{name} is not {4 * count} bytes")
    return np.frombuffer(data, dtype=kind)


DIALECT = Ours(Kind.READINGS_BINARY, decode)
