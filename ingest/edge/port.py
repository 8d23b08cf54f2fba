"""A port of pyserial (a device, a pty, `socket://HOST:PORT`), read up to the prompt or to a deadline."""

import re
import time
from typing import Any

import serial

from ingest.edge.adapter import AdapterGone, Stopping

PROMPT = b">"
DEFAULT_BAUD = 38_400
_SLICE_S = 0.25  # so long a stop may go unnoticed
_MOST_BYTES = 65_536  # more than any reply: an adapter that babbles for ever is no adapter


def open_port(name: str, baud: int) -> Any:
    """Open a port; raises `AdapterGone` in words when it is not there."""
    try:
        return serial.serial_for_url(name, baudrate=baud, timeout=1, write_timeout=5)
    except (serial.SerialException, OSError, ValueError) as error:
        raise AdapterGone(f"the port {name} does not open: {error}") from error


class Port:
    """An open port with a deadline for each reply.

    It looks enough like pyserial's for python-OBD, which would otherwise read a socket byte by byte, and wait for as
    long as single bytes keep coming. `prompted` tells whether the last reply came to its end.
    """

    def __init__(self, port: Any, timeout_s: float, stopping: Stopping) -> None:
        self._port = port
        self._stopping = stopping
        self.timeout_s = timeout_s
        self.prompted = True
        self._deadline = 0.0
        self._size = 0

    def write(self, data: bytes) -> None:
        self._port.write(data)
        self._deadline = time.monotonic() + self.timeout_s
        self.prompted, self._size = False, 0

    def read(self, _size: int = 1) -> bytes:
        """Give what has come, after waiting for it until the deadline; nothing when it did not."""
        while True:
            if self._stopping():
                raise serial.SerialException("stopping")
            left = max(self._deadline - time.monotonic(), 0.0)
            self._port.timeout = min(left, _SLICE_S)
            data: bytes = self._port.read(1)
            if data:
                self._port.timeout = 0
                data += self._port.read(4096)
                break
            if left <= 0.0:
                return b""
        self.prompted = PROMPT in data
        self._size += len(data)
        if self._size > _MOST_BYTES:
            raise serial.SerialException("the adapter does not come to an end")
        return data

    def drain(self, seconds: float) -> None:
        """Drop what comes late, up to a prompt or for so long."""
        self._deadline = time.monotonic() + seconds
        while self.read() and not self.prompted:
            pass

    @property
    def in_waiting(self) -> int:
        return 1

    @property
    def baudrate(self) -> Any:
        return self._port.baudrate

    @property
    def portstr(self) -> Any:
        return self._port.portstr

    def flush(self) -> None:
        self._port.flush()

    def flushInput(self) -> None:  # noqa: N802 - the name that python-OBD calls
        self._port.reset_input_buffer()

    def close(self) -> None:
        self._port.close()


def lines_of(reply: bytes) -> list[str]:
    """Split a reply into its printed lines; NULs, the prompt and empty lines are nothing."""
    text = reply.replace(b"\x00", b"").decode("ascii", "replace").rstrip("> \r\n")
    return [line for line in (piece.strip() for piece in re.split(r"[\r\n]", text)) if line]
