"""Devices as cheap as can be: a process that publishes packets made beforehand, QoS 1, over one socket each.

It speaks just enough of MQTT 3.1.1, so that neither side of a comparison waits for a client library's work per
message: what arrives as acknowledgements and replies is counted, not looked at. As real devices do, each also
hears what is committed of it.
"""

import selectors
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import unquote, urlsplit

import numpy as np
from material import hours

from ingest.envelope import Header, Message, Readings, encode
from ingest.topics import Kind, topic_of

IN_FLIGHT = 128  # unacknowledged messages of one device
_PUBACK = 0x40
_AT_ONCE = 16


def payloads(kind: Kind, rows: int, devices: int, begin: datetime, numbers: range) -> list[list[bytes]]:
    """Give what each device sends, one after another: a message of `rows` seconds of 20 signals for each number.

    What has a lower number is not held any more, for it went to another subscriber.
    """
    block = hours(devices)
    sent: list[list[bytes]] = [[] for _ in range(devices)]
    dt_ms = np.arange(rows, dtype=np.int64) * 1000
    for number in numbers:
        offset = number * rows % 3600
        t0 = begin + timedelta(seconds=number * rows)
        for device, its in enumerate(sent):
            values = np.ascontiguousarray(block.values[:, offset : offset + rows, device])
            content = Readings(t0, dt_ms, block.signals, values)
            its.append(encode(kind, Message(Header("bench", number + 1, numbers.start + 1, 0), content)))
    return sent


def forget(url: str, client_ids: Sequence[str]) -> None:
    """End stored sessions: the broker keeps nothing for them any more."""
    for client_id in client_ids:
        connected(url, client_id).close()


def connected(url: str, client_id: str, topic: str | None = None) -> socket.socket:
    """Connect without a stored session, and subscribe at QoS 0, as devices do."""
    address = urlsplit(url)
    words = [client_id, unquote(address.username or ""), unquote(address.password or "")]
    it = socket.create_connection((str(address.hostname), int(address.port or 1883)))
    it.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    it.sendall(_packet(0x10, b"\x00\x04MQTT\x04\xc2\x00\x3c" + b"".join(map(_text, words))))
    if it.recv(4) != b"\x20\x02\x00\x00":
        raise ConnectionError(f"the broker refuses {client_id}")
    if topic is not None:
        it.sendall(_packet(0x82, b"\x00\x01" + _text(topic) + b"\x00"))
        if it.recv(5)[-1:] != b"\x00":
            raise ConnectionError(f"the broker refuses {client_id} a subscription")
    return it


@contextmanager
def publisher(urls: Sequence[str], kind: Kind, sent: list[list[bytes]]) -> Iterator["Publisher"]:
    """Prepare a process that publishes on behalf of all devices, connected and waiting for the word."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_run, args=(there, list(urls), kind, sent), daemon=True)
    process.start()
    try:
        if here.recv() != "ready":
            raise RuntimeError("the devices do not connect")
        yield Publisher(here)
    finally:
        here.close()
        process.join(10)
        if process.is_alive():
            process.kill()


class Publisher:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def go(self) -> None:
        self._pipe.send("go")

    def done(self, patience_s: float) -> tuple[float, float]:
        """Wait until the broker has acknowledged everything; gives when the first was sent and the last acknowledged.

        Times are `time.monotonic()`, which all processes of a machine share.
        """
        if not self._pipe.poll(patience_s):
            raise TimeoutError("the broker does not acknowledge what the devices publish")
        first, last = self._pipe.recv()
        return first, last


class _Device:
    """One device: `chunks` are several packets each, sent while no more than `IN_FLIGHT` are unanswered."""

    def __init__(self, number: int, url: str, kind: Kind, sent: list[bytes]) -> None:
        self.socket = connected(url, f"bench-{number}", topic_of(f"dev-{number}", Kind.COMMITTED))
        self.socket.setblocking(False)
        topic = _text(topic_of(f"dev-{number}", kind))
        packets = [
            _packet(0x32, topic + struct.pack("!H", place % 65535 + 1) + payload) for place, payload in enumerate(sent)
        ]
        self._chunks = [b"".join(packets[at : at + _AT_ONCE]) for at in range(0, len(packets), _AT_ONCE)]
        self._chunks.reverse()
        self._unsent = memoryview(b"")
        self._rest = b""
        self.asked, self.acknowledged, self.total = 0, 0, len(sent)

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent) or (bool(self._chunks) and self.asked - self.acknowledged <= IN_FLIGHT - _AT_ONCE)

    def write(self) -> None:
        while self.wants_to_write:
            if not self._unsent:
                self._unsent = memoryview(self._chunks.pop())
                self.asked = min(self.asked + _AT_ONCE, self.total)
            try:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
            except BlockingIOError:
                return

    def read(self) -> None:
        data = self._rest + self.socket.recv(65536)
        if not data:
            raise ConnectionError("the broker closed a device's connection")
        at, size = 0, len(data)
        while at + 2 <= size:
            length, start, shift = data[at + 1] & 127, at + 2, 7
            if data[at + 1] & 128:  # a reply that is longer than 127 bytes; never above two digits here
                if at + 3 > size:
                    break
                length, start = length | (data[at + 2] << shift), at + 3
            if start + length > size:
                break
            if data[at] == _PUBACK:
                self.acknowledged += 1
            elif data[at] & 0xF0 == 0x30:
                self._answer(data[start : start + length])
            at = start + length
        self._rest = data[at:]

    def _answer(self, publish: bytes) -> None:
        place = 2 + struct.unpack("!H", publish[:2])[0]
        self.socket.send(b"\x40\x02" + publish[place : place + 2])


def _run(pipe: Connection, urls: list[str], kind: Kind, sent: list[list[bytes]]) -> None:
    devices = [_Device(number, url, kind, its) for number, (url, its) in enumerate(zip(urls, sent, strict=True))]
    sent.clear()
    pipe.send("ready")
    pipe.recv()
    first = time.monotonic()
    with selectors.DefaultSelector() as chosen:
        for it in devices:
            chosen.register(it.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, it)
        while any(it.acknowledged < it.total for it in devices):
            for key, events in chosen.select(5):
                device: _Device = key.data
                if events & selectors.EVENT_READ:
                    device.read()
                if device.wants_to_write:
                    device.write()
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if device.wants_to_write else 0)
                if wanted != key.events:
                    chosen.modify(device.socket, wanted, device)
        pipe.send((first, time.monotonic()))
        while not pipe.poll(0):  # until the other end is closed: replies are answered to the end
            for key, _ in chosen.select(0.05):
                try:
                    key.data.read()
                except OSError:
                    chosen.unregister(key.fileobj)


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
