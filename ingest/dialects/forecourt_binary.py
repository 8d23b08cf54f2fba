"""Our readings as MessagePack with arrays of little-endian numbers: `fc/v1/{device}/readings/bin`."""

from datetime import timedelta
from functools import lru_cache
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
    load_messagepack,
    units_in,
    whole,
)
from ingest.envelope import (
    EPOCH,
    MAXIMUM_AGE_MS,
    MAXIMUM_ROWS,
    MAXIMUM_SEQ,
    Header,
    Malformed,
    Message,
    Readings,
)
from ingest.topics import Kind, is_id

_TEXT = {str}
_MILLISECOND = timedelta(milliseconds=1)
_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def decode(payload: bytes) -> Message:
    if message := _plain(payload):
        return message
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


class _Arrays(msgspec.Struct, gc=False):
    """What a car end of ours writes; `UNSET` is what it left out. The values are a view of the payload."""

    boot: str
    seq: int
    t0: int
    n: int
    dt: bytes
    signals: tuple[str, ...]
    values: memoryview
    floor: int | msgspec.UnsetType = msgspec.UNSET
    age_ms: int | msgspec.UnsetType = msgspec.UNSET


_read_arrays = msgspec.msgpack.Decoder(_Arrays).decode
_FIELDS = 7  # that are always there
_SHORT_MAP = 0x80


def _plain(payload: bytes) -> Message | None:
    """Read a message that is just as ours are; None leaves it to the strict reader."""
    check_size(payload)
    try:
        it = _read_arrays(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    floor = None if it.floor is msgspec.UNSET else it.floor
    age_ms = None if it.age_ms is msgspec.UNSET else it.age_ms
    rows = it.n
    # Its first byte tells how many names a short map has: as many as were found, and none was there twice.
    in_order = (
        payload[0] == _SHORT_MAP | _FIELDS + (floor is not None) + (age_ms is not None)
        and 0 <= rows <= MAXIMUM_ROWS
        and len(it.dt) == 4 * rows
        and len(it.values) == 4 * rows * len(it.signals)
        and _is_boot(it.boot)
        and 0 <= (floor or 0) <= it.seq <= MAXIMUM_SEQ
        and 0 <= (age_ms or 0) <= MAXIMUM_AGE_MS
        and 0 <= it.t0 <= _LAST_MS
    )
    if not in_order:
        return None
    header = Header(it.boot, it.seq, floor, age_ms)
    with identified(header):
        signals = _checked(it.signals)
        values = np.frombuffer(it.values, "<f4").reshape(len(signals), rows)
        return Message(
            header,
            Readings(EPOCH + it.t0 * _MILLISECOND, _offsets(it.dt), signals, values),
        )


def _offsets(dt: bytes) -> NDArray[np.int64]:
    return _even_offsets(dt) if len(dt) <= _SHORT_DT else _read_offsets(dt)


def _read_offsets(dt: bytes) -> NDArray[np.int64]:
    found = np.frombuffer(dt, "<u4").astype(np.int64)
    found.setflags(write=False)
    return found


# Most messages of a fleet are a minute in even steps, and a boot sends many.
_even_offsets = lru_cache(1024)(_read_offsets)
_is_boot = lru_cache(16_384)(is_id)
_SHORT_DT = 1024  # bytes


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
