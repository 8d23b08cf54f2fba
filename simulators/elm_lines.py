"""Payloads as an ELM327 prints them: ISO-TP frames on CAN, numbered messages with a checksum on a K-line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from simulators.ecu import FIRST_ADDRESS

PROTOCOLS = {
    "0": "AUTO",
    "1": "SAE J1850 PWM",
    "2": "SAE J1850 VPW",
    "3": "ISO 9141-2",
    "4": "ISO 14230-4 (KWP 5BAUD)",
    "5": "ISO 14230-4 (KWP FAST)",
    "6": "ISO 15765-4 (CAN 11/500)",
    "7": "ISO 15765-4 (CAN 29/500)",
    "8": "ISO 15765-4 (CAN 11/250)",
    "9": "ISO 15765-4 (CAN 29/250)",
    "A": "SAE J1939 (CAN 29/250)",
    "B": "USER1 (CAN 11/125)",
    "C": "USER2 (CAN 11/50)",
}
K_LINE, CAN_11, CAN_29 = "345", "68", "79"
NOBODY = -1
_TESTER = 0xF1


@dataclass(frozen=True, slots=True)
class Style:
    """How lines are printed.

    `raw` shows the frames as they are (CAF0); `padding` fills the last frame of several, with `pad_single` a lone one.
    """

    headers: bool = False
    spaces: bool = True
    raw: bool = False
    padding: int = 0
    pad_single: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A payload on its way: from the control unit at `address` (11-bit id) and `node` (elsewhere)."""

    address: int
    node: int
    data: bytes


def sender_id(protocol: str, sent: Sent) -> int:
    """Give the CAN id, or on a K-line the source address, that the answer bears."""
    if protocol in K_LINE:
        return sent.node
    return 0x18DA0000 | _TESTER << 8 | sent.node if protocol in CAN_29 else sent.address


def node_of(protocol: str, header: int | None) -> int | None:
    """Give which node a request with this header speaks to; None is all, `NOBODY` is none that there can be."""
    if header is None:
        return None
    if protocol in K_LINE:  # priority or format, target, source
        target = header >> 8 & 0xFF
        return None if target in {0x33, 0x6A} else target
    if protocol in CAN_29:
        kind = header >> 16 & 0xFF
        return None if kind == 0xDB else header >> 8 & 0xFF if kind == 0xDA else NOBODY
    if header == 0x7DF:
        return None
    first = FIRST_ADDRESS - 8
    return 0x10 + 8 * (header - first) if first <= header < FIRST_ADDRESS else NOBODY


def lines(protocol: str, answers: Sequence[Sent], style: Style) -> Iterator[str]:
    """Print answers that come at the same time; the frames of several control units alternate, as on a bus."""
    printed = [
        list(_k_line(protocol, it, style) if protocol in K_LINE else _can(protocol, it, style)) for it in answers
    ]
    for row in zip_longest(*printed):
        yield from (line for line in row if line is not None)


def frames(payload: bytes, style: Style) -> list[bytes]:
    """Cut a payload into ISO-TP frames (ISO 15765-2): one single frame, or a first and consecutive ones."""
    padding = bytes([style.padding])
    if len(payload) <= 7:
        frame = bytes([len(payload)]) + payload
        return [frame.ljust(8, padding) if style.pad_single else frame]
    first = bytes([0x10 | len(payload) >> 8, len(payload) & 0xFF]) + payload[:6]
    rest = [payload[at : at + 7] for at in range(6, len(payload), 7)]
    return [first, *(bytes([0x20 | (n + 1) & 0xF]) + piece.ljust(7, padding) for n, piece in enumerate(rest))]


def _can(protocol: str, sent: Sent, style: Style) -> Iterator[str]:
    cut = frames(sent.data, style)
    if style.headers or style.raw:
        for frame in cut:
            yield _id(protocol, sent, style) + _hex(frame, style)
    elif len(cut) == 1:
        yield _hex(sent.data, style)
    else:
        yield f"{len(sent.data):03X}"
        for number, frame in enumerate(cut):
            gap = " " if style.spaces else ""
            yield f"{number & 0xF:X}:{gap}{_hex(frame[1 if number else 2 :], style)}"


def _id(protocol: str, sent: Sent, style: Style) -> str:
    if not style.headers:
        return ""
    number = sender_id(protocol, sent)
    text = _hex(number.to_bytes(4, "big"), style) if protocol in CAN_29 else f"{number:03X}"
    return text + (" " if style.spaces else "")


def _k_line(protocol: str, sent: Sent, style: Style) -> Iterator[str]:
    for message in k_line_messages(sent.data):
        if not style.headers:
            yield _hex(message, style)
            continue
        head = b"\x48\x6b" if protocol == "3" else bytes([0x80 | len(message), _TESTER])
        frame = head + bytes([sent.node]) + message
        yield _hex(frame + bytes([sum(frame) & 0xFF]), style)


def k_line_messages(payload: bytes) -> list[bytes]:
    """Give a payload as the messages of at most seven bytes that it is on a K-line.

    Codes come without a count, three to a message, zeros behind; the texts of mode 09 in fours, numbered. What does
    not fit into seven bytes does not exist there.
    """
    kind, told = payload[:1], payload[2:]
    if kind in {b"\x43", b"\x47", b"\x4a"}:
        return [kind + told[at : at + 6].ljust(6, b"\0") for at in range(0, max(len(told), 1), 6)]
    if kind == b"\x49" and payload[1:2] == b"\0":
        return [b"\x49\0\x01" + told]
    if kind == b"\x49":
        text = told[1:]
        text = text.rjust(-(-len(text) // 4) * 4, b"\0")
        return [payload[:2] + bytes([at // 4 + 1]) + text[at : at + 4] for at in range(0, len(text), 4)]
    return [payload] if len(payload) <= 7 else []


def _hex(data: bytes, style: Style) -> str:
    return data.hex(" ").upper() if style.spaces else data.hex().upper()
