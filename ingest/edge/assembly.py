"""Frames -> whole messages: ISO-TP segments per control unit (ISO 15765-2), and the ELM327's numbered lines.

A segment that is missing, repeated or out of order ends the message it belongs to: there is no value then, only a
warning, because bytes of two messages must never be read as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.edge.lines import Form, Frame, Unexplained, quote

_FIRST, _NEXT = 6, 7  # data bytes of a first and of a consecutive frame


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. `can` is None where the lines do not tell the bus; `line` is the last one it was read from."""

    ecu: str
    data: bytes
    can: bool | None
    line: str


@dataclass(slots=True)
class _Segments:
    """A message that is coming in. `total` is its length, 0 while none is; `broken` once it cannot be trusted.

    `done` are the whole ones before. They are given out last, because a stray segment behind them tells that two
    messages were mixed.
    """

    total: int = 0
    data: bytes = b""
    number: int = 0
    line: str = ""
    broken: bool = False
    done: list[Message] = field(default_factory=list)

    def begin(self, total: int, line: str) -> None:
        self.total, self.data, self.number, self.line = total, b"", 0, line

    def add(self, number: int, data: bytes) -> bool:
        """Add the segment `number` (modulo 16); False if it is not the next one, or is not all there."""
        size = _NEXT if self.number else _FIRST
        missing = self.total - len(self.data)
        if number != self.number % 16 or not min(size, missing) <= len(data) <= size:
            return False
        self.data += data[:missing]
        self.number += 1
        return True

    def end(self) -> bytes | None:
        """Give the message once it is complete."""
        if len(self.data) < self.total:
            return None
        self.total = 0
        return self.data


Result = Message | Unexplained


@dataclass(slots=True)
class Assembly:
    """The messages that are coming in for one request."""

    segments: dict[str, _Segments] = field(default_factory=dict)

    def take(self, frame: Frame) -> Sequence[Result]:
        match frame.form:
            case Form.CAN:
                return self._can(frame)
            case Form.BARE:
                return (Message(frame.ecu, frame.data, None, frame.line),)
            case Form.BUS:
                return (Message(frame.ecu, frame.data, can=False, line=frame.line),)
        return self._numbered(frame)

    def lose(self, ecu: str) -> None:
        """Give up the message that is coming in from a control unit of which a line could not be read."""
        segments = self.segments.get(ecu)
        if segments is not None and segments.total:
            segments.broken = True
            segments.done.clear()

    def finish(self) -> Sequence[Result]:
        """Give the segmented messages, and tell of those whose rest did not come."""
        results: list[Result] = [message for it in self.segments.values() for message in it.done]
        for ecu, it in self.segments.items():
            if it.total and not it.broken:
                results.append(Unexplained(quote(it.line, "the rest of the message did not come"), ecu))
        return results

    def _can(self, frame: Frame) -> Sequence[Result]:
        pci, data = frame.data[0], frame.data[1:]
        if pci <= 7:  # a single frame
            results: list[Result] = []
            segments = self.segments.get(frame.ecu)
            if segments is not None and segments.total and not segments.broken:
                results += self._break(frame, "a new message before the end of the last")
            if not 1 <= pci <= len(data):
                return [*results, Unexplained(quote(frame.line, f"shorter than its length of {pci}"), frame.ecu)]
            return [*results, Message(frame.ecu, data[:pci], can=True, line=frame.line)]
        if pci >> 4 == 1:
            return self._first(frame, (pci & 0x0F) << 8 | data[0] if data else 0, data[1:])
        if pci >> 4 == 2:
            return self._next(frame, pci & 0x0F, data)
        return (Unexplained(quote(frame.line, "no frame of a reply"), frame.ecu),)

    def _numbered(self, frame: Frame) -> Sequence[Result]:
        if frame.form is Form.TOTAL:
            return self._begin(frame, frame.number)
        return self._next(frame, frame.number, frame.data)

    def _begin(self, frame: Frame, total: int) -> Sequence[Result]:
        segments = self.segments.setdefault(frame.ecu, _Segments())
        if segments.broken:
            return ()
        if segments.total:
            return self._break(frame, "a new message before the end of the last")
        if total <= _NEXT:
            return self._break(frame, "no segmented message is that short")
        segments.begin(total, frame.line)
        return ()

    def _first(self, frame: Frame, total: int, data: bytes) -> Sequence[Result]:
        return self._begin(frame, total) or self._next(frame, 0, data)

    def _next(self, frame: Frame, number: int, data: bytes) -> Sequence[Result]:
        segments = self.segments.setdefault(frame.ecu, _Segments())
        if segments.broken:
            return ()
        if not segments.total:
            return self._break(frame, "a segment without the beginning of its message")
        if not segments.add(number, data):
            return self._break(frame, "a segment is missing, repeated, cut or out of order")
        whole = segments.end()
        if whole is not None:
            segments.done.append(Message(frame.ecu, whole, can=True, line=frame.line))
        return ()

    def _break(self, frame: Frame, reason: str) -> list[Result]:
        """Give up the segmented messages of a control unit: what belongs to which can no longer be told."""
        segments = self.segments.setdefault(frame.ecu, _Segments())
        segments.broken = True
        segments.done.clear()
        return [Unexplained(quote(frame.line, reason), frame.ecu)]
