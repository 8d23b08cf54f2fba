"""Many devices on one thread: raw MQTT 3.1.1 sockets in one event loop, as cheap as can be."""

import heapq
import json
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import unquote, urlsplit

import msgpack
import numpy as np

from ingest.topics import Kind, topic_of
from tests.fleet.fleet import Car

KEEPALIVE_S = 20
DOWN = (Kind.COMMITTED, Kind.COMMAND, Kind.PROGRESS)  # what every device of ours hears
_PING = b"\xc0\x00"


class Wire:
    """One device's connection. It never comes back by itself: an end that nobody asked for is what is looked for."""

    def __init__(self, car: Car) -> None:
        self.car = car
        address = urlsplit(car.url)
        words = [car.device, unquote(address.username or ""), unquote(address.password or "")]
        self.socket = socket.create_connection((str(address.hostname), int(address.port or 1883)), 10)
        greeting = b"\x00\x04MQTT\x04\xc2" + struct.pack("!H", KEEPALIVE_S) + b"".join(map(_text, words))
        self.socket.sendall(_packet(0x10, greeting))
        assert self.socket.recv(4) == b"\x20\x02\x00\x00", "the broker refuses a device"
        down = b"".join(_text(topic_of(car.device, kind)) + b"\x00" for kind in DOWN)  # as ingest/publisher.py does
        self.socket.sendall(_packet(0x82, b"\x00\x01" + down))
        assert self.socket.recv(7)[-3:] == b"\x00\x00\x00", "the broker refuses a subscription"
        self.socket.setblocking(False)
        self._topic = _text(topic_of(car.device, Kind.READINGS_BINARY))
        self.sent = self.acknowledged = self.through = self.pings = 0
        self.committed_at: dict[int, float] = {}  # by the seq of `through_seq`
        self.published_at = 0.0  # the last message
        self.ended = False
        self.out = b""
        self._rest = b""
        self._spoke_at = time.monotonic()

    def publish(self, payload: bytes) -> None:
        self.sent += 1
        self.published_at = time.monotonic()
        self._send(_packet(0x32, self._topic + struct.pack("!H", self.sent % 65535 + 1) + payload))

    def ping_if_silent(self) -> bool:
        silent = not self.ended and time.monotonic() - self._spoke_at > KEEPALIVE_S / 2
        if silent:
            self._send(_PING)
        return silent

    def flush(self) -> None:
        try:
            self.out = self.out[self.socket.send(self.out) :]
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True

    def read(self) -> None:
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return
        data = self._rest + data
        at = 0
        while at + 2 <= len(data):
            length, start, shift = 0, at + 1, 0
            while start < len(data):
                length |= (data[start] & 127) << shift
                start, shift = start + 1, shift + 7
                if not data[start - 1] & 128:
                    break
            if start + length > len(data):
                break
            self._take(data[at], data[start : start + length])
            at = start + length
        self._rest = data[at:]

    def _take(self, kind: int, body: bytes) -> None:
        if kind == 0x40:
            self.acknowledged += 1
        elif kind == 0xD0:
            self.pings += 1
        elif kind & 0xF0 == 0x30:
            place = 2 + struct.unpack("!H", body[:2])[0]
            if kind & 0x06:
                self._send(b"\x40\x02" + body[place : place + 2])
                place += 2
            self.through = max(self.through, int(json.loads(body[place:])["through_seq"]))
            self.committed_at.setdefault(self.through, time.monotonic())

    def _send(self, packet: bytes) -> None:
        self._spoke_at = time.monotonic()
        self.out += packet
        self.flush()


class Crowd:
    """Devices that publish each on its own beat: `load(number, seq)` makes a payload, `beat_s(number)` the pauses.

    Without a `beat_s` nobody speaks by himself. No more than `in_flight` messages of one device wait for the broker's
    word; what a device could not say in time for that is late, not left out.
    """

    def __init__(
        self,
        cars: Sequence[Car],
        load: Callable[[int, int], bytes],
        beat_s: Callable[[int], float] | None = None,
        *,
        each: int | None = None,
        in_flight: int = 128,
    ) -> None:
        self.wires = [Wire(car) for car in cars]
        self._load, self._beat_s, self._each, self._in_flight = load, beat_s, each, in_flight
        self._asked: list[tuple[int, bytes]] = []
        self._hushed = False
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="crowd", daemon=True)
        self._thread.start()

    def publish(self, number: int, payload: bytes) -> None:
        """Let one device say something out of turn, from any thread."""
        self._asked.append((number, payload))

    def hush(self) -> None:
        """Nobody begins another message; connections stay, and answers are heard."""
        self._hushed = True

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        for wire in self.wires:
            wire.socket.close()
        if self._failure is not None:
            raise self._failure

    @property
    def sent(self) -> int:
        return sum(wire.sent for wire in self.wires)

    @property
    def acknowledged(self) -> int:
        return sum(wire.acknowledged for wire in self.wires)

    @property
    def ended(self) -> int:
        """How many connections the broker has ended."""
        return sum(wire.ended for wire in self.wires)

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            self._failure = error
            raise

    def _serve(self) -> None:
        due: list[tuple[float, int]] = []
        if self._beat_s is not None:
            began = time.monotonic()
            due = [
                (began + self._beat_s(number) * (number + 1) / len(self.wires), number)
                for number in range(len(self.wires))
            ]
            heapq.heapify(due)
        next_ping = 0.0
        with selectors.DefaultSelector() as chosen:
            for wire in self.wires:
                chosen.register(wire.socket, selectors.EVENT_READ, wire)
            while not self._stopping.is_set():
                # They take our processors here, and have their own: so they look up from time to time only.
                time.sleep(0.002 if due or self._asked else 0.02)
                for key, events in chosen.select(0):
                    self._move(chosen, key.data, events)
                now = time.monotonic()
                spoke = self._speak(due, now)
                if now >= next_ping:
                    next_ping = now + 1.0
                    spoke += [wire for wire in self.wires if wire.ping_if_silent()]
                for wire in spoke:
                    self._want(chosen, wire)

    def _speak(self, due: list[tuple[float, int]], now: float) -> list[Wire]:
        spoke = []
        while self._asked:
            number, payload = self._asked.pop(0)
            self.wires[number].publish(payload)
            spoke.append(self.wires[number])
        put_off = []
        while due and due[0][0] <= now and not self._hushed and self._beat_s is not None:
            at, number = heapq.heappop(due)
            wire = self.wires[number]
            if wire.ended or (self._each is not None and wire.sent >= self._each):
                continue
            if wire.sent - wire.acknowledged >= self._in_flight or len(wire.out) > 65536:
                put_off.append((at, number))
                continue
            wire.publish(self._load(number, wire.sent + 1))
            spoke.append(wire)
            heapq.heappush(due, (at + self._beat_s(number), number))
        for one in put_off:
            heapq.heappush(due, one)
        return spoke

    def _move(self, chosen: selectors.BaseSelector, wire: Wire, events: int) -> None:
        if events & selectors.EVENT_WRITE and wire.out:
            wire.flush()
        if events & selectors.EVENT_READ:
            wire.read()
        if wire.ended:
            chosen.unregister(wire.socket)
        else:
            self._want(chosen, wire)

    @staticmethod
    def _want(chosen: selectors.BaseSelector, wire: Wire) -> None:
        key = chosen.get_map().get(wire.socket)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if wire.out else 0)
        if key is not None and key.events != wanted:
            chosen.modify(wire.socket, wanted, wire)


Rows = Mapping[str, object]


def rows_of(step_s: float, signals: Mapping[str, Sequence[float]]) -> Rows:
    """Give equally spaced rows as a binary message has them."""
    names = list(signals)
    values = np.array([signals[name] for name in names], dtype="<f4")
    dt = (np.arange(values.shape[1]) * step_s * 1000).astype("<u4")
    return {"n": len(dt), "dt": dt.tobytes(), "signals": names, "values": values.tobytes()}


def message(boot: str, seq: int, t0_ms: int, rows: Rows) -> bytes:
    """Give one binary message without the library's detours: devices take our processors here, and have their own."""
    packed: bytes = msgpack.packb({"boot": boot, "seq": seq, "floor": 1, "age_ms": 0, "t0": t0_ms, **rows})
    return packed


def payload(boot: str, seq: int, begin: datetime, step_s: float, signals: Mapping[str, Sequence[float]]) -> bytes:
    """Give one binary message of equally spaced rows."""
    return message(boot, seq, round(begin.timestamp() * 1000), rows_of(step_s, signals))


def _packet(kind: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        digits.append(length & 127 | (128 if length > 127 else 0))
        length >>= 7
        if not length:
            return bytes([kind]) + bytes(digits) + body


def _text(words: str) -> bytes:
    encoded = words.encode()
    return struct.pack("!H", len(encoded)) + encoded
