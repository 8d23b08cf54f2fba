"""Freeze frames: what the signals were when a code was stored (mode 02; each request names PID and frame number)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ingest.edge.decoding import FREEZE_FRAME, Value, bits, decode
from ingest.edge.replies import Replies
from ingest.edge.trouble_codes import trouble_code

TRIGGER = 0x02


@dataclass(frozen=True, slots=True)
class FreezeFrame:
    """One stored frame of one ECU: the code that stored it (None: not told) and the values in it."""

    ecu: str
    frame: int
    dtc: str | None = None
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    def document(self) -> dict[str, Any]:
        """Give it as the trouble code message carries it."""
        return {
            "frame": self.frame,
            "dtc": self.dtc,
            "signals": {name: value.value for name, value in self.values.items()},
        }


def request(pid: int, frame: int = 0) -> bytes:
    """Give the request for one PID of a frame; without the frame number there is no telling what comes back."""
    return bytes((FREEZE_FRAME - 0x40, pid, frame))


def trigger_codes(replies: Replies) -> Mapping[str, str | None]:
    """Give, per ECU, the code that stored the frame (PID 02); None where it says that no frame is stored."""
    return {
        it.ecu: None if it.data[3:5] == b"\x00\x00" else trouble_code(it.data[3:5])
        for it in replies.payloads
        if it.data[0] == FREEZE_FRAME and it.data[1] == TRIGGER
    }


def values(replies: Replies) -> tuple[Value, ...]:
    """Give every value in the replies to a mode 02 request."""
    return tuple(
        value
        for it in replies.payloads
        if it.data[0] == FREEZE_FRAME
        for value in decode(it.ecu, it.data[1], it.data[3:])
    )


def supported_pids(replies: Replies) -> Mapping[str, frozenset[int]]:
    """Give, per ECU, which PIDs the frame holds by the bitmaps in these replies (02 00, 02 20 …)."""
    named: dict[str, frozenset[int]] = {}
    for it in replies.payloads:
        if it.data[0] == FREEZE_FRAME and it.data[1] % 0x20 == 0:
            named[it.ecu] = named.get(it.ecu, frozenset()) | bits(it)
    return named


def freeze_frames(several: Iterable[Replies]) -> tuple[FreezeFrame, ...]:
    """Put together what several requests told: a frame is there where its code was told, or a value."""
    codes: dict[tuple[str, int], str | None] = {}
    found: dict[tuple[str, int], dict[str, Value]] = {}
    empty: set[tuple[str, int]] = set()
    for replies in several:
        for it in replies.payloads:
            if it.data[0] != FREEZE_FRAME:
                continue
            key, data = (it.ecu, it.data[2]), it.data[3:]
            if it.data[1] != TRIGGER:
                found.setdefault(key, {}).update((value.signal, value) for value in decode(it.ecu, it.data[1], data))
            elif data[:2] == b"\x00\x00":
                empty.add(key)
            else:
                codes[key] = trouble_code(data[:2])
    keys = sorted((codes.keys() | {key for key, told in found.items() if told}) - empty)
    return tuple(FreezeFrame(*key, codes.get(key), found.get(key, {})) for key in keys)
