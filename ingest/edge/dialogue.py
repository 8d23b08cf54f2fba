"""Our own AT dialogue, for adapters that python-OBD refuses: clones that ignore ATE0 or ATH1, and the like."""

import contextlib

import serial
import structlog

from ingest.edge.adapter import AdapterGone, AdapterSilent, Stopping, read_voltage
from ingest.edge.port import DEFAULT_BAUD, Port, lines_of, open_port

_BAUDS = (38_400, 115_200, 9_600, 230_400, 57_600)
_GREETING = ("ATE0", "ATL0", "ATH1", "ATSP0")  # wanted, not needed: replies are read with or without each
_GREETING_S = 2.0
log = structlog.get_logger()


class Dialogue:
    """An adapter that is spoken to in plain commands; whatever it answers to a setting, it is used if it prompts."""

    name = "the plain dialogue"

    def __init__(self, port: Port) -> None:
        self._port = port

    @classmethod
    def open(cls, port: str, baud: int | None, patience_s: float, stopping: Stopping) -> "Dialogue":
        """Connect and greet; `AdapterSilent` when nothing there prompts."""
        bauds = (baud or DEFAULT_BAUD,) if baud is not None or "://" in port else _BAUDS
        for rate in bauds:
            adapter = cls(Port(open_port(port, rate), patience_s, stopping))
            try:
                adapter._greet(patience_s)
            except AdapterSilent:
                adapter.close()
                if rate == bauds[-1]:
                    raise
            except AdapterGone:
                adapter.close()
                raise
            else:
                return adapter
        raise AdapterSilent(f"nothing answers at {port}")

    def _greet(self, patience_s: float) -> None:
        self.request("ATZ", min(patience_s, 3.0))
        for command in _GREETING:
            answer = self.request(command, min(patience_s, _GREETING_S))
            if "OK" not in answer:
                log.info("edge.setting_not_taken", command=command, answer=answer)
        try:
            self.request("0100", patience_s)
        except AdapterSilent:
            log.info("edge.first_request_stalled")
            self.request("0100", patience_s)

    def request(self, command: str, timeout_s: float) -> list[str]:
        port = self._port
        port.timeout_s = timeout_s
        reply = b""
        try:
            if not port.prompted:
                port.drain(0.2)
            port.flushInput()
            port.write(command.encode("ascii") + b"\r")
            port.flush()
            while not port.prompted and (data := port.read()):
                reply += data
        except (serial.SerialException, OSError) as error:
            raise AdapterGone(f"the link to the adapter is lost: {error}") from error
        if not port.prompted:
            raise AdapterSilent(f"no prompt within {timeout_s:g} s after {command}")
        return [line for line in lines_of(reply) if line.replace(" ", "") != command.replace(" ", "")]

    def voltage(self) -> float | None:
        return read_voltage(self.request("AT RV", 2.0))

    def close(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):  # it is being let go of
            self._port.close()
