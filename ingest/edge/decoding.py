"""Payloads -> values by the rows of `ingest.signals.PIDS`; a value carries its ECU and the bytes it was read from."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from ingest.edge.replies import Payload, Replies
from ingest.signals import PIDS, SIGNALS, Field

CURRENT_DATA, FREEZE_FRAME = 0x41, 0x42
ENGINE = ("7E8", "18DAF110", "10")  # where the engine's control unit answers (ISO 15765-4, SAE J2178)
BITMAPS = range(0x00, 0xE0, 0x20)


@dataclass(frozen=True, slots=True)
class Value:
    """A signal's value in its unit, as one control unit gave it; `data` are the bytes of it and nothing else."""

    signal: str
    value: float
    ecu: str
    pid: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Row:
    """A field of the table with its signal's highest value: raw values above it mean "not available"."""

    field: Field
    stop: int
    maximum: float


def _row(field: Field) -> _Row:
    return _Row(field, field.start + field.width, SIGNALS[field.signal].maximum + field.scale / 2)


_ROWS: Mapping[int, tuple[_Row, ...]] = MappingProxyType(
    {pid.number: tuple(_row(field) for field in pid.fields) for pid in PIDS.values()}
)


def values(replies: Replies) -> tuple[Value, ...]:
    """Give every value in the replies to a mode 01 request; whatever the table does not know gives none."""
    return tuple(
        value
        for payload in replies.payloads
        if payload.data[0] == CURRENT_DATA
        for value in decode(payload.ecu, payload.data[1], payload.data[2:])
    )


def decode(ecu: str, pid: int, data: bytes) -> tuple[Value, ...]:
    """Read the data bytes of one parameter. A field behind the end of them, or marked as not there, gives no value."""
    found: list[Value] = []
    for row in _ROWS.get(pid, ()):
        field = row.field
        raw = data[field.start : row.stop]
        if len(raw) < field.width or (field.present is not None and not data[field.present[0]] >> field.present[1] & 1):
            continue
        number = int.from_bytes(raw, "big", signed=field.signed)
        value = float(number * field.scale + field.offset)
        if number != field.unused and value <= row.maximum:
            found.append(Value(field.signal, value, ecu, pid, raw))
    return tuple(found)


def supported_pids(replies: Replies) -> Mapping[str, frozenset[int]]:
    """Give, per ECU, the parameters that the bitmaps in these replies name (PIDs 00, 20, 40 … C0 of mode 01).

    Merge the answers of several requests by union; the PID of the next bitmap is among them where there is one.
    """
    named: dict[str, frozenset[int]] = {}
    for payload in replies.payloads:
        if payload.data[0] == CURRENT_DATA and payload.data[1] in BITMAPS:
            named[payload.ecu] = named.get(payload.ecu, frozenset()) | bits(payload)
    return named


def bits(payload: Payload) -> frozenset[int]:
    """Read a bitmap of four bytes: its highest bit stands for the number behind its own."""
    first, bitmap = payload.data[1] + 1, payload.data[-4:]
    return frozenset(first + position for position in range(32) if bitmap[position // 8] >> (7 - position % 8) & 1)


def engine_ecu(supported: Mapping[str, AbstractSet[int]], pid: int) -> str | None:
    """Choose the ECU whose value of `pid` is the car's: the engine's if it has it, else the lowest address that has."""
    able = sorted(ecu for ecu, pids in supported.items() if pid in pids)
    return next((ecu for ecu in ENGINE if ecu in able), able[0] if able else None)
