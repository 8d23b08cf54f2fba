"""python-OBD as the transport, and nothing else: its parser and decoder never see a line (telematics.md 1.1)."""

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import serial
from obd.elm327 import ELM327
from obd.utils import OBDStatus

from ingest.edge.adapter import AdapterGone, AdapterSilent, Stopping, read_voltage
from ingest.edge.port import Port

_BAUD_TIMEOUT_S = 0.3  # for its search of the baud rate


class AdapterRefused(Exception):  # noqa: N818 - a fact about an adapter that is there
    """python-OBD does not want this adapter; a plain dialogue may."""


class _RawLines:
    """Stands where python-OBD has its protocol parsers, and hands the lines through."""

    ELM_NAME = "as the adapter chose"
    ELM_ID = ""

    def __init__(self, _lines: Sequence[str] = ()) -> None:
        self.ecu_map: dict[int, int] = {}

    def __call__(self, lines: Sequence[str]) -> Sequence[str]:
        return lines


class _Elm(ELM327):  # type: ignore[misc]  # python-OBD has no types
    # Its private names are written out: this is the one place where its own code lets ours in.
    _SUPPORTED_PROTOCOLS = dict.fromkeys(ELM327._SUPPORTED_PROTOCOLS, _RawLines)  # noqa: SLF001

    def __init__(self, port: str, baud: int | None, patience_s: float, stopping: Stopping) -> None:
        self.watched: Port | None = None
        self.refusal: str | None = None
        self._patience_s, self._stopping = patience_s, stopping
        # AT RV is asked when it is wanted: an adapter that cannot answer it is as good.
        super().__init__(port, baud, None, _BAUD_TIMEOUT_S, check_voltage=False)
        self._ELM327__protocol: Any = _RawLines()  # also where the car did not answer yet

    def set_baudrate(self, baud: int | None) -> bool:
        found: bool = super().set_baudrate(baud)
        opened: Any = self._ELM327__port
        opened.write_timeout = 5
        self._ELM327__port: Any = Port(opened, self._patience_s, self._stopping)
        self.watched = self._ELM327__port
        return found

    def _ELM327__error(self, reason: object) -> None:  # noqa: N802
        self.refusal = str(reason)
        self.close()


class PythonObd:
    """An adapter behind python-OBD's connection, which sleeps 1 s after each of ATZ, ATSP0 and the first 0100."""

    name = "python-OBD"

    def __init__(self, elm: _Elm, port: Port) -> None:
        self._elm, self._port = elm, port

    @classmethod
    def open(cls, port: str, baud: int | None, patience_s: float, stopping: Stopping) -> "PythonObd":
        """Connect; `AdapterGone` where there is no port, `AdapterRefused` where python-OBD does not want it."""
        if baud is None and "://" in port:
            baud = 38_400  # its search of the baud rate fails on a socket
        try:
            elm = _Elm(port, baud, patience_s, stopping)
        except (serial.SerialException, OSError, ValueError) as error:
            raise AdapterGone(f"the port {port} does not open: {error}") from error
        if elm.watched is None:
            raise AdapterGone(f"the port {port} does not open: {elm.refusal}")
        if elm.status() == OBDStatus.NOT_CONNECTED:
            raise AdapterRefused(elm.refusal or "the port broke off while it was greeted")
        return cls(elm, elm.watched)

    def request(self, command: str, timeout_s: float) -> list[str]:
        self._port.timeout_s = timeout_s
        try:
            if not self._port.prompted:
                self._port.drain(0.2)
            lines = self._elm.send_and_parse(command.encode("ascii"))
        except (serial.SerialException, OSError) as error:
            raise AdapterGone(f"the link to the adapter is lost: {error}") from error
        if self._elm.status() == OBDStatus.NOT_CONNECTED:
            raise AdapterGone("the link to the adapter is lost")
        if not self._port.prompted:
            raise AdapterSilent(f"no prompt within {timeout_s:g} s after {command}")
        return list(lines)

    def voltage(self) -> float | None:
        return read_voltage(self.request("AT RV", 2.0))

    def close(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):  # it is being let go of
            self._elm.close()


def quieten(*, debug: bool) -> None:
    """Keep python-OBD's own log off standard error: what it says there is told by our errors and log lines."""
    logging.getLogger("obd").setLevel(logging.DEBUG if debug else logging.CRITICAL + 1)
