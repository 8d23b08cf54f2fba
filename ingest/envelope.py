"""The envelope: what one message of a device says, and its encodings, JSON columns and MessagePack binary.

Decoding is strict and stands in `ingest/dialects/forecourt_*.py`: whatever breaks the format raises `Malformed`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgpack
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from ingest.readings import FloatArray
from ingest.topics import Kind

MAXIMUM_BYTES = 1_000_000  # the bundled broker closes the connection above 1,048,576: senders split before
MAXIMUM_ROWS = 100_000
MAXIMUM_SIGNALS = 512
MAXIMUM_SEQ = 2**53 - 1
MAXIMUM_DT_MS = 2**32 - 1
MAXIMUM_AGE_MS = 10 * 366 * 86_400_000
UNSET_CLOCK = "unset"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_TRUSTED = datetime(2005, 1, 1, tzinfo=UTC)  # clocks without power restart at 1970 or 2000


class Header(Struct, frozen=True, gc=False):
    """The identity of a message: `seq` within `boot`, with the sender's oldest held `seq` (`floor`) if it told.

    `age_ms`: how long before sending the content's time was, by the device's monotonic clock; None: not told.
    `counted`: the sender numbers its messages, so that gaps can be counted and `committed` answered. Without it `seq`
    is made from the content, so that a resend is known, and says nothing of its neighbours.
    """

    boot: str
    seq: int
    floor: int | None = None
    age_ms: int | None = None
    counted: bool = True


class Readings(Struct, frozen=True, eq=False):
    """Columns of readings.

    `t0` is the aware UTC instant of offset 0 (None: the clock was unset), `dt_ms` [rows] int64 offsets >= 0 in ms,
    `values` [signal, row] float32 in the signals' units, NaN = missing. `units` declares units, for the gate to check.
    """

    t0: datetime | None
    dt_ms: NDArray[np.int64]
    signals: tuple[str, ...]
    values: FloatArray
    units: Mapping[str, str] = {}

    @property
    def count(self) -> int:
        """The number of readings: values that are there, finite or not."""
        return int(np.count_nonzero(~np.isnan(self.values)))


@dataclass(frozen=True, slots=True)
class DtcReport:
    """Trouble codes per ECU: a list as answered, empty when there were none, None when the ECU gave no answer.

    An ECU is named by its CAN id as printed ("7E8"), by its K-line source address, or "unknown" where headers are off.
    `freeze`, `readiness` and `monitors` (results of mode 06) are keyed by ECU likewise; None: not asked.
    """

    t: datetime | None
    ecus: Mapping[str, Mapping[str, Sequence[str] | None]]
    mil: bool | None = None
    freeze: Mapping[str, Any] | None = None
    readiness: Mapping[str, Any] | None = None
    monitors: Mapping[str, Any] | None = None
    vin: str | None = None


class Outcome(StrEnum):
    """How a command ended; `unknown`: it was begun, and nobody can say what came of it."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of the command `id`: `detail` is one sentence, `ecus` what each ECU did, `replies` their raw lines."""

    t: datetime | None
    id: str
    kind: str
    outcome: Outcome
    detail: str
    ecus: Mapping[str, str] = field(default_factory=dict)
    replies: Sequence[str] = ()


Content = Readings | DtcReport | CommandResult


class Message(Struct, frozen=True):
    """One message. `ignored`: how many values came along that are no readings, such as positions; they go nowhere."""

    header: Header
    content: Content
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What a device says of itself; `spool` and `dead` count messages, `clock` says who set it ("unset": nobody).

    `dropped` counts the messages that its spool had to let go of unanswered; `disk` is "ok", or "low" while it must.
    `adapter` is the car end's word on its way to the car: "connected", "asleep", or what is wrong.
    """

    online: bool
    agent: str | None = None
    spool: int | None = None
    dead: int | None = None
    clock: str | None = None
    dropped: int | None = None
    disk: str | None = None
    adapter: str | None = None


class Malformed(Exception):  # noqa: N818 - it names a fact about a payload
    """A payload that breaks the format. `header` is its identity where that much could be read."""

    def __init__(self, reason: str, header: Header | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.header = header


_STATUS = ("agent", "spool", "dead", "clock", "dropped", "disk", "adapter")


def encode(kind: Kind, content: Message | Status) -> bytes:
    """Encode for a topic of this kind; a kind that cannot carry the content raises `TypeError`."""
    match kind, content:
        case Kind.STATUS, Status():
            told = {name: getattr(content, name) for name in _STATUS}
            return _dump({"online": content.online} | {name: it for name, it in told.items() if it is not None})
        case Kind.DTCS, Message(header, DtcReport() as report):
            return _dump(_header_out(header) | _dtcs_out(report))
        case Kind.RESULT, Message(header, CommandResult() as result):
            return _dump(_header_out(header) | _result_out(result))
        case Kind.READINGS_JSON, Message(header, Readings() as readings):
            return _dump(_header_out(header) | _columns_out(readings))
        case Kind.READINGS_BINARY, Message(header, Readings() as readings):
            packed: bytes = msgpack.packb(_header_out(header) | _arrays_out(readings))
            return packed
    raise TypeError(f"{kind} does not carry {type(content).__name__}")


def restamp(kind: Kind, payload: bytes, floor: int, age_ms: int | None) -> bytes:
    """Write a new `floor` and `age_ms` (None: nobody knows) into a payload of ours that is about to be sent again."""
    stamps = {"floor": floor, "age_ms": age_ms}
    if kind is Kind.READINGS_BINARY:
        packed: bytes = msgpack.packb(msgpack.unpackb(payload) | stamps)
        return packed
    return _dump(json.loads(payload) | stamps)


def _header_out(header: Header) -> dict[str, Any]:
    told = {"floor": header.floor, "age_ms": header.age_ms}
    return {"boot": header.boot, "seq": header.seq} | {name: it for name, it in told.items() if it is not None}


def _columns_out(readings: Readings) -> dict[str, Any]:
    # float32 as the double it is: decoding gives the same bits.
    columns = readings.values.astype(np.float64)
    document: dict[str, Any] = {
        "t0": None if readings.t0 is None else _written(readings.t0),
        "dt_ms": readings.dt_ms.tolist(),
        "signals": {
            name: [None if math.isnan(value) else value for value in column.tolist()]
            for name, column in zip(readings.signals, columns, strict=True)
        },
    }
    return document | ({"units": dict(readings.units)} if readings.units else {})


def _arrays_out(readings: Readings) -> dict[str, Any]:
    document: dict[str, Any] = {
        "t0": None if readings.t0 is None else (readings.t0 - EPOCH) // timedelta(milliseconds=1),
        "n": len(readings.dt_ms),
        "dt": readings.dt_ms.astype("<u4").tobytes(),
        "signals": list(readings.signals),
        "values": readings.values.astype("<f4").tobytes(),
    }
    return document | ({"units": dict(readings.units)} if readings.units else {})


def _dtcs_out(report: DtcReport) -> dict[str, Any]:
    ecus = {
        ecu: {kind: None if codes is None else list(codes) for kind, codes in answers.items()}
        for ecu, answers in report.ecus.items()
    }
    told = {name: getattr(report, name) for name in ("freeze", "readiness", "monitors", "vin")}
    document = {"t": None if report.t is None else _written(report.t), "ecus": ecus, "mil": report.mil}
    return document | {name: it for name, it in told.items() if it is not None}


def _result_out(result: CommandResult) -> dict[str, Any]:
    return {
        "t": None if result.t is None else _written(result.t),
        "id": result.id,
        "kind": result.kind,
        "outcome": result.outcome.value,
        "detail": result.detail,
        "ecus": dict(result.ecus),
        "replies": list(result.replies),
    }


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
