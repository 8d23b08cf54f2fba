"""Exchanges as adapters print them, what can go wrong with them on the way, and an own look for a value's bytes."""

import random
import re
from collections.abc import Callable, Iterator, Sequence

from ingest.edge.decoding import Value
from ingest.signals import PIDS

Exchange = tuple[str, list[str]]
WORDS = [
    "NO DATA",
    "STOPPED",
    "BUFFER FULL",
    "CAN ERROR",
    "<DATA ERROR",
    "<RX ERROR",
    "SEARCHING...",
    "?",
    "ERR94",
    "OK",
]
VIN_LINES = ["7E8 10 14 49 02 01 31 48 47", "7E8 21 43 4D 38 32 36 33 33", "7E8 22 41 30 30 34 33 35 32"]
EXCHANGES: tuple[Exchange, ...] = (
    ("010C", ["7E8 04 41 0C 1A F8"]),
    ("010C", ["7E8 04 41 0C 1A F8", "7E9 04 41 0C 00 00"]),
    ("010C", ["SEARCHING...", "41 0C 1A F8"]),
    ("010C", ["18 DA F1 10 04 41 0C 1A F8", "18DAF1180441 0C 00 00"]),
    ("010C", ["48 6B 10 41 0C 1A F8 22"]),
    ("010C", ["84 F1 11 41 0C 1A F8 E5"]),
    ("0105", ["7E803410 57B".replace(" ", "")]),
    ("0105", ["7E8 03 7F 01 31"]),
    ("010D", ["7E8 03 7F 01 12", "7E9 03 41 0D 32"]),
    ("010C0D0504", ["7E8 10 0A 41 0C 1A F8 0D 32", "7E8 21 05 7B 04 3F 00 00 00"]),
    ("010C0D", ["7E8 06 41 0C 1A F8 0D 32"]),
    ("0134", ["7E8 06 41 34 80 00 7F 00"]),
    ("0166", ["7E8 07 41 66 03 01 40 02 80"]),
    ("0178", ["7E8 10 0B 41 78 0F 0F A0 10", "7E8 21 00 11 00 12 00 00 00"]),
    ("01A6", ["7E8 06 41 A6 00 06 68 A0"]),
    ("0100", ["7E8 06 41 00 BE 3E B8 11", "7E9 06 41 00 98 18 00 01"]),
    ("0101", ["7E8 06 41 01 81 07 65 04"]),
    ("020C00", ["7E8 05 42 0C 00 1A F8"]),
    ("020200", ["7E8 05 42 02 00 03 01 00"]),
    ("03", ["7E8 03 7F 03 78", "7E8 06 43 02 01 43 01 96"]),
    ("03", ["7E8 10 0A 43 04 C1 00 92 34", "7E8 21 52 01 34 01 00 00 00"]),
    ("03", ["48 6B 10 43 01 43 01 96 00 00 E1"]),
    ("03", ["43 01 03 01"]),
    ("07", ["7E8 02 47 00", "7E9 04 47 01 07 00"]),
    ("04", ["7E8 01 44", "7E9 03 7F 04 22"]),
    ("0902", VIN_LINES),
    ("0902", ["014", "0: 49 02 01 31 43 34", "1: 52 4A 46 42 47 38 46", "2: 43 31 32 33 34 35 36"]),
    ("0902", [f"49 02 0{n} {'00 00 00 31' if n == 1 else '32 33 34 35'}" for n in range(1, 6)]),
    ("0621", ["7E8 10 0A 46 21 80 0A 0E 66", "7E8 21 00 00 19 9A 00 00 00"]),
)


def _at(rng: random.Random, line: str) -> int:
    return rng.randrange(len(line)) if line else 0


def _flip(rng: random.Random, line: str) -> str:
    at = _at(rng, line)
    return line[:at] + rng.choice("0123456789ABCDEF") + line[at + 1 :]


def _insert(rng: random.Random, line: str) -> str:
    at = _at(rng, line)
    return line[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x3000)))) + line[at:]


def _delete(rng: random.Random, line: str) -> str:
    at = _at(rng, line)
    return line[:at] + line[at + 1 :]


def _double(rng: random.Random, line: str) -> str:
    at = _at(rng, line)
    return line[: at + 1] + line[at:]


def _cut(rng: random.Random, line: str) -> str:
    return line[: _at(rng, line)]


def _control(rng: random.Random, line: str) -> str:
    at = _at(rng, line)
    return line[:at] + rng.choice("\x00\x01\t\n\r\x0b\x1b\x7f\x85\u2028>:") * rng.randrange(1, 4) + line[at:]


def _word(rng: random.Random, line: str) -> str:
    return rng.choice((line + rng.choice(WORDS), rng.choice(WORDS) + line, rng.choice(WORDS)))


def _hexadecimal(rng: random.Random, line: str) -> str:
    return rng.randbytes(rng.randrange(1, 13)).hex(rng.choice(("", " "))[:1] or "-").replace("-", "").upper()


def _squeeze(rng: random.Random, line: str) -> str:
    return line.replace(" ", "")


def _long(rng: random.Random, line: str) -> str:
    return (line[:100] or "7E8 ") * rng.choice((2, 50, 2000))


LINE_CHANGES: tuple[Callable[[random.Random, str], str], ...] = (
    *(_flip, _flip, _flip, _insert, _delete, _double, _cut, _control, _word, _hexadecimal, _squeeze),
)


def mutate(rng: random.Random) -> Exchange:
    """Give an exchange in which one to four things went wrong."""
    request, lines = rng.choice(EXCHANGES)
    lines = list(lines)
    for _ in range(rng.randrange(1, 5)):
        at, kind = rng.randrange(len(lines)), rng.randrange(24)
        if kind == 0:
            lines.insert(at, rng.choice(lines))
        elif kind == 1:
            rng.shuffle(lines)
        elif kind == 2 and len(lines) > 1:
            del lines[at]
        elif kind in {3, 4}:
            lines += rng.choice(EXCHANGES)[1]
        elif kind == 5:
            request = rng.choice(EXCHANGES)[0]
        elif kind == 6 and rng.random() < 0.02:
            lines[at] = _long(rng, lines[at])
        else:
            lines[at] = rng.choice(LINE_CHANGES)(rng, lines[at])
    return request, lines


def formula(value: Value) -> float:
    """Give what the table says of the value's bytes."""
    (field,) = (field for field in PIDS[value.pid].fields if field.signal == value.signal)
    return int.from_bytes(value.data, "big", signed=field.signed) * field.scale + field.offset


def shown(value: Value, request: bytes, lines: Sequence[str]) -> bool:
    """Look for the value's bytes behind service and PID, in one line or in an ECU's segments; by text alone."""
    service, pid = f"{request[0] + 0x40:02X}", f"{value.pid:02X}"
    key = pid + (request[2:3].hex().upper() if request[0] == 2 else "")
    tail = f"{service}(?:..)*?{key}(?:..)*?{value.data.hex().upper()}"
    return any(re.search(begin + tail, text) for begin, text in _texts(value.ecu, lines))


def codes_shown(codes: Sequence[str], ecu: str, lines: Sequence[str]) -> bool:
    """Look for each code's two bytes behind a byte boundary of a reply with codes."""
    pairs = [f"{'PCBU'.index(code[0]) << 2 | int(code[1]):X}{code[2:]}" for code in codes]
    texts = list(_texts(ecu, lines))
    return all(any(re.search(f"{begin}4[37A](?:..)*?{it}", text) for begin, text in texts) for it in pairs)


def text_shown(text: str, ecu: str, lines: Sequence[str]) -> bool:
    """Look for a text as a whole in an ECU's segments, or four bytes a line as K-line and J1850 send it."""
    texts = [told for _, told in _texts(ecu, lines)]
    padded = text.encode().rjust(20, b"\x00")
    fours = [f"4902{n + 1:02X}{padded[4 * n : 4 * n + 4].hex().upper()}" for n in range(5)]
    return any(text.encode().hex().upper() in it for it in texts) or all(
        any(it in told for told in texts) for it in fours
    )


def _texts(ecu: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give (what must stand before the service, text): every line, and every run of segments put together."""
    printed = [line for piece in lines for line in re.split(r"[\r\n]", piece)]
    compact = [re.sub(r"[ \x00]", "", line).strip(">\t").upper() for line in printed]
    single = rf"(?:[48]86B|416B|[89A-F].F1){ecu}(?:..)?" if len(ecu) == 2 else rf"{ecu}(?:0[1-7])?"
    if ecu == "unknown":
        single = ""
    for line in compact:
        if len(line) < 600:  # nothing that is longer is a message
            yield single, line
    words = re.compile(r"^(?:SEARCHING\.*)+|(?:STOPPED|BUFFERFULL)$")
    bare = [words.sub("", line) for line in compact]
    first, following = ("0:", "(.):") if ecu == "unknown" else (f"{ecu}1...", f"{ecu}2(.)")
    for at, line in enumerate(bare):
        if re.match(first, line):
            yield "", re.sub(first, "", line, count=1) + _following(following, bare[at + 1 :])


def _following(begin: str, lines: Sequence[str]) -> str:
    """Put together the segments that come after a first one, as long as their numbers follow on each other."""
    told = ""
    number = 1
    for line in lines:
        if found := re.fullmatch(rf"{begin}((?:[0-9A-F]{{2}})+)", line):
            if int(found[1], 16) != number % 16:
                break
            told, number = told + found[2], number + 1
    return told
