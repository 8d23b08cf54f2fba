"""Replaying recorded trips as a device would: the same replay is the same messages, so repeating it changes nothing."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from foundation.clock import Clock, SystemClock
from ingest.envelope import Readings
from ingest.publisher import Publisher
from ingest.readings import TripColumns
from ingest.topics import Kind
from ingest.trips import lay_out, read_trip

MESSAGE_S = 60.0  # of readings in one message
_MESSAGE_BYTES = 900_000  # of rows; names and header come on top
_PATIENCE_S = 60.0  # without any connection


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did; `uncommitted` counts messages that the server has not answered."""

    trips: int
    messages: int
    readings: int
    committed: int
    uncommitted: int
    unknown_columns: list[str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def boot_of(vehicle: str, content: bytes, start: datetime | None) -> str:
    """Name the boot of a trip file: a hash of the vehicle, the file's bytes and the start that was asked for."""
    told = start.isoformat().encode() if start else b""
    return hashlib.sha256(b"\0".join((vehicle.encode(), told, content))).hexdigest()[:24]


def messages_of(trip: TripColumns, length_s: float = MESSAGE_S) -> Iterator[Readings]:
    """Cut a dated trip into messages of `length_s`, or shorter where the broker's limit asks for it.

    Every value is carried; rows in which nothing was read are left out.
    """
    names = tuple(sorted(trip.signals))
    values = np.stack([trip.signals[name] for name in names])
    kept = np.flatnonzero(~np.isnan(values).all(axis=0))
    at_ms = np.round(trip.t_s[kept] * 1000).astype(np.int64)
    if not len(kept):
        return
    number = (at_ms - at_ms[0]) // int(length_s * 1000)
    most = _MESSAGE_BYTES // (4 * (len(names) + 1))
    for rows in np.split(np.arange(len(kept)), np.flatnonzero(np.diff(number)) + 1):
        for piece in np.split(rows, range(most, len(rows), most)):
            first = int(at_ms[piece[0]])
            columns = values[:, kept[piece]]
            present = np.flatnonzero(~np.isnan(columns).all(axis=1))
            yield Readings(
                _start(trip) + timedelta(milliseconds=first),
                at_ms[piece] - first,
                tuple(names[index] for index in present),
                columns[present],
            )


def replay(
    paths: Sequence[Path],
    vehicle: str,
    publisher: Publisher,
    *,
    speed: float | None = None,
    start: datetime | None = None,
    mapping: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Replayed:
    """Publish trip files in the order given, one boot each, and wait until all is committed.

    `publisher` is not started yet; it is started and stopped here. The last sample bears the moment at which it is
    published unless `start` says when the first one was. `speed` paces the messages of a trip at that multiple of real
    time (the car is not waited for while it is parked); without it they go as fast as the server commits them.
    """
    files = [read_trip(path, mapping) for path in paths]
    columns = [file.columns for file in files]
    # Below real time the end lies behind the publishing, so that no sample is ever ahead of it.
    lasts = timedelta(seconds=sum(trip.duration_s for trip in columns) / max(speed, 1.0)) if speed else timedelta()
    now = (clock or SystemClock()).now()
    trips = lay_out(columns, start=start) if start else lay_out(columns, end=now + lasts)
    with publisher:
        for path, trip in zip(paths, trips, strict=True):
            tell(f"publishing {path.name}")
            boot = boot_of(vehicle, path.read_bytes(), start)
            began = time.monotonic()
            for seq, message in enumerate(messages_of(trip), start=1):
                if speed is not None:
                    time.sleep(max(0.0, began + _seconds_into(trip, message) / speed - time.monotonic()))
                publisher.send(Kind.READINGS_BINARY, boot, message, seq=seq)
        tell("waiting for the last commits")
        _wait(publisher)
        waiting = publisher.waiting + publisher.dead
    unknown = sorted({name for file in files for name in file.unknown_columns})
    sent, readings = publisher.sent_messages, publisher.sent_readings
    return Replayed(len(files), sent, readings, publisher.committed, waiting, unknown)


def _seconds_into(trip: TripColumns, message: Readings) -> float:
    """Give when the last row of a message was measured, in seconds from the trip's first row."""
    begun = message.t0 or _start(trip)
    return (begun - _start(trip)).total_seconds() + float(message.dt_ms[-1]) / 1000 - float(trip.t_s[0])


def _wait(publisher: Publisher) -> None:
    """Wait until all is committed; a broker that lets nobody in for a minute is a `ConnectionError`."""
    seen = time.monotonic()
    while publisher.waiting and not publisher.wait_committed(1.0):
        if publisher.connected:
            seen = time.monotonic()
        elif time.monotonic() - seen > _PATIENCE_S:
            raise ConnectionError(publisher.trouble or "the broker cannot be reached")


def _start(trip: TripColumns) -> datetime:
    if trip.start is None:
        raise ValueError("a trip is laid out in time before it is sent")
    return trip.start
