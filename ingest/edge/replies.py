"""What the control units answered: printed lines -> whole payloads that match the request (SAE J1979).

A payload is accepted only if its service is the request's + 40, its PID (and the frame number in mode 02, the monitor
in 06, the information type in 09) is the one that was asked, and its length is what the PCI or the format says.
`7F service code` is a value of its own, code 78 a promise. Whatever is not understood becomes a warning that quotes
the line: `read_replies` raises nothing, whatever it is given.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ingest.edge.assembly import Assembly, Message
from ingest.edge.lines import CUT, UNKNOWN_ECU, Form, Frame, Notice, Unexplained, quote, read_line
from ingest.edge.matching import Refused, match

__all__ = ["UNKNOWN_ECU", "Negative", "Notice", "Payload", "Replies", "read_replies"]

NEGATIVE = 0x7F
PENDING = 0x78
DTC_SERVICES = frozenset({0x03, 0x07, 0x0A})


@dataclass(frozen=True, slots=True)
class Payload:
    """One whole answer, e.g. 41 0C 1A F8; a reply to several PIDs is split into one payload per PID.

    `can` tells which bus it came over (None: the headers are off and the lines do not say). The numbered messages in
    which K-line and J1850 answer mode 09 are one payload: the first message's three bytes, then all data.
    """

    ecu: str
    data: bytes
    can: bool | None = None


@dataclass(frozen=True, slots=True)
class Negative:
    """A control unit's refusal of `service`; `code` is never 78, which is no refusal but a delay."""

    ecu: str
    service: int
    code: int


@dataclass(frozen=True, slots=True)
class Replies:
    """What came back for one request. `pending`: ECUs that promised an answer (7F xx 78) and have not given it.

    `notices` are the adapter's own words, in order; `unusable` the ECUs of which some line could not be used.
    """

    request: bytes
    lines: tuple[str, ...]
    payloads: tuple[Payload, ...] = ()
    negatives: tuple[Negative, ...] = ()
    pending: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    unusable: frozenset[str] = frozenset()

    @property
    def ecus(self) -> tuple[str, ...]:
        """Every ECU that was heard, usable or not, in the order of its address."""
        told = {it.ecu for it in self.payloads} | {it.ecu for it in self.negatives}
        return tuple(sorted(told | self.pending | self.unusable))

    @property
    def cut(self) -> bool:
        """Whether the adapter stopped before the end: an ECU may have answered that is not here."""
        return not CUT.isdisjoint(self.notices)


def read_replies(request: bytes, lines: Sequence[str]) -> Replies:
    """Read the lines an adapter printed for `request` (its bytes, e.g. 01 0C), the prompt removed or not."""
    reading = _Reading(request)
    echoes = _echoes(request)
    for piece in lines:
        for line in _split(piece):
            if "".join(line.split()).strip("\x00>").upper() not in echoes:
                reading.take(line)
    return reading.finish(tuple(lines))


def _split(piece: str) -> Sequence[str]:
    return piece.replace("\n", "\r").split("\r") if "\r" in piece or "\n" in piece else (piece,)


@lru_cache(256)
def _echoes(request: bytes) -> frozenset[str]:
    """Give what an echo of the request looks like, with the digit by which one tells an ELM327 how many lines come.

    A mode alone with such a digit would look like the length line of a segmented reply: it is no echo.
    """
    text = request.hex().upper()
    return (
        frozenset((text, *(f"{text}{digit:X}" for digit in range(1, 16)))) if len(request) > 1 else frozenset((text,))
    )


@dataclass(slots=True)
class _Reading:
    """The work of one call."""

    request: bytes
    assembly: Assembly = field(default_factory=Assembly)
    payloads: list[Payload] = field(default_factory=list)
    numbered: dict[str, list[Message]] = field(default_factory=dict)
    negatives: list[Negative] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unusable: set[str] = field(default_factory=set)

    def take(self, line: str) -> None:
        for read in read_line(line, self.request):
            match read:
                case Notice():
                    self.notices.append(read)
                    if read in CUT:
                        self.warnings.append(quote(line, "the reply was cut"))
                case Unexplained():
                    self._refuse(read.warning, read.ecu)
                    if read.ecu is not None:
                        self.assembly.lose(read.ecu)
                case Frame():
                    self._frame(read)

    def finish(self, lines: tuple[str, ...]) -> Replies:
        for result in self.assembly.finish():
            self._result(result)
        self._join_numbered()
        self._count_bare()
        return Replies(
            self.request,
            lines,
            tuple(self.payloads),
            tuple(self.negatives),
            frozenset(self.pending),
            tuple(self.warnings),
            tuple(self.notices),
            frozenset(self.unusable),
        )

    def _frame(self, frame: Frame) -> None:
        if frame.form is Form.BARE and frame.data[0] not in {NEGATIVE, (self._service + 0x40) & 0xFF}:
            self._refuse(quote(frame.line, "no reply to the request"), None)
            return
        for result in self.assembly.take(frame):
            self._result(result)

    def _result(self, result: Message | Unexplained) -> None:
        if isinstance(result, Message):
            self._message(result)
        else:
            self._refuse(result.warning, result.ecu)

    def _message(self, message: Message) -> None:
        ecu, data = message.ecu, message.data
        if data[:1] == bytes((NEGATIVE,)):
            self._negative(message)
            return
        matched = match(self.request, data, message.can)
        if isinstance(matched, Refused):
            self._refuse(quote(message.line, matched.reason), ecu)
            return
        self.pending.discard(ecu)
        if matched.doubt:
            self.warnings.append(quote(message.line, matched.doubt))
        if self._service == 0x09 and message.can is not True and len(data) == 7 and not data[1] % 2:
            self.numbered.setdefault(ecu, []).append(message)
            return
        self.payloads += [Payload(ecu, one, message.can) for one in matched.payloads]

    def _negative(self, message: Message) -> None:
        ecu, data = message.ecu, message.data
        if len(data) != 3 or data[1] != self._service:
            self._refuse(quote(message.line, "a negative response to something else"), ecu)
        elif data[2] == PENDING:
            self.pending.add(ecu)
        else:
            self.pending.discard(ecu)
            self.negatives.append(Negative(ecu, data[1], data[2]))

    def _join_numbered(self) -> None:
        """Join the numbered messages of mode 09 on K-line and J1850; they count from one without a gap."""
        for ecu, messages in self.numbered.items():
            numbers = [it.data[2] for it in messages]
            if set(numbers) == {1}:
                self.payloads += [Payload(ecu, it.data, it.can) for it in messages]
            elif numbers == list(range(1, len(numbers) + 1)):
                data = messages[0].data + b"".join(it.data[3:] for it in messages[1:])
                self.payloads.append(Payload(ecu, data, can=False))
            else:
                self._refuse(quote(messages[0].line, f"its lines are numbered {numbers}, not one after another"), ecu)

    def _count_bare(self) -> None:
        width = 3 if self._service == 0x02 else 2
        told = Counter(
            it.data[:width]
            for it in self.payloads
            if it.ecu == UNKNOWN_ECU and not (self._service in DTC_SERVICES and len(it.data) == 7)
        )
        if any(count > 1 for count in told.values()) or (self._service in DTC_SERVICES and len(told) > 1):
            self.warnings.append("several answers without headers: which control unit gave which is unknown")

    def _refuse(self, warning: str, ecu: str | None) -> None:
        self.warnings.append(warning)
        if ecu is not None:
            self.unusable.add(ecu)

    @property
    def _service(self) -> int:
        return self.request[0] if self.request else 0
