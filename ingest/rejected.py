"""Keeping what was rejected: one row per message, signal and reason, beside the raw payload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from foundation.database import UnitOfWork, new_id
from ingest.bulk import copy
from ingest.dialects import Decoded
from ingest.dialects.strict import printable
from ingest.envelope import Header, Malformed, Message
from ingest.registry import Owner
from ingest.tables import rejected, rejected_messages

KEPT_BYTES = 4096


class Reason(StrEnum):
    MALFORMED = "malformed"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_SIGNAL = "unknown_signal"
    WRONG_UNIT = "wrong_unit"
    NOT_FINITE = "not_finite"
    FUTURE_TIME = "future_time"
    IMPOSSIBLE = "impossible"
    UNKNOWN_COMMAND = "unknown_command"


@dataclass(frozen=True, slots=True, eq=False)
class Rejection:
    """`readings` of one message were refused for `reason`; `signal` is None where it holds for the whole message."""

    message: Decoded
    reason: Reason
    signal: str | None
    readings: int
    detail: str


def header_of(message: Decoded) -> Header | None:
    """Give a message's identity as far as it could be read."""
    match message.content:
        case Message(header) | Malformed(header=header):
            return header
    return None


def record(unit: UnitOfWork, rejections: Sequence[Rejection], owners: Mapping[str, Owner]) -> None:
    """Keep what was rejected: two COPYs, however much it is."""
    ids: dict[int, str] = {}
    messages: list[tuple[object, ...]] = []
    rows: list[tuple[object, ...]] = []
    for one in rejections:
        arrived, owner, header = one.message.arrived, owners.get(one.message.device), header_of(one.message)
        organisation = owner.organisation if owner else None
        if id(one.message) not in ids:
            ids[id(one.message)] = new_id("rej")
            messages.append(
                (
                    ids[id(one.message)],
                    organisation,
                    owner.vehicle if owner else None,
                    one.message.device,
                    printable(arrived.topic, 256),
                    header.boot if header else None,
                    header.seq if header else None,
                    arrived.at,
                    len(arrived.payload),
                    arrived.payload[:KEPT_BYTES],
                )
            )
        signal = None if one.signal is None else printable(one.signal)
        detail = printable(one.detail, 400)
        rows.append((ids[id(one.message)], organisation, one.reason.value, signal, one.readings, detail))
    copy(
        unit,
        rejected_messages,
        ("id", "organisation", "vehicle", "device", "topic", "boot", "seq", "arrived_at", "size", "payload"),
        messages,
    )
    copy(unit, rejected, ("message", "organisation", "reason", "signal", "readings", "detail"), rows)
