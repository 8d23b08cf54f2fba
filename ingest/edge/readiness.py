"""Readiness: the lamp, the number of codes, and which monitors a control unit has and has finished (PIDs 01 and 41)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ingest.edge.decoding import CURRENT_DATA
from ingest.edge.replies import Replies

SINCE_CLEARED, THIS_CYCLE = 0x01, 0x41
_CONTINUOUS = ("misfire", "fuel_system", "components")
# The monitors by bit; None is reserved. A/C refrigerant became the particulate filter in later editions.
_SPARK = (
    "catalyst",
    "heated_catalyst",
    "evaporative_system",
    "secondary_air",
    "ac_refrigerant",
    "oxygen_sensor",
    "oxygen_sensor_heater",
    "egr",
)
_COMPRESSION = (
    "nmhc_catalyst",
    "nox_aftertreatment",
    None,
    "boost_pressure",
    None,
    "exhaust_gas_sensor",
    "particulate_filter",
    "egr",
)
MONITORS: Mapping[str, tuple[str | None, ...]] = MappingProxyType({"spark": _SPARK, "compression": _COMPRESSION})


@dataclass(frozen=True, slots=True)
class Monitor:
    """Whether an ECU has the monitor (for PID 41: has it enabled in this cycle), and whether it has finished."""

    supported: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """`mil` and `dtc_count` are None for PID 41, which does not tell them."""

    mil: bool | None
    dtc_count: int | None
    ignition: str
    monitors: Mapping[str, Monitor]

    def document(self) -> dict[str, Any]:
        """Give it as the trouble code message carries it."""
        monitors = {name: {"supported": it.supported, "complete": it.complete} for name, it in self.monitors.items()}
        return {"mil": self.mil, "dtc_count": self.dtc_count, "ignition": self.ignition, "monitors": monitors}


def readiness(replies: Replies, pid: int = SINCE_CLEARED) -> Mapping[str, Readiness]:
    """Give, per ECU, what PID 01 (since codes were cleared) or 41 (in this driving cycle) says."""
    start = bytes((CURRENT_DATA, pid))
    return {
        it.ecu: _read(it.data[2:], told=pid == SINCE_CLEARED) for it in replies.payloads if it.data.startswith(start)
    }


def _read(data: bytes, *, told: bool) -> Readiness:
    lamp, state, supported, incomplete = data
    ignition = "compression" if state >> 3 & 1 else "spark"
    monitors = {
        name: Monitor(bool(state >> bit & 1), not state >> (bit + 4) & 1) for bit, name in enumerate(_CONTINUOUS)
    }
    for bit, name in enumerate(MONITORS[ignition]):
        if name is not None:
            monitors[name] = Monitor(bool(supported >> bit & 1), not incomplete >> bit & 1)
    return Readiness(bool(lamp >> 7) if told else None, lamp & 0x7F if told else None, ignition, monitors)
