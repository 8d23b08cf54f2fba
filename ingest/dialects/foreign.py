"""What the dialects of other makers have in common: identities made from content, and columns of named values."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from ingest.arrived import Arrived
from ingest.batch import to_us
from ingest.dialects.strict import check_signals, check_size, identified, printable
from ingest.envelope import MAXIMUM_DT_MS, MAXIMUM_ROWS, MAXIMUM_SEQ, Header, Malformed, Message, Readings

_LARGEST = float(np.finfo(np.float32).max)
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Field:
    """What a maker's name is: our signal, and how a value of theirs becomes one of ours: value * scale + offset."""

    signal: str
    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        return value * self.scale + self.offset


Row = tuple[datetime | None, Mapping[str, float]]


def identity(boot: str, *content: object, age_ms: int | None = None) -> Header:
    """Give the identity of a message that carries none: 53 bits of what it says, and of when it says that was."""
    try:
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError as error:
        raise Malformed("the message is too deeply nested") from error
    seq = int.from_bytes(hashlib.sha256(canonical).digest()[:8], "big") & MAXIMUM_SEQ
    return Header(boot, seq, age_ms=age_ms, counted=False)


def by_arrival(boot: str, arrived: Arrived) -> Header:
    """Give the identity of a message that tells no time at all: the same bytes later are another message."""
    digest = hashlib.sha256(arrived.payload).hexdigest()
    return identity(boot, printable(arrived.topic, 256), digest, to_us(arrived.at))


def message(header: Header, rows: Sequence[Row], ignored: int = 0, units: Mapping[str, str] | None = None) -> Message:
    """Give rows as columns, in the order of their times; rows whose times are None are all of the arrival."""
    names = tuple(dict.fromkeys(name for _, values in rows for name in values))
    begin = min((at for at, _ in rows if at is not None), default=None)
    offsets = [0 if at is None or begin is None else (at - begin) // timedelta(milliseconds=1) for at, _ in rows]
    if len(rows) > MAXIMUM_ROWS or max(offsets, default=0) > MAXIMUM_DT_MS:
        raise Malformed(f"there are more than {MAXIMUM_ROWS} rows, or more than seven weeks", header)
    with identified(header):
        check_signals(names)
    place = {name: number for number, name in enumerate(names)}
    table = np.full((len(names), len(rows)), np.nan, dtype=np.float32)
    for number, (_, values) in enumerate(rows):
        for name, value in values.items():
            table[place[name], number] = narrow(value)
    order = np.argsort(np.array(offsets, dtype=np.int64), kind="stable")
    content = Readings(begin, np.array(offsets, dtype=np.int64)[order], names, table[:, order], units or {})
    return Message(header, content, ignored)


def narrow(value: float) -> float:
    """Give a float that float32 holds: what is finite stays so; what is not is infinity, never missing."""
    if math.isnan(value):
        return math.inf
    return value if math.isinf(value) else max(-_LARGEST, min(_LARGEST, value))


def name_of(name: str) -> str:
    """Give a name that is not ours as it may stand in the record of what was rejected."""
    return printable(name, LONGEST_NAME) or "unnamed"


def as_number(value: Any) -> float:
    """Give a JSON value as a number: on and off are 1 and 0, and what is none at all is not finite."""
    if isinstance(value, str):
        return {"on": 1.0, "off": 0.0}.get(value.lower(), math.inf)
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return _LARGEST if value > 0 else -_LARGEST
    return math.inf


def load_any(payload: bytes) -> Any:
    """Read JSON of any kind; NaN and Infinity are read as not finite, a repeated name as its last value."""
    check_size(payload)
    try:
        return json.loads(payload.decode("utf-8"), parse_constant=lambda _: math.inf)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from error
