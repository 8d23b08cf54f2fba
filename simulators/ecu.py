"""What a car's control units answer to diagnostic requests: a `Car` of one or more `Ecu`, SAE J1979 on CAN.

Requests and answers are whole payloads (service, parameter, data) without any framing; `simulators/elm_lines.py` puts
them on the bus. Trouble codes and self-tests may be set from another thread while the car is asked.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from types import MappingProxyType
from typing import Protocol

from ingest.signals import PIDS
from simulators.obd_encoding import (
    MonitorResult,
    Readiness,
    bitmap,
    bitmap_bases,
    encode,
    encode_calibration_ids,
    encode_calibration_numbers,
    encode_dtc,
    encode_dtcs,
    encode_vin,
    pids_of,
)

NOT_SUPPORTED, NO_SUCH_PARAMETER, WRONG_CONDITIONS, PENDING = 0x11, 0x12, 0x22, 0x78
FIRST_ADDRESS = 0x7E8
_RESTING_V, _CHARGING_V = 12.5, 14.1
_OLD_MOST, _MOST = 1, 6  # parameters in one request
# What a clearing sets back to zero; the recorded counters go on from there.
_SINCE_CLEAR = frozenset({
    "warmups_since_dtc_clear", "distance_since_dtc_clear", "time_since_dtc_clear", "distance_with_mil", "time_with_mil",
})  # fmt: skip
_NAME = b"ECM\0-EngineControl\0"


class Source(Protocol):
    """Where a control unit's values come from (`simulators/played_trip.py`).

    `ask` gives what stands now, and may move on to the next reading by being asked; `held` never does. Signals without
    a value are left out. While not `awake` the ignition is off and nobody answers.
    """

    @property
    def signals(self) -> frozenset[str]: ...
    @property
    def awake(self) -> bool: ...
    def turn_on(self) -> None: ...
    def ask(self, signals: Sequence[str]) -> Mapping[str, float]: ...
    def held(self, signals: Sequence[str]) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class FreezeFrame:
    """What stood when a code was stored: the code and the signals' values."""

    dtc: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Identity:
    """What mode 09 tells; a control unit without a VIN (a gearbox, say) does not answer for it."""

    vin: str | None = None
    calibration_ids: tuple[str, ...] = ()
    calibration_numbers: tuple[int, ...] = ()

    def encoded(self) -> Mapping[int, bytes]:
        """Give the data by the number under which it is asked for; `ValueError` for what cannot be said."""
        told = {}
        if self.vin is not None:
            told[0x02] = b"\x01" + encode_vin(self.vin)
            told[0x0A] = b"\x01" + _NAME.ljust(20, b"\0")
        if self.calibration_ids:
            told[0x04] = encode_calibration_ids(self.calibration_ids)
        if self.calibration_numbers:
            told[0x06] = encode_calibration_numbers(self.calibration_numbers)
        return told


@dataclass(frozen=True, slots=True)
class Manners:
    """How a control unit treats requests; the defaults are those of an ordinary car on CAN."""

    refuse_unknown_pid: bool = False  # 7F 01 12 instead of silence
    one_pid_only: bool = False  # an old one: 7F 01 12 to several parameters in one request
    refuse_clear_running: bool = False  # 7F 04 22 while the engine turns
    pending_on: str = ""  # services, such as "03,09", that are first answered with 7F SS 78
    pending_ms: int = 100  # and that much later with the answer
    refuse: str = ""  # services that are refused with the code of `refuse_code`
    refuse_code: int = WRONG_CONDITIONS


@dataclass(frozen=True, slots=True)
class Answer:
    """One payload of one control unit, `after_s` seconds after the request."""

    ecu: int
    data: bytes
    after_s: float = 0.0


@dataclass(slots=True)
class _Memory:
    """What clearing touches."""

    stored: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    permanent: tuple[str, ...] = ()
    freeze: Mapping[int, FreezeFrame] = field(default_factory=dict)
    readiness: Readiness = field(default_factory=Readiness)
    zeroed: Mapping[str, float] = field(default_factory=dict)  # the counters' values when they were cleared


class Ecu:
    """One control unit. Its PIDs are those that carry the signals of `source` among `signals` (None: all of them)."""

    def __init__(
        self, source: Source, *, address: int = FIRST_ADDRESS, signals: Collection[str] | None = None,
        identity: Identity | None = None, results: Sequence[MonitorResult] = (), manners: Manners | None = None,
        moving: bool = True,
    ) -> None:  # fmt: skip
        self.address = address
        self.source, self._ask = source, source.ask if moving else source.held
        self._identity, self._manners = (identity or Identity()).encoded(), manners or Manners()
        self._results = tuple(results)
        self._pids = pids_of(source.signals if signals is None else source.signals & set(signals))
        # Beside the signals: self-tests (01, 41), the rules the car was built to (1C: European) and its fuel (51).
        self._fixed = MappingProxyType({0x1C: b"\x06", 0x51: b"\x01" if self._pids else b"\x00"})
        self._memory, self._lock = _Memory(), RLock()
        self._answering: Mapping[int, Callable[[bytes], bytes | None]] = MappingProxyType({
            0x01: self._current,
            0x02: self._frozen,
            0x03: lambda _: b"\x43" + encode_dtcs(self._memory.stored),
            0x04: lambda _: self._clear(),
            0x06: self._test_results,
            0x07: lambda _: b"\x47" + encode_dtcs(self._memory.pending),
            0x09: self._vehicle,
            0x0A: lambda _: b"\x4a" + encode_dtcs(self._memory.permanent),
        })  # fmt: skip
        self._pending_on, self._refused = _services(self._manners.pending_on), _services(self._manners.refuse)

    @property
    def node(self) -> int:
        """The address on 29-bit CAN and on a K-line: 10 for the engine, 18 for the gearbox."""
        return 0x10 + 8 * (self.address - FIRST_ADDRESS)

    @property
    def pids(self) -> frozenset[int]:
        """The parameters of mode 01, without the bitmaps."""
        return frozenset({0x01, 0x41, *self._fixed, *self._pids})

    def set_codes(
        self, *, stored: Sequence[str] | None = None, pending: Sequence[str] | None = None,
        permanent: Sequence[str] | None = None, freeze: Mapping[int, FreezeFrame] | None = None,
    ) -> None:  # fmt: skip
        """Set those that are given, the others stay.

        Without `freeze`, the first stored code brings a frame of what stands now, and the last takes it away.
        """
        for code in (*(stored or ()), *(pending or ()), *(permanent or ())):
            encode_dtc(code)  # refuses what is none
        with self._lock:
            memory = self._memory
            memory.stored = memory.stored if stored is None else tuple(stored)
            memory.pending = memory.pending if pending is None else tuple(pending)
            memory.permanent = memory.permanent if permanent is None else tuple(permanent)
            if freeze is not None:
                memory.freeze = dict(freeze)
            elif not memory.stored:
                memory.freeze = {}
            elif not memory.freeze:
                standing = self.source.held(sorted(self.source.signals))
                memory.freeze = {0: FreezeFrame(memory.stored[0], standing)}

    def set_readiness(self, readiness: Readiness) -> None:
        with self._lock:
            self._memory.readiness = readiness

    @property
    def codes(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The stored, pending and permanent codes."""
        with self._lock:
            return self._memory.stored, self._memory.pending, self._memory.permanent

    def answer(self, request: bytes) -> Iterator[Answer]:
        """Give this control unit's answers to a request: none, one, or a pending one and the answer later."""
        with self._lock:
            data = self._data(request)
        if data is None:
            return
        later = 0.0
        if request[0] in self._pending_on:
            later = self._manners.pending_ms / 1000
            yield Answer(self.address, bytes([0x7F, request[0], PENDING]))
        yield Answer(self.address, data, later)

    def _data(self, request: bytes) -> bytes | None:
        service, parameters = request[0], request[1:]
        if service in self._refused:
            return bytes([0x7F, service, self._manners.refuse_code])
        answering = self._answering.get(service)
        return answering(parameters) if answering else bytes([0x7F, service, NOT_SUPPORTED])

    def _current(self, numbers: bytes) -> bytes | None:
        manners = self._manners
        if len(numbers) > (_OLD_MOST if manners.one_pid_only else _MOST) or not numbers:
            return bytes([0x7F, 0x01, NO_SUCH_PARAMETER])
        found = [bytes([number]) + data for number in numbers if (data := self._parameter(number)) is not None]
        if found:
            return b"\x41" + b"".join(found)
        known = self.pids | set(bitmap_bases(self.pids))
        unknown = not any(number in known for number in numbers)
        return bytes([0x7F, 0x01, NO_SUCH_PARAMETER]) if unknown and manners.refuse_unknown_pid else None

    def _parameter(self, number: int) -> bytes | None:
        """Give the data of one mode 01 parameter, None where there is none or it has no value."""
        memory = self._memory
        if number in bitmap_bases(self.pids):
            return bitmap(self.pids, number)
        if number == 0x01:
            return memory.readiness.encode(mil=bool(memory.stored), codes=len(memory.stored))
        if number == 0x41:
            return memory.readiness.encode_cycle()
        if number in self._pids:
            names = tuple(it.signal for it in PIDS[number].fields)
            return encode(number, self._since_clear(self._ask(names)))
        return self._fixed.get(number)

    def _since_clear(self, values: Mapping[str, float]) -> Mapping[str, float]:
        """Count from the last clearing what counts from there; a counter that has started again counts by itself."""
        zeroed = self._memory.zeroed
        if not zeroed:
            return values
        return {
            name: value - zeroed[name] if value >= zeroed.get(name, value + 1) else value
            for name, value in values.items()
        }

    def _frozen(self, parameters: bytes) -> bytes | None:
        """Answer mode 02: pairs of parameter and frame number, up to three. A missing frame number is no request."""
        if not parameters or len(parameters) % 2:
            return None
        found = b""
        for number, frame in zip(parameters[::2], parameters[1::2], strict=True):
            held = self._memory.freeze.get(frame)
            there = {0x02, *pids_of(held.values)} if held else {0x02}
            data: bytes | None = None
            if number in bitmap_bases(there):
                data = bitmap(there, number)
            elif number == 0x02:
                data = encode_dtc(held.dtc) if held else b"\0\0"
            elif held and number in there:
                data = encode(number, held.values)
            if data is not None:
                found += bytes([number, frame]) + data
        return b"\x42" + found if found else None

    def _clear(self) -> bytes:
        if self._manners.refuse_clear_running and is_running(self.source):
            return bytes([0x7F, 0x04, WRONG_CONDITIONS])
        memory = self._memory
        self._memory = _Memory(
            permanent=memory.permanent,
            readiness=replace(memory.readiness, complete=frozenset()),
            zeroed=dict(self.source.held(sorted(_SINCE_CLEAR & self.source.signals))),
        )
        return b"\x44"

    def _test_results(self, parameters: bytes) -> bytes | None:
        if len(parameters) != 1 or not self._results:
            return None
        mids = {result.mid for result in self._results}
        if parameters[0] in bitmap_bases(mids):
            return b"\x46" + parameters + bitmap(mids, parameters[0])
        found = b"".join(result.encode() for result in self._results if result.mid == parameters[0])
        return b"\x46" + found if found else None

    def _vehicle(self, parameters: bytes) -> bytes | None:
        told = self._identity
        if parameters == b"\0" and told:
            return b"\x49\0" + bitmap(told, 0)
        found = told.get(parameters[0]) if len(parameters) == 1 else None
        return b"\x49" + parameters + found if found else None


class Car:
    """Control units on one bus. `protocol` is the ELM327's number of it: 6 to 9 CAN, 3 to 5 K-line."""

    def __init__(self, ecus: Sequence[Ecu], *, protocol: str = "6", battery_v: float | None = None) -> None:
        if not ecus:
            raise ValueError("a car needs a control unit")
        if protocol not in "3456789" or len(protocol) != 1:
            raise ValueError(f"{protocol!r} is no protocol we speak: K-line 3, 4, 5 or CAN 6, 7, 8, 9")
        self.ecus, self.protocol = tuple(ecus), protocol
        self._source, self._battery_v = ecus[0].source, battery_v
        self._lock = RLock()

    @property
    def awake(self) -> bool:
        return self._source.awake

    @property
    def battery_v(self) -> float:
        """What an adapter measures at the socket: as given, else as the car says, else as cars have it."""
        if self._battery_v is not None:
            return self._battery_v
        told = self._source.held(("control_module_voltage",)).get("control_module_voltage")
        return told if told is not None else _CHARGING_V if is_running(self._source) else _RESTING_V

    def ask(self, request: bytes, node: int | None = None) -> list[Answer]:
        """Give the answers of all control units, or of the one at `node`, in the order in which they come."""
        with self._lock:
            if not self.awake:
                return []
            self._source.turn_on()
            asked = [ecu for ecu in self.ecus if node is None or ecu.node == node]
            return sorted((it for ecu in asked for it in ecu.answer(request)), key=lambda answer: answer.after_s)


def is_running(source: Source) -> bool:
    """Whether the engine turns, as far as the source says."""
    return source.awake and source.held(("engine_speed",)).get("engine_speed", 0) > 0


def _services(text: str) -> frozenset[int]:
    return frozenset(int(word, 16) for word in text.replace(",", " ").split())
