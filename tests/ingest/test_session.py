"""The stored session cuts deliveries out of the stream, however the stream is cut, and answers the right ones."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ingest.sources.session import StoredSession

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TOPIC = b"fcp/3/fc/v1/dev-1/readings/bin"


def delivery(number: int, payload: bytes, *, retained: bool = False) -> bytes:
    """A PUBLISH of QoS 1, or of QoS 0 where `number` is 0."""
    marks = number.to_bytes(2, "big") if number else b""
    body = len(TOPIC).to_bytes(2, "big") + TOPIC + marks + payload
    length, digits = len(body), b""
    while length > 127:
        digits, length = digits + bytes([length & 127 | 128]), length >> 7
    return bytes([0x30 | (2 if number else 0) | retained]) + digits + bytes([length]) + body


@pytest.fixture
def ends() -> Iterator[tuple[StoredSession, socket.socket]]:
    ours, broker = socket.socketpair()
    ours.setblocking(False)
    session = StoredSession(ours, lambda: NOW)
    yield session, broker
    broker.close()
    session.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 130, 100_000])
def test_deliveries_are_whole_however_the_stream_is_cut(ends: tuple[StoredSession, socket.socket], size: int) -> None:
    session, broker = ends
    payloads = [b"", b"a", b"b" * 96, b"c" * 97, b"d" * 20_000]
    stream = b"\xd0\x00".join(delivery(number, it) for number, it in enumerate(payloads))
    found = []
    for at in range(0, len(stream), size):
        broker.sendall(stream[at : at + size])
        found += session.read()
    assert [it.payload for it in found] == payloads
    assert {it.topic for it in found} == {"fc/v1/dev-1/readings/bin"}
    session.acknowledge([number for it in found if (number := it.token[1])])  # type: ignore[index]
    session.write()
    assert broker.recv(100) == b"".join(b"\x40\x02\x00" + bytes([number]) for number in range(1, 5))


def test_a_retained_message_is_told_apart(ends: tuple[StoredSession, socket.socket]) -> None:
    session, broker = ends
    broker.sendall(delivery(1, b"now") + delivery(2, b"then", retained=True))
    assert [it.retained for it in session.read()] == [False, True]


def test_a_closed_connection_and_what_is_no_mqtt_end_it(ends: tuple[StoredSession, socket.socket]) -> None:
    session, broker = ends
    broker.sendall(delivery(1, b"last") + b"\x30\xff\xff\xff\xff\xff")
    session.read()
    assert session.ended
