"""Whether a whole message answers the request: service, PID, frame number and length; several PIDs are taken apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ingest.signals import PIDS

FILLER = frozenset({0x00, 0x55, 0xAA, 0xCC, 0xFF})  # what control units and adapters pad a frame with

# The lengths that mode 01 parameters may have, the usual one first (SAE J1979): bitmaps and states that are no signals
# too. 06 to 09 and 55 to 58 have a second byte for bank 3 or 4 where there is one; 68 has as many sensors as the
# edition of the standard.
LENGTHS: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {pid.number: (pid.length,) for pid in PIDS.values()}
    | dict.fromkeys((*range(0x00, 0x100, 0x20), 0x01, 0x41, 0x4F, 0x50), (4,))
    | dict.fromkeys((0x02, 0x03, 0x65), (2,))
    | dict.fromkeys((0x12, 0x13, 0x1C, 0x1D, 0x1E, 0x51, 0x5F), (1,))
    | dict.fromkeys(range(0x06, 0x0A), (1, 2))
    | dict.fromkeys(range(0x55, 0x59), (2, 1))
    | {0x68: (7, 3)}
)


@dataclass(frozen=True, slots=True)
class Matched:
    """The payloads in an accepted message; `doubt` says what was odd about it."""

    payloads: tuple[bytes, ...]
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str


def match(request: bytes, data: bytes, can: bool | None) -> Matched | Refused:
    """Compare a whole message with the request. `can` is None where the lines do not tell which bus it came over."""
    service = request[0] if request else 0
    if not data or data[0] != (service + 0x40) & 0xFF:
        return Refused("no reply to the request")
    if service in {0x01, 0x02}:
        return _parameters(request, data, service)
    if service in {0x03, 0x07, 0x0A}:
        return _trouble_codes(data, can)
    if service == 0x04:
        return _of_length(data, 1)
    if service == 0x06 and can is not False and len(request) > 1:
        return _monitors(request, data)
    asked = request[1:2] if service == 0x09 else request[1:]
    return Matched((data,)) if data[1 : 1 + len(asked)] == asked else Refused(_other(asked, data[1 : 1 + len(asked)]))


def _other(asked: bytes, answered: bytes) -> str:
    return f"asked for {asked.hex().upper() or 'nothing'}, answered for {answered.hex().upper() or 'nothing'}"


def _parameters(request: bytes, data: bytes, width: int) -> Matched | Refused:
    """Match modes 01 and 02; the key is `width` bytes, the PID and in mode 02 the frame number."""
    asked = request[1:]
    key = data[1 : 1 + width]
    if len(asked) <= width:
        if not asked or key[: len(asked)] != asked or len(key) < width:
            return Refused(_other(asked, key))
        lengths = LENGTHS.get(asked[0])
        there = len(data) - 1 - width
        if there in lengths if lengths else there > 0:
            return Matched((data,))
        return _of_length(data, 1 + width + max((it for it in lengths or () if it < there), default=256))
    return _several(asked, data, width)


def _several(asked: bytes, data: bytes, width: int) -> Matched | Refused:
    left = {asked[at : at + width] for at in range(0, len(asked), width)}
    found: list[bytes] = []
    rest = data[1:]
    while rest:
        key = rest[:width]
        if key not in left:
            if found and _is_filler(rest):
                return Matched(tuple(found), "longer than its PIDs")
            return Refused(_other(asked, key))
        lengths = LENGTHS.get(key[0])
        if lengths is None:
            return Refused(f"the length of PID {key[:1].hex().upper()} is not known: ask for it alone")
        if len(rest) < width + lengths[0]:
            return Refused(f"shorter than PID {key[:1].hex().upper()}")
        found.append(data[:1] + rest[: width + lengths[0]])
        left.discard(key)
        rest = rest[width + lengths[0] :]
    return Matched(tuple(found)) if found else Refused("an answer without a PID")


def _of_length(data: bytes, length: int) -> Matched | Refused:
    """Accept what has that length; more is accepted where it is nothing but filler, and doubted."""
    surplus = data[length:]
    if len(data) < length:
        return Refused("shorter than what was asked for")
    if surplus and not _is_filler(surplus):
        return Refused("longer than what was asked for")
    return Matched((data[:length],), "longer than what was asked for, by filler" if surplus else None)


def _is_filler(data: bytes) -> bool:
    return data[0] in FILLER and len(set(data)) == 1


def _trouble_codes(data: bytes, can: bool | None) -> Matched | Refused:
    """Check modes 03, 07, 0A: a count and as many pairs on CAN, else three pairs; the parity tells which it is."""
    if can is not True and len(data) == 7:
        return Matched((data,))
    if can is False or len(data) < 2:
        return Refused("no three pairs of bytes")
    if len(data) != 2 + 2 * data[1]:
        return Refused(f"its count says {data[1]} codes, its length something else")
    return Matched((data,))


def _monitors(request: bytes, data: bytes) -> Matched | Refused:
    """Check mode 06 on CAN: a bitmap of four bytes, or results of nine bytes that each begin with the monitor."""
    monitor = request[1]
    if data[1:2] != request[1:2]:
        return Refused(f"asked for monitor {monitor:02X}, answered for something else")
    results: Sequence[int] = data[1::9]
    if monitor % 0x20 == 0:
        return Matched((data,)) if len(data) == 6 else Refused("no bitmap of four bytes")
    if (len(data) - 1) % 9 or any(it != monitor for it in results):
        return Refused("no results of nine bytes")
    return Matched((data,))
