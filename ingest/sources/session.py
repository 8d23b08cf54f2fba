"""A stored MQTT 3.1.1 session as ingest needs it: deliveries cut out of large pieces of the stream, answered in one go.

A client library's work on every packet cost as much as all that is done with a reading afterwards. This receives at
QoS 1 and 0, acknowledges when told to, publishes at QoS 1, and knows nothing else; `Connection` serves everybody else.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from ingest.address import BrokerAddress, trusting
from ingest.arrived import Arrived
from ingest.partitions import Session, unmapped

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 30
_PIECE = 262_144
_MOST_TOPICS, _LONGEST_TOPIC = 16_384, 200  # remembered as text, and then forgotten: devices may invent them
_CONNECT, _SUBSCRIBE, _PUBLISH = 0x10, 0x82, 0x32
_CONNACK, _SUBACK, _DELIVERY = 0x20, 0x90, 0x30
_PUBACK = b"\x40\x02"
_PINGREQ, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_REFUSED = 0x80
_REFUSALS = {
    1: "it speaks another version",
    2: "the client id is refused",
    3: "it is not ready",
    4: "bad user name or password",
    5: "not authorised",
}


def open_session(
    address: BrokerAddress, session: Session, now: Callable[[], datetime], certificate: str | None = None
) -> tuple["StoredSession", list[Arrived]]:
    """Connect and subscribe at QoS 1; raises `ConnectionError` in words when the broker will not have us.

    Gives also what was delivered meanwhile: a stored session begins before its subscription is answered.
    """
    found: list[Arrived] = []
    try:
        opened = StoredSession(_connected(address, certificate), now)
    except OSError as error:
        raise ConnectionError(f"no broker at {address.host}:{address.port}: {error}") from error
    try:
        opened.greet(address, session, found)
    except ConnectionError:
        opened.close()
        raise
    except OSError as error:
        opened.close()
        raise ConnectionError(f"the broker at {address.host}:{address.port} does not answer: {error}") from error
    return opened, found


class StoredSession:
    """One connection of a stored session, from CONNECT to its end; never used again after it broke.

    A message id is good on the connection that brought it and on no other: a new connection is a new object, so that
    a late acknowledgement cannot hit another message. Its owner lets it `read`, `write` and `tick` in one thread;
    `acknowledge` and `publish` may be called in any. `socket` is what it reads from.
    """

    def __init__(self, connection: socket.socket, now: Callable[[], datetime]) -> None:
        self.socket = connection
        self.ended = False
        self._now = now
        self._rest = b""
        self._room = memoryview(bytearray(_PIECE))
        self._answers: dict[int, bytes] = {}
        self._topics: dict[bytes, str] = {}
        self._lock = threading.Lock()
        self._out = bytearray()
        self._last_id = 0
        self._heard_at = self._sent_at = time.monotonic()

    def greet(self, address: BrokerAddress, session: Session, found: list[Arrived]) -> None:
        words = [session.client_id] + [it for it in (address.user, address.password) if it is not None]
        flags = (0 if address.user is None else 0x80) | (0 if address.password is None else 0x40)
        introduction = b"\x00\x04MQTT\x04" + struct.pack("!BH", flags, KEEPALIVE_S)
        self.socket.sendall(_packet(_CONNECT, introduction + b"".join(map(_text, words))))
        code = self._answer(_CONNACK, found)[1]
        if code:
            reason = _REFUSALS.get(code, f"code {code}")
            raise ConnectionError(f"the broker refuses the user {address.user}: {reason}")
        topics = b"".join(_text(topic) + b"\x01" for topic in session.topics)
        self.socket.sendall(_packet(_SUBSCRIBE, b"\x00\x01" + topics))
        if _REFUSED in self._answer(_SUBACK, found)[2:]:
            raise ConnectionError(f"the broker refuses the user {address.user} a subscription")
        self.socket.setblocking(False)

    @property
    def has_to_write(self) -> bool:
        return bool(self._out)

    def read(self) -> list[Arrived]:
        """Take in what is there; over TLS also what was received together with it."""
        found: list[Arrived] = []
        try:
            while size := self.socket.recv_into(self._room):
                self._heard_at = time.monotonic()
                self._take(self._room[:size], found)
                if not (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
                    return found
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return found
        except OSError:
            pass
        self._end()
        return found

    def write(self) -> None:
        """Send what the socket takes of what waits to be sent."""
        with self._lock:
            try:
                while self._out and not self.ended:
                    del self._out[: self.socket.send(bytes(self._out[:_PIECE]))]
                    self._sent_at = time.monotonic()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError:
                self._end()

    def tick(self) -> None:
        """Keep the connection alive, and notice that it is dead; once a second is enough."""
        now = time.monotonic()
        if now - self._heard_at > 1.5 * KEEPALIVE_S:
            self._end()
        elif now - self._sent_at > KEEPALIVE_S / 2:
            self._send(_PINGREQ)

    def acknowledge(self, ids: Iterable[bytes]) -> None:
        """Acknowledge deliveries of this connection; when it has ended, the broker will deliver them again."""
        self._send(b"".join(_PUBACK + each for each in ids))

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at QoS 1; what is unanswered when the connection ends is not sent again."""
        with self._lock:
            self._last_id = self._last_id % 65535 + 1
            self._out += _packet(_PUBLISH, _text(topic) + struct.pack("!H", self._last_id) + payload)

    def close(self) -> None:
        """Send what waits to be sent, and take leave; what still comes is not acknowledged and comes again."""
        if self.ended:
            return
        with self._lock, contextlib.suppress(OSError):
            self.socket.settimeout(1.0)
            self.socket.sendall(bytes(self._out) + _DISCONNECT)
            if not isinstance(self.socket, ssl.SSLSocket):
                # Closed with bytes unread, the kernel would take back what was sent last.
                self.socket.shutdown(socket.SHUT_WR)
                while self.socket.recv(_PIECE):
                    pass
        self._end()

    def _answer(self, kind: int, found: list[Arrived]) -> bytes:
        """Wait for one packet of this kind and give its body."""
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while kind not in self._answers:
            piece = self.socket.recv(_PIECE) if time.monotonic() < deadline else b""
            if not piece:
                raise ConnectionError("the broker does not answer")
            self._take(piece, found)
        return self._answers.pop(kind)

    def _take(self, piece: bytes | memoryview, found: list[Arrived]) -> None:
        """Cut packets out of the stream; deliveries go to `found`, half a packet waits for its rest."""
        data = b"".join((self._rest, piece))
        size, at, now = len(data), 0, self._now()
        while size - at >= 2:
            length, begin, shift = data[at + 1], at + 2, 7
            if length > 127:
                length &= 127
                while begin < size:
                    digit = data[begin]
                    length |= (digit & 127) << shift
                    begin, shift = begin + 1, shift + 7
                    if digit < 128:
                        break
                    if shift > 21:
                        raise ConnectionError("what the broker sends is no MQTT")
                else:
                    break
            end = begin + length
            if end > size:
                break
            kind = data[at]
            if kind & 0xF0 == _DELIVERY:
                middle = begin + 2 + (data[begin] << 8 | data[begin + 1])
                topic = self._topics.get(data[begin + 2 : middle]) or self._read_topic(data[begin + 2 : middle])
                body = middle + 2 if kind & 6 else middle
                token = (self, data[middle:body])
                found.append(Arrived(topic, data[body:end], now, bool(kind & 1), token))
            elif kind in (_CONNACK, _SUBACK):
                self._answers[kind] = data[begin:end]
            at = end
        self._rest = data[at:]

    def _read_topic(self, words: bytes) -> str:
        topic = unmapped(words.decode(errors="replace"))
        if len(words) <= _LONGEST_TOPIC:
            if len(self._topics) >= _MOST_TOPICS:
                self._topics.clear()
            self._topics[words] = topic
        return topic

    def _send(self, data: bytes) -> None:
        with self._lock:
            self._out += data

    def _end(self) -> None:
        self.ended = True
        self.socket.close()


def _connected(address: BrokerAddress, certificate: str | None) -> socket.socket:
    plain = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.tls:
        return plain
    context = ssl.create_default_context() if certificate is None else trusting(certificate)
    return context.wrap_socket(plain, server_hostname=address.host)


def _packet(kind: int, body: bytes) -> bytes:
    digits, length = bytearray(), len(body)
    while True:
        digits.append(length & 127 | (128 if length > 127 else 0))
        length >>= 7
        if not length:
            return bytes([kind]) + bytes(digits) + body


def _text(words: str) -> bytes:
    encoded = words.encode()
    return struct.pack("!H", len(encoded)) + encoded
