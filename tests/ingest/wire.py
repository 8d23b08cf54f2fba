"""Short ways to write messages for tests, as bytes on topics."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ingest.arrived import Arrived
from ingest.envelope import Header, Message, Readings, encode
from ingest.topics import Kind, topic_of

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def columns(
    seq: int,
    t0: datetime | None = None,
    dt_s: list[float] | None = None,
    *,
    device: str = "dev-1",
    boot: str = "b1",
    floor: int | None = None,
    age_ms: int | None = None,
    at: datetime = NOON,
    retained: bool = False,
    units: dict[str, str] | None = None,
    **signals: list[Any],
) -> Arrived:
    """Give a binary message; `t0` defaults to a minute before its arrival, rows to one a second."""
    rows = len(next(iter(signals.values()), []))
    offsets = np.array([1000 * it for it in (dt_s if dt_s is not None else range(rows))], dtype=np.int64)
    values = np.array(list(signals.values()), dtype=np.float32).reshape(len(signals), rows)
    content = Readings(at - timedelta(minutes=1) if t0 is None else t0, offsets, tuple(signals), values, units or {})
    payload = encode(Kind.READINGS_BINARY, Message(Header(boot, seq, floor, age_ms), content))
    return Arrived(topic_of(device, Kind.READINGS_BINARY), payload, at, retained)


def document(kind: Kind, told: dict[str, Any], *, device: str = "dev-1", at: datetime = NOON, **more: Any) -> Arrived:
    return Arrived(topic_of(device, kind), json.dumps(told | more).encode(), at)
