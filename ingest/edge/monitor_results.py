"""On-board test results on CAN (mode 06): a value and its limits by monitor (MID), test (TID) and scaling (UAS)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ingest.edge.decoding import bits
from ingest.edge.replies import Replies

ANSWER = 0x46
RAW = "raw"
_LENGTH = 9  # MID, TID, UAS, value, minimum, maximum


@dataclass(frozen=True, slots=True)
class Scaling:
    unit: str
    scale: float
    offset: float = 0.0


# Units and scalings of SAE J1979, appendix E; from 80 on the value is signed (two's complement).
_ROWS: Mapping[int, Scaling] = {
    0x01: Scaling("1", 1),
    0x02: Scaling("1", 0.1),
    0x03: Scaling("1", 0.01),
    0x04: Scaling("1", 0.001),
    0x05: Scaling("1", 0.0000305),
    0x06: Scaling("1", 0.000305),
    0x07: Scaling("rpm", 0.25),
    0x08: Scaling("km/h", 0.01),
    0x09: Scaling("km/h", 1),
    0x0A: Scaling("V", 0.000122),
    0x0B: Scaling("V", 0.001),
    0x0C: Scaling("V", 0.01),
    0x0D: Scaling("mA", 0.00390625),
    0x0E: Scaling("A", 0.001),
    0x0F: Scaling("A", 0.01),
    0x10: Scaling("s", 0.001),
    0x11: Scaling("s", 0.1),
    0x12: Scaling("s", 1),
    0x13: Scaling("ohm", 0.001),
    0x14: Scaling("ohm", 1),
    0x15: Scaling("ohm", 1000),
    0x16: Scaling("degC", 0.1, -40),
    0x17: Scaling("kPa", 0.01),
    0x18: Scaling("kPa", 0.0117),
    0x19: Scaling("kPa", 0.079),
    0x1A: Scaling("kPa", 1),
    0x1B: Scaling("kPa", 10),
    0x1C: Scaling("deg", 0.01),
    0x1D: Scaling("deg", 0.5),
    0x1E: Scaling("1", 0.0000305),
    0x1F: Scaling("1", 0.05),
    0x20: Scaling("1", 0.00390625),
    0x21: Scaling("Hz", 0.001),
    0x22: Scaling("Hz", 1),
    0x23: Scaling("Hz", 1000),
    0x24: Scaling("count", 1),
    0x25: Scaling("km", 1),
    0x26: Scaling("V/s", 0.1),
    0x27: Scaling("g/s", 0.01),
    0x28: Scaling("g/s", 1),
    0x29: Scaling("Pa/s", 0.25),
    0x2A: Scaling("kg/h", 0.001),
    0x2B: Scaling("count", 1),
    0x2C: Scaling("g", 0.01),
    0x2D: Scaling("mg/stroke", 0.01),
    0x2F: Scaling("%", 0.01),
    0x30: Scaling("%", 0.001526),
    0x31: Scaling("L", 0.001),
    0x34: Scaling("min", 1),
    0x35: Scaling("s", 0.01),
    0x36: Scaling("g", 0.01),
    0x37: Scaling("g", 0.1),
    0x38: Scaling("g", 1),
    0x39: Scaling("%", 0.01, -327.68),
    0x96: Scaling("degC", 0.1),
    0x99: Scaling("kPa", 0.1),
    0xA8: Scaling("g/s", 1),
    0xA9: Scaling("Pa/s", 0.25),
    0xAF: Scaling("%", 0.01),
    0xB0: Scaling("%", 0.003052),
    0xFC: Scaling("kPa", 0.01),
    0xFD: Scaling("kPa", 0.001),
    0xFE: Scaling("Pa", 0.25),
}
_ALSO_SIGNED = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0A,
    0x0B,
    0x0C,
    0x0D,
    0x0E,
    0x10,
    0x1C,
    0x1D,
    0x2D,
)  # as 81 ... AD
SCALINGS: Mapping[int, Scaling] = MappingProxyType(
    {**_ROWS, **{0x80 + number: _ROWS[number] for number in _ALSO_SIGNED}}
)


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """One test. With a scaling that we do not know the three are the raw numbers, unsigned, and the unit is "raw"."""

    ecu: str
    mid: int
    tid: int
    uas: int
    value: float
    minimum: float
    maximum: float
    unit: str
    data: bytes

    def document(self) -> dict[str, Any]:
        """Give it as the trouble code message carries it; the three numbers are hexadecimal there."""
        numbers = {"mid": f"{self.mid:02X}", "tid": f"{self.tid:02X}", "uas": f"{self.uas:02X}"}
        return numbers | {"value": self.value, "minimum": self.minimum, "maximum": self.maximum, "unit": self.unit}


def monitor_results(replies: Replies) -> tuple[MonitorResult, ...]:
    """Give every test result in the replies to a mode 06 request."""
    return tuple(
        _read(it.ecu, it.data[at : at + _LENGTH])
        for it in replies.payloads
        if it.data[0] == ANSWER and it.can is not False and it.data[1] % 0x20
        for at in range(1, len(it.data), _LENGTH)
    )


def supported_monitors(replies: Replies) -> Mapping[str, frozenset[int]]:
    """Give, per ECU, the monitors that the bitmaps in these replies name (06 00, 06 20 …)."""
    named: dict[str, frozenset[int]] = {}
    for it in replies.payloads:
        if it.data[0] == ANSWER and it.can is not False and it.data[1] % 0x20 == 0:
            named[it.ecu] = named.get(it.ecu, frozenset()) | bits(it)
    return named


def _read(ecu: str, data: bytes) -> MonitorResult:
    mid, tid, uas = data[:3]
    scaling = SCALINGS.get(uas, Scaling(RAW, 1))
    signed = uas >= 0x80 and uas in SCALINGS
    value, minimum, maximum = (
        round(int.from_bytes(data[at : at + 2], "big", signed=signed) * scaling.scale + scaling.offset, 9)
        for at in (3, 5, 7)
    )
    return MonitorResult(ecu, mid, tid, uas, value, minimum, maximum, scaling.unit, data)


def _names() -> Mapping[int, tuple[str, str]]:
    """Give English and Chinese names of the monitors by number."""
    names: dict[int, tuple[str, str]] = {}
    for index in range(16):
        place = f"{index // 4 + 1}-{index % 4 + 1}"
        names[0x01 + index] = f"Oxygen sensor {place}", f"氧传感器{place}"
    for bank in range(1, 5):
        names[0x20 + bank] = f"Catalyst, bank {bank}", f"催化器（第{bank}列）"
        names[0x30 + bank] = f"EGR, bank {bank}", f"废气再循环（第{bank}列）"
        names[0x34 + bank] = f"Variable valve timing, bank {bank}", f"可变气门正时（第{bank}列）"
        names[0x80 + bank] = f"Fuel system, bank {bank}", f"燃油系统（第{bank}列）"
    names |= {
        0x39: ("EVAP, cap off or 0.150 inch leak", "蒸发系统（加油口盖或3.8毫米泄漏）"),
        0x3A: ("EVAP, 0.090 inch leak", "蒸发系统（2.3毫米泄漏）"),
        0x3B: ("EVAP, 0.040 inch leak", "蒸发系统（1.0毫米泄漏）"),
        0x3C: ("EVAP, 0.020 inch leak", "蒸发系统（0.5毫米泄漏）"),
        0x3D: ("EVAP, purge flow", "蒸发系统（清洗流量）"),
        0xA1: ("Misfire, all cylinders", "失火（所有气缸）"),
    }
    for cylinder in range(1, 13):
        names[0xA1 + cylinder] = f"Misfire, cylinder {cylinder}", f"失火（{cylinder}缸）"
    return MappingProxyType(names)


NAMES = _names()
