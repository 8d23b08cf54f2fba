"""The source comes back by itself, also to a broker that has fallen silent without a word."""

import socket
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from foundation.clock import SystemClock
from ingest.partitions import Session
from ingest.sources import session
from ingest.sources.mqtt import MqttSource
from tests.ingest.test_session import delivery


@pytest.fixture
def mute() -> Iterator[tuple[str, "SimpleQueue[socket.socket]"]]:
    """A broker that takes sessions, and then says nothing: its address, and the connections that were opened."""
    opened: SimpleQueue[socket.socket] = SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    connection, _ = door.accept()
                except OSError:
                    return
                connection.recv(1000)
                connection.sendall(b"\x20\x02\x00\x00")
                connection.recv(1000)
                connection.sendall(b"\x90\x03\x00\x01\x01")
                opened.put(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"mqtt://127.0.0.1:{door.getsockname()[1]}", opened
        door.shutdown(socket.SHUT_RDWR)
        thread.join()
    while not opened.empty():
        opened.get().close()


def test_a_session_of_a_broker_that_fell_silent_is_opened_anew(
    mute: tuple[str, "SimpleQueue[socket.socket]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, opened = mute
    monkeypatch.setattr(session, "KEEPALIVE_S", 1)
    source = MqttSource(url, [Session("one", ["a/#"])], SystemClock())
    source.start()
    try:
        first = opened.get(timeout=30)
        second = opened.get(timeout=30)
        second.sendall(delivery(7, b"again"))
        assert [it.payload for it in source.collect(5, most=1)] == [b"again"]
    finally:
        source.stop()
    first.close()
    second.close()
