"""The state of the fuel system, a text and no signal (mode 01 PID 03)."""

from collections.abc import Mapping
from enum import StrEnum

from ingest.edge.decoding import CURRENT_DATA
from ingest.edge.replies import Replies

FUEL_SYSTEM = 0x03


class FuelSystem(StrEnum):
    """Open or closed loop; `UNKNOWN` is a byte that J1979 does not name."""

    OFF = "off"
    OPEN_COLD = "open loop, not warm yet"
    CLOSED = "closed loop"
    OPEN_DRIVING = "open loop by load"
    OPEN_FAULT = "open loop by fault"
    CLOSED_FAULT = "closed loop with a sensor fault"
    UNKNOWN = "unknown"


_STATES = {
    0x00: FuelSystem.OFF,
    0x01: FuelSystem.OPEN_COLD,
    0x02: FuelSystem.CLOSED,
    0x04: FuelSystem.OPEN_DRIVING,
    0x08: FuelSystem.OPEN_FAULT,
    0x10: FuelSystem.CLOSED_FAULT,
}


def fuel_system_status(replies: Replies) -> Mapping[str, tuple[FuelSystem, FuelSystem]]:
    """Give, per ECU, the states of fuel systems 1 and 2; a second one that does not exist is off."""
    return {
        it.ecu: (_STATES.get(it.data[2], FuelSystem.UNKNOWN), _STATES.get(it.data[3], FuelSystem.UNKNOWN))
        for it in replies.payloads
        if it.data[:2] == bytes((CURRENT_DATA, FUEL_SYSTEM))
    }
