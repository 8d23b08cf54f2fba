"""An ELM327 adapter as a state machine: bytes from the tester in, pieces of its reply out; no sockets here.

Its dialogue is that of version 1.5, the one that most dongles claim to be. `simulators/elm_servers.py` puts it on TCP
or on a pseudo terminal.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType

from simulators import elm_lines
from simulators.ecu import Car
from simulators.elm_lines import CAN_11, CAN_29, K_LINE, PROTOCOLS, Sent, Style

_MOST_TYPED = 254
_MOST_BYTES = 7  # of a request on CAN, without the frame's own first byte
_UNSEEN = b"\n\0"
_TICK_S = 0.004  # of ATST
_CHUNK_GAP_S = 0.001
# Accepted for the sake of those who send them; nothing of it shows here.
_NO_EFFECT = re.compile(
    r"AL|NL|M[01]|CFC[01]|AT[012]|R[01]|V[01]|KW[01]|FI|SI|BI|BD|FE|CEA|CV\d{4}"
    r"|FCSH[0-9A-F]{3,8}|FCSD[0-9A-F]{2,10}|FCSM[012]|SW[0-9A-F]{2}|IIA[0-9A-F]{2}|TA[0-9A-F]{2}|CP[0-9A-F]{2}"
    r"|PP[0-9A-F]{2}(SV[0-9A-F]{2}|ON|OFF)|D[01]|JTM[15]|MP[0-9A-F]{4}"
)
_FLAGS = {"E": "echo", "L": "linefeeds", "H": "headers", "S": "spaces", "CAF": "formatting"}


@dataclass(frozen=True, slots=True)
class Quirks:
    """What this adapter does otherwise than a good one. Requests to the car are counted, AT commands are not."""

    ignores_echo_off: bool = False  # a clone: ATE0 says OK and the echo stays
    ignores_headers: bool = False  # a clone: ATH1 says OK and the headers stay off
    no_voltage: bool = False  # ATRV is `?`
    linefeeds: bool = False  # CR LF from the start, without ATL1
    slow_ms: float = 0.0  # before each reply to a request
    waits: bool = False  # listens on for ATST after the last answer, as a real one does, unless told how many come
    chunk_bytes: int = 0  # replies arrive in pieces of this size
    stall_on: int = 0  # no reply at all to the request of this number
    die_after: int = 0  # the link is lost instead of each so-manieth reply
    die_on: str = ""  # the link is lost on this request, such as 03
    error_every: int = 0  # CAN ERROR instead of each so-manieth reply
    garble_every: int = 0  # each so-manieth line of data is cut and ends in @@
    buffer_bytes: int = 0  # a longer reply is cut there and ends in BUFFER FULL
    padding: int = 0x00  # what control units fill their last frame with
    pad_single: bool = False  # and whether they fill lone frames too
    version: str = "1.5"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes for the tester, `after_s` seconds after the piece before; `closes`: the link is lost here."""

    data: bytes
    after_s: float = 0.0
    closes: bool = False


@dataclass(slots=True)
class _Settings:
    """What AT commands change, and ATD sets back."""

    echo: bool = True
    linefeeds: bool = False
    headers: bool = False
    spaces: bool = True
    formatting: bool = True
    timeout: int = 0x32
    header: int | None = None  # of requests; None: all control units are asked
    only_from: tuple[int, int] = (0, 0)  # sender ids that are heard: a pattern, and which of its bits count
    protocol: str = "0"
    automatic: bool = True
    opened: bool = False  # whether the bus has been spoken to in this protocol


@dataclass(slots=True)
class _Counters:
    requests: int = 0
    lines: int = 0


class Elm327:
    """One adapter in one car. It lives on while testers come and go, as a dongle does."""

    def __init__(self, car: Car, quirks: Quirks | None = None) -> None:
        self._car, self._quirks = car, quirks or Quirks()
        self._set = _Settings(linefeeds=self._quirks.linefeeds)
        self._count = _Counters()
        self._typed, self._last = b"", ""
        self._sleeps = False
        self._exact: Mapping[str, Callable[[], list[str]]] = MappingProxyType({
            "Z": self._restart, "WS": self._restart, "D": self._defaults, "LP": self._sleep, "PC": self._close_bus,
            "I": lambda: [f"ELM327 v{self._quirks.version}"],
            "@1": lambda: ["OBDII to RS232 Interpreter"],
            "RV": lambda: ["?"] if self._quirks.no_voltage else [f"{self._car.battery_v:.1f}V"],
            "IGN": lambda: ["ON" if self._car.awake else "OFF"],
            "DP": self._describe,
            "DPN": lambda: [("A" if self._set.automatic else "") + self._set.protocol],
        })  # fmt: skip
        self._patterns: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], None]], ...] = (
            (re.compile(r"(E|L|H|S|CAF)([01])"), self._set_flag),
            (re.compile(r"[ST]P(A?)0?([0-9A-C])|[ST]P([0-9A-C])(A)"), self._set_protocol),
            (re.compile(r"SH([0-9A-F]{3}|[0-9A-F]{6}|[0-9A-F]{8})"), self._set_header),
            (re.compile(r"(CRA|SR|AR|CF|CM)([0-9A-FX]{0,8})"), self._set_filter),
            (re.compile(r"ST([0-9A-F]{2})"), self._set_timeout),
            (_NO_EFFECT, lambda _: None),
        )

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take what the tester typed and give the echo and the replies, one command after the other.

        Whoever sends something before the last piece of a reply was due has interrupted it: drop this iterator and
        send `stopped`. Line feeds and zero bytes are not heard.
        """
        while data:
            if self._sleeps:  # the first character only wakes it
                self._sleeps, data = False, data[1:]
                yield self._say(self._restart())
                continue
            typed, ended, data = data.partition(b"\r")
            seen = typed.translate(None, _UNSEEN)
            self._typed = (self._typed + seen)[:_MOST_TYPED]
            if self._set.echo and (seen or ended):
                yield Piece(seen + (self._newline if ended else b""))
            if not ended:
                return
            line, self._typed = self._typed, b""
            for piece in self._in_chunks(self._reply(line)):
                if piece.after_s and data.translate(None, _UNSEEN):
                    yield Piece(self.stopped())
                    return
                yield piece

    def stopped(self) -> bytes:
        """Give what ends a reply that the tester has interrupted."""
        return self._say(["STOPPED"]).data

    def hang_up(self) -> None:
        """Forget a half-typed command: the tester has gone."""
        self._typed = b""

    @property
    def _newline(self) -> bytes:
        return b"\r\n" if self._set.linefeeds else b"\r"

    def _say(self, told: list[str], after_s: float = 0.0, *, prompt: bool = True) -> Piece:
        text = b"".join(line.encode("ascii") + self._newline for line in told)
        return Piece(text + (self._newline + b">" if prompt else b""), after_s)

    def _in_chunks(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        size = self._quirks.chunk_bytes
        for piece in pieces:
            if not size or len(piece.data) <= size:
                yield piece
                continue
            for at in range(0, len(piece.data), size):
                yield Piece(piece.data[at : at + size], _CHUNK_GAP_S if at else piece.after_s)

    def _reply(self, line: bytes) -> Iterator[Piece]:
        command = "".join(line.decode("latin-1").split()).upper() or self._last
        self._last = command
        if command.startswith("AT"):
            yield self._say(self._at(command[2:]))
        elif re.fullmatch(r"[0-9A-F]{2,}", command):
            yield from self._request(command)
        else:
            yield self._say(["?"])

    # AT commands

    def _at(self, command: str) -> list[str]:
        if command in self._exact:
            return self._exact[command]()
        for pattern, change in self._patterns:
            if found := pattern.fullmatch(command):
                change(found)
                return ["OK"]
        return ["?"]

    def _restart(self) -> list[str]:
        """Start anew. A protocol that was set stays set; one that was found by searching is looked for again."""
        kept = self._set
        self._set = _Settings(linefeeds=self._quirks.linefeeds)
        if not kept.automatic:
            self._set.protocol, self._set.automatic = kept.protocol, False
        self._last = ""
        return ["", "", f"ELM327 v{self._quirks.version}"]

    def _defaults(self) -> list[str]:
        self._restart()
        return ["OK"]

    def _sleep(self) -> list[str]:
        self._sleeps = True
        return ["OK"]

    def _close_bus(self) -> list[str]:
        self._set.opened = False
        return ["OK"]

    def _describe(self) -> list[str]:
        name = PROTOCOLS[self._set.protocol]
        return [f"AUTO, {name}" if self._set.automatic and self._set.protocol != "0" else name]

    def _set_flag(self, found: re.Match[str]) -> None:
        name, on = _FLAGS[found[1]], found[2] == "1"
        ignored = (name == "echo" and not on and self._quirks.ignores_echo_off) or (
            name == "headers" and on and self._quirks.ignores_headers
        )
        if not ignored:
            setattr(self._set, name, on)

    def _set_protocol(self, found: re.Match[str]) -> None:
        number = found[2] or found[3]
        self._set.automatic = bool(found[1] or found[4]) or number == "0"
        self._set.protocol, self._set.opened = number, False

    def _set_header(self, found: re.Match[str]) -> None:
        self._set.header = int(found[1], 16)

    def _set_filter(self, found: re.Match[str]) -> None:
        # An X stands for any digit; without an id, all are heard again.
        digits, (pattern, mask) = found[2], self._set.only_from
        number = int(digits.replace("X", "0") or "0", 16)
        match found[1]:
            case "CF":
                self._set.only_from = (number, mask)
            case "CM":
                self._set.only_from = (pattern, number)
            case _:
                self._set.only_from = (number, int("".join("0" if it == "X" else "F" for it in digits) or "0", 16))

    def _set_timeout(self, found: re.Match[str]) -> None:
        self._set.timeout = int(found[1], 16) or 0x32

    # Requests to the car

    def _request(self, command: str) -> Iterator[Piece]:
        quirks = self._quirks
        digits, count = (command[:-1], int(command[-1], 16)) if len(command) % 2 else (command, 0)
        payload = bytes.fromhex(digits)
        if not self._set.formatting and payload:
            payload = payload[1 : 1 + payload[0]]  # with CAF0 the tester writes the frame's first byte himself
        if not payload or len(payload) > _MOST_BYTES:
            yield self._say(["?"])
            return
        self._count.requests += 1
        number = self._count.requests
        if number == quirks.stall_on:
            return
        if command == quirks.die_on.upper() or (quirks.die_after and number % quirks.die_after == 0):
            yield Piece(b"", quirks.slow_ms / 1000, closes=True)
            return
        if quirks.error_every and number % quirks.error_every == 0:
            yield self._say(["CAN ERROR"], quirks.slow_ms / 1000)
            return
        yield from self._printed(self._open(), self._answers(payload, count))

    def _printed(self, opening: "_Opening", answers: Iterator[tuple[float, list[str]]]) -> Iterator[Piece]:
        """Print the opening of the bus and the answers, each group in its time, then the prompt."""
        left = self._quirks.buffer_bytes
        wait = self._quirks.slow_ms / 1000
        if opening.told:
            yield self._say(opening.told, prompt=False)
        if opening.failed:
            yield self._say([opening.failed], wait)
            return
        heard = False
        for after_s, group in answers:
            wait, told = wait + after_s, group
            heard = heard or bool(group)
            if self._quirks.buffer_bytes:
                told, left = _cut(group, left)
            if told != group:
                yield self._say([*told, "BUFFER FULL"], wait)
                return
            if group:
                yield self._say(told, wait, prompt=False)
                wait = 0.0
        yield self._say([] if heard else ["NO DATA"], wait)

    def _open(self) -> "_Opening":
        """Speak to the bus for the first time, or in vain."""
        settings, car = self._set, self._car
        if settings.automatic and not settings.opened:
            if not car.awake:
                return _Opening(["SEARCHING..."], "UNABLE TO CONNECT")
            settings.protocol, settings.opened = car.protocol, True
            return _Opening(["SEARCHING..."])
        chosen = settings.protocol
        told = ["BUS INIT: OK" if chosen == "5" else "BUS INIT: ...OK"] if chosen in K_LINE else []
        if chosen in K_LINE and (chosen != car.protocol or not car.awake):
            return _Opening([], "BUS INIT: ...ERROR")
        if chosen != car.protocol and chosen in CAN_11 + CAN_29:
            same_speed = (chosen in "67") == (car.protocol in "67") and car.protocol not in K_LINE
            return _Opening([], "NO DATA" if same_speed else "CAN ERROR")
        if chosen != car.protocol:
            return _Opening([], "NO DATA")
        first, settings.opened = not settings.opened, True
        return _Opening(told if first else [])

    def _answers(self, payload: bytes, count: int) -> Iterator[tuple[float, list[str]]]:
        """Give groups of lines and how long after the group before they come; `count` lines at most, if not 0."""
        settings, quirks = self._set, self._quirks
        style = Style(
            settings.headers, settings.spaces, not settings.formatting, quirks.padding, pad_single=quirks.pad_single
        )
        nodes = {ecu.address: ecu.node for ecu in self._car.ecus}
        protocol = self._car.protocol
        came_s, left = 0.0, count or -1
        answers = self._car.ask(payload, elm_lines.node_of(protocol, settings.header))
        for after_s, together in groupby(answers, key=lambda answer: answer.after_s):
            sent = [Sent(it.ecu, nodes[it.ecu], it.data) for it in together]
            heard = [it for it in sent if self._hears(elm_lines.sender_id(protocol, it))]
            group = list(elm_lines.lines(protocol, heard, style))
            group = group[:left] if count else group
            yield after_s - came_s, [self._garbled(line) for line in group]
            came_s, left = after_s, left - len(group)
            if count and left <= 0:
                return
        if quirks.waits:
            yield settings.timeout * _TICK_S, []

    def _hears(self, sender: int) -> bool:
        pattern, mask = self._set.only_from
        return sender & mask == pattern & mask

    def _garbled(self, line: str) -> str:
        self._count.lines += 1
        every = self._quirks.garble_every
        return line[: len(line) // 2] + "@@" if every and self._count.lines % every == 0 else line


@dataclass(frozen=True, slots=True)
class _Opening:
    told: list[str] = field(default_factory=list)
    failed: str = ""


def _cut(group: list[str], left: int) -> tuple[list[str], int]:
    """Give what of the lines fits into `left` more characters, and how many are left then."""
    told = []
    for line in group:
        if left <= 0:
            break
        told.append(line[:left])
        left -= len(line)
    return told, left
