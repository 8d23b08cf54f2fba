"""Physical values and codes as the bytes that control units answer with; the way back is not here but in the car end.

Signals and scales: `ingest.signals.PIDS`. Codes: SAE J2012. Readiness, mode 06 and mode 09 layouts: SAE J1979.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ingest.signals import PIDS, Field

_SYSTEMS = "PCBU"
_CALIBRATION_ID_BYTES = 16


def pids_of(signals: Collection[str]) -> tuple[int, ...]:
    """Give the PIDs that carry these signals, each signal in one PID only.

    A signal that several PIDs carry goes where its neighbours are there too (lambda with voltage: 24, with current:
    34), else into the lowest number.
    """
    chosen: list[int] = []
    left = set(signals)
    whole = [number for number, pid in PIDS.items() if all(it.signal in left or it.present for it in pid.fields)]
    for number in (*whole, *PIDS):
        carried = {field.signal for field in PIDS[number].fields}
        if carried & left:
            chosen.append(number)
            left -= carried
    return tuple(sorted(chosen))


def encode(pid: int, values: Mapping[str, float]) -> bytes | None:
    """Give the data bytes of a PID, each value rounded to the nearest step and cut at what the bytes can carry.

    None where `values` has none of its signals. One that is missing beside others has its support bit off; where there
    is no such bit it is sent as all ones, which J1979 calls "not used" where it says anything.
    """
    row = PIDS[pid]
    if not any(field.signal in values for field in row.fields):
        return None
    data = bytearray(row.length)
    for field in row.fields:
        if field.signal in values:
            raw = _raw(field, float(values[field.signal]))
            if field.present is not None:
                data[field.present[0]] |= 1 << field.present[1]
        else:
            raw = 0 if field.present is not None else (1 << 8 * field.width) - 1
        data[field.start : field.start + field.width] = raw.to_bytes(field.width, "big")
    return bytes(data)


def _raw(field: Field, value: float) -> int:
    bits = 8 * field.width
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if field.signed else (0, (1 << bits) - 1)
    steps = min(max((value - field.offset) / field.scale, low), high)
    return round(steps) & (1 << bits) - 1


def bitmap(numbers: Iterable[int], base: int, last: int = 0xE0) -> bytes:
    """Give which of `base` + 1 ... `base` + 32 are there: four bytes, the highest bit first.

    The last bit says that the bitmap after this one is worth asking for: something lies beyond, up to `last` + 32.
    """
    there = set(numbers)
    bits = 0
    for place in range(32):
        number = base + 1 + place
        beyond = number % 32 == 0 and number <= last and any(it > number for it in there)
        bits = bits << 1 | (number in there or beyond)
    return bits.to_bytes(4, "big")


def bitmap_bases(numbers: Collection[int]) -> tuple[int, ...]:
    """Give the numbers under which bitmaps can be asked for: 00 always, and up to where the last number is."""
    return tuple(range(0, max(numbers, default=0), 32)) or (0,)


def encode_dtc(code: str) -> bytes:
    """Give a trouble code as its two bytes: P0143 is 01 43, U0100 is C1 00. `ValueError` for what is no code."""
    digits = code[1:]
    if len(code) != 5 or code[0] not in _SYSTEMS or digits[0] not in "0123":
        raise ValueError(f"{code!r} is no trouble code such as P0562")
    try:
        number = int(digits, 16)
    except ValueError:
        raise ValueError(f"{code!r} is no trouble code such as P0562") from None
    return (_SYSTEMS.index(code[0]) << 14 | number).to_bytes(2, "big")


def encode_dtcs(codes: Sequence[str]) -> bytes:
    """Give a count and the codes, as a control unit on CAN does."""
    return bytes([len(codes)]) + b"".join(encode_dtc(code) for code in codes)


def encode_vin(vin: str) -> bytes:
    """Give the vehicle identification number as 17 ASCII bytes."""
    if len(vin) != 17 or not vin.isascii() or not vin.isalnum():
        raise ValueError(f"{vin!r} is no VIN: it needs 17 letters and digits")
    return vin.encode("ascii")


def encode_calibration_ids(names: Sequence[str]) -> bytes:
    """Give a count and the names, each 16 bytes with zeros behind."""
    if long := [name for name in names if len(name) > _CALIBRATION_ID_BYTES or not name.isascii()]:
        raise ValueError(f"{long[0]!r} is no calibration id: it has at most 16 ASCII characters")
    return bytes([len(names)]) + b"".join(name.encode("ascii").ljust(_CALIBRATION_ID_BYTES, b"\0") for name in names)


def encode_calibration_numbers(numbers: Sequence[int]) -> bytes:
    """Give a count and the verification numbers, four bytes each."""
    return bytes([len(numbers)]) + b"".join(number.to_bytes(4, "big") for number in numbers)


# The continuous monitors are bits 0 to 2 of byte B (support) and 4 to 6 (not complete); the others are bytes C and D.
CONTINUOUS = ("misfire", "fuel_system", "components")
SPARK = (
    "catalyst", "heated_catalyst", "evaporative_system", "secondary_air", "ac_refrigerant",
    "oxygen_sensor", "oxygen_sensor_heater", "egr",
)  # fmt: skip
COMPRESSION = (
    "nmhc_catalyst", "nox_aftertreatment", None, "boost_pressure", None,
    "exhaust_gas_sensor", "particulate_filter", "egr",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which self-tests a control unit has, and which of them have run to their end since the codes were cleared."""

    supported: frozenset[str] = frozenset({*CONTINUOUS, "catalyst", "evaporative_system", "oxygen_sensor",
                                           "oxygen_sensor_heater", "egr"})  # fmt: skip
    complete: frozenset[str] = supported
    compression: bool = False

    def __post_init__(self) -> None:
        known = {*CONTINUOUS, *(COMPRESSION if self.compression else SPARK)}
        if unknown := sorted(self.supported - known):
            raise ValueError(f"no such engine has a monitor called {', '.join(unknown)}")

    def encode(self, *, mil: bool, codes: int) -> bytes:
        """Give the data of PID 01: lamp and number of codes, then support and what is not complete."""
        return bytes([mil << 7 | min(codes, 127)]) + self._monitors()

    def encode_cycle(self) -> bytes:
        """Give the data of PID 41, the same for this drive: its first byte is always zero."""
        return b"\0" + self._monitors()

    def _monitors(self) -> bytes:
        waiting = self.supported - self.complete
        names = COMPRESSION if self.compression else SPARK
        continuous = _bits(CONTINUOUS, self.supported) | self.compression << 3 | _bits(CONTINUOUS, waiting) << 4
        return bytes([continuous, _bits(names, self.supported), _bits(names, waiting)])


def _bits(names: Sequence[str | None], there: Collection[str]) -> int:
    return sum(1 << place for place, name in enumerate(names) if name in there)


# Unit and scaling ids of mode 06: physical = raw * scale + offset; from 80 on raw is signed. SAE J1979 appendix E.
UNITS_AND_SCALING: Mapping[int, tuple[str, float, float]] = MappingProxyType({
    0x01: ("count", 1, 0),
    0x05: ("1", 0.0000305, 0),
    0x0A: ("V", 0.000122, 0),
    0x0B: ("V", 0.001, 0),
    0x10: ("s", 0.001, 0),
    0x12: ("s", 1, 0),
    0x16: ("degC", 0.1, -40),
    0x17: ("kPa", 0.01, 0),
    0x20: ("1", 0.00390625, 0),
    0x24: ("count", 1, 0),
    0x81: ("count", 1, 0),
    0x8C: ("V", 0.01, 0),
    0x96: ("degC", 0.1, 0),
    0xFE: ("Pa", 0.25, 0),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """The result of one self-test (mode 06 on CAN): monitor, test, unit and scaling ids; values in that unit."""

    mid: int
    tid: int
    uas: int
    value: float
    minimum: float
    maximum: float

    def encode(self) -> bytes:
        _, scale, offset = UNITS_AND_SCALING[self.uas]
        raw = Field("", 0, 2, scale, offset, signed=self.uas >= 0x80)
        numbers = (_raw(raw, it).to_bytes(2, "big") for it in (self.value, self.minimum, self.maximum))
        return bytes([self.mid, self.tid, self.uas]) + b"".join(numbers)
