"""One line that an adapter printed: what it is, before anybody asks whether it answers the request.

An ELM327 prints hexadecimal frames, with or without headers and spaces, numbered lines where it hides the headers of
a segmented message, and words of its own. A line that is none of these is unexplained, and never read as data.
"""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

UNKNOWN_ECU = "unknown"
_LONGEST_QUOTE = 120
_LONGEST_MESSAGE = 255  # what KWP 2000 can carry; the others carry less
_TESTER = 0xF1


class Notice(StrEnum):
    """What an adapter says of itself or of the bus; the value is the text it prints."""

    NO_DATA = "NO DATA"
    UNABLE_TO_CONNECT = "UNABLE TO CONNECT"
    CAN_ERROR = "CAN ERROR"
    BUFFER_FULL = "BUFFER FULL"
    STOPPED = "STOPPED"
    BAD_DATA = "<DATA ERROR"
    BAD_RECEPTION = "<RX ERROR"
    DATA_ERROR = "DATA ERROR"
    RX_ERROR = "RX ERROR"
    BUS_BUSY = "BUS BUSY"
    BUS_ERROR = "BUS ERROR"
    BUS_INIT_ERROR = "BUS INIT: ERROR"
    FEEDBACK_ERROR = "FB ERROR"
    INTERNAL_ERROR = "ERR"
    ACTIVITY_ALERT = "ACT ALERT"
    LOW_POWER_ALERT = "LP ALERT"
    LOW_VOLTAGE_RESET = "LV RESET"
    RESTARTED = "ELM327"
    UNKNOWN_COMMAND = "?"


CUT = frozenset({Notice.BUFFER_FULL, Notice.STOPPED})  # more was to come
RESET = frozenset({Notice.LOW_VOLTAGE_RESET, Notice.RESTARTED})  # the adapter has forgotten its settings


class Form(Enum):
    CAN = "CAN frame with its header; the data begin with the PCI"
    BUS = "K-line or J1850 message with its header and a checksum that agrees"
    BARE = "message without header"
    TOTAL = "length line that stands before numbered lines"
    NUMBERED = "numbered line of a segmented message without headers"


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of data. `number` is the index of a numbered line, or the length that a length line tells."""

    form: Form
    ecu: str
    data: bytes
    line: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A line that cannot be used; `ecu` is the control unit that sent it where a header told so."""

    warning: str
    ecu: str | None = None


Read = Frame | Notice | Unexplained

_HEX = re.compile(r"[0-9A-F]+")
_PROGRESS = re.compile(r"(SEARCHING\.*|BUS ?INIT: ?[. ]*OK|BUS ?INIT: ?\.*$)+")
_SENDER = re.compile(r"(?P<can>7E[89A-F]|18DAF1[0-9A-F]{2})|[0-9A-F]:")
_NUMBERED = re.compile(r"([0-9A-F]):((?: ?[0-9A-F]{2})+)")
_NOTICES = re.compile(
    r"(?P<text><DATA ERROR|<RX ERROR|NO DATA|UNABLE TO CONNECT|CAN ERROR|BUFFER FULL|STOPPED|DATA ERROR|RX ERROR"
    r"|BUS BUSY|BUS ERROR|FB ERROR|ACT ALERT|LP ALERT|LV RESET|\?)$"
    r"|(?P<init>BUS ?INIT: ?[. ]*ERROR)$|(?P<internal>ERR\d\d)$|(?P<banner>ELM327 V[\d.]+\w*)$"
)


def quote(line: str, reason: str) -> str:
    """Say what is wrong with a line, in printable characters and of bounded length."""
    shown = line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"
    return f"{reason}: {shown!r}"


def _unexplained(text: str, line: str, reason: str) -> Unexplained:
    """Refuse a line, yet keep whose it is where its beginning tells: an answer of that unit is lost."""
    sender = _SENDER.match(text[:20].replace(" ", ""))
    return Unexplained(quote(line, reason), None if sender is None else sender["can"] or UNKNOWN_ECU)


def read_line(line: str, request: bytes) -> tuple[Read, ...]:
    """Tell what a printed line is: nothing (progress, prompt), a frame, a notice, a frame and a notice, unexplained."""
    text = line.replace("\x00", "").strip(" \t\r\n>").upper()
    if not text:
        return ()
    read = _frame(text, line, request)
    if read is not None:
        return (read,)
    if progress := _PROGRESS.match(text):
        text = text[progress.end() :].strip(" >")
    if not text:
        return ()
    if found := _NOTICES.search(text):
        return _noticed(found, text[: found.start()].strip(" !>"), line, request)
    return (_frame(text, line, request) or _unexplained(text, line, "no reply that we know"),)


def _noticed(found: re.Match[str], before: str, line: str, request: bytes) -> tuple[Read, ...]:
    if found["text"]:
        notice = Notice(found["text"])
    else:
        notice = next(
            kind
            for name, kind in (
                ("init", Notice.BUS_INIT_ERROR),
                ("internal", Notice.INTERNAL_ERROR),
                ("banner", Notice.RESTARTED),
            )
            if found[name]
        )
    if not before:
        return (notice,)
    data = _frame(before, line, request)
    if data is None or notice not in CUT:  # an error printed behind data is about them
        data = _unexplained(before, line, "damaged, or no reply that we know")
    return (data, notice)


def _frame(text: str, line: str, request: bytes) -> Frame | Unexplained | None:
    """Read a line of nothing but data; None if there is anything else in it."""
    digits = text.replace(" ", "")
    if not _HEX.fullmatch(digits):
        if numbered := _NUMBERED.fullmatch(text):
            return Frame(Form.NUMBERED, UNKNOWN_ECU, bytes.fromhex(numbered[2]), line, int(numbered[1], 16))
        return None
    groups = text.split()
    if len(groups) > 1 and not _grouped(groups):
        return _unexplained(text, line, "cut between two digits")
    return _odd(digits, line, len(groups)) if len(digits) % 2 else _even(digits, line, request)


def _odd(digits: str, line: str, groups: int) -> Frame | Unexplained:
    """Read three digits and bytes: an 11-bit CAN address and its frame, or a length alone."""
    if len(digits) == 3 and groups == 1:
        return Frame(Form.TOTAL, UNKNOWN_ECU, b"", line, int(digits, 16))
    if "7E8" <= digits[:3] <= "7EF":
        return _can(digits[:3], bytes.fromhex(digits[3:]), line)
    return Unexplained(quote(line, "no address that answers a tester"))


def _even(digits: str, line: str, request: bytes) -> Frame | Unexplained:
    """Read bytes, whose first ones tell if they are a header."""
    data = bytes.fromhex(digits)
    if data.startswith(b"\x18\xda\xf1") and len(data) > 3:
        return _can(digits[:8], data[4:], line)
    if data[0] >= 0x80:
        return _kwp(data, line)
    if data[:2] in {b"\x48\x6b", b"\x41\x6b"}:
        return _three_byte_header(data, line, request)
    if len(data) > _LONGEST_MESSAGE:
        return Unexplained(quote(line, "no message without segments is that long"))
    return Frame(Form.BARE, UNKNOWN_ECU, data, line)


def _grouped(groups: list[str]) -> bool:
    """Tell whether the spaces stand between bytes, an 11-bit address before them apart."""
    first, *others = (len(group) for group in groups)
    return first != 1 and not any(size % 2 for size in others)


def _can(ecu: str, data: bytes, line: str) -> Frame | Unexplained:
    if not 1 <= len(data) <= 8:
        return Unexplained(quote(line, "no CAN frame has that length"), ecu)
    return Frame(Form.CAN, ecu, data, line)


def _kwp(data: bytes, line: str) -> Frame | Unexplained:
    """Read a KWP 2000 message (ISO 14230): format with length, target, source, data, sum."""
    start = 3 if data[0] & 0x3F else 4
    if len(data) < start + 2 or data[1] != _TESTER:
        return Unexplained(quote(line, "no message to a tester"))
    length = data[0] & 0x3F or data[3]
    if len(data) != start + length + 1 or sum(data[:-1]) & 0xFF != data[-1]:
        return Unexplained(quote(line, "length or checksum is wrong"))
    return Frame(Form.BUS, f"{data[2]:02X}", data[start:-1], line)


def _three_byte_header(data: bytes, line: str, request: bytes) -> Frame | Unexplained:
    """Read an ISO 9141-2 message (a sum behind it) or a J1850 one (a CRC): priority, target, source, data, check."""
    agrees = data[-1] == crc8(data[:-1]) or (data[0] == 0x48 and data[-1] == sum(data[:-1]) & 0xFF)
    if 5 <= len(data) <= 11 and agrees:
        return Frame(Form.BUS, f"{data[2]:02X}", data[3:-1], line)
    if request[:2] == bytes((data[0] - 0x40, data[1])):
        return Frame(Form.BARE, UNKNOWN_ECU, data, line)  # a reply for PID 6B begins like a header
    return Unexplained(quote(line, "length or checksum is wrong"))


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1) ^ (0x11D if byte & 0x80 else 0)
    return byte


_CRC = tuple(_crc_of(byte) for byte in range(256))


def crc8(data: bytes) -> int:
    """Give the CRC of SAE J1850: polynomial 1D, begun with FF, inverted."""
    crc = 0xFF
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc ^ 0xFF
