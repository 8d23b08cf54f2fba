"""Our readings as MessagePack with arrays of little-endian numbers: `fc/v1/{device}/readings/bin`."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.dialects.dialect import Ours
from ingest.dialects.strict import check_signals, header_in, identified, load_messagepack, units_in, whole
from ingest.envelope import EPOCH, MAXIMUM_ROWS, Malformed, Message, Readings
from ingest.topics import Kind

_TEXT = {str}
_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def decode(payload: bytes) -> Message:
    document = load_messagepack(payload)
    header = header_in(document)
    with identified(header):
        rows = whole(document, "n", 0, MAXIMUM_ROWS)
        names = document.get("signals")
        if not isinstance(names, list) or not set(map(type, names)) <= _TEXT:
            raise Malformed("signals is no array of names")
        signals = _checked(tuple(names))
        dt_ms = _array(document, "dt", "<u4", rows).astype(np.int64)
        values = _array(document, "values", "<f4", rows * len(names)).reshape(len(names), rows)
        t0 = whole(document, "t0", 0, _LAST_MS, optional=True)
        start = None if t0 is None else EPOCH + timedelta(milliseconds=t0)
        return Message(
            header, Readings(start, dt_ms, signals, values.astype(np.float32, copy=False), units_in(document))
        )


@lru_cache(1024)
def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give names that are in order, the same object for the same names."""
    check_signals(names)
    return names


def _array(document: dict[str, Any], name: str, kind: str, count: int) -> NDArray[Any]:
    data = document.get(name)
    if not isinstance(data, bytes) or len(data) != 4 * count:
        raise Malformed(f"{name} is not {4 * count} bytes")
    return np.frombuffer(data, dtype=kind)


DIALECT = Ours(Kind.READINGS_BINARY, decode)
