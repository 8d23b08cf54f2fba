"""Surveys of a car: what it supports, its trouble codes with readiness and freeze frame, its VIN, its test results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ingest.edge import freeze_frame, identification, monitor_results
from ingest.edge.decoding import BITMAPS, engine_ecu, supported_pids, values
from ingest.edge.link import TIMEOUT_S, Link
from ingest.edge.readiness import Readiness, readiness
from ingest.edge.replies import Replies
from ingest.edge.trouble_codes import codes
from ingest.signals import PIDS

SEARCH_S = 12.0  # an adapter that looks for the protocol
LAMP_PID = 0x01
MODES = (("stored", 0x03), ("pending", 0x07), ("permanent", 0x0A))
MOST_FRAMES = 40  # PIDs of a freeze frame: more is no frame but noise

Codes = Mapping[str, tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Car:
    """What a car supports by ECU, and its VIN where it told one."""

    supported: Mapping[str, frozenset[int]]
    vin: str | None = None

    def pids(self) -> list[int]:
        """Give the PIDs with signals, the engine's most telling first."""
        return sorted({pid for pids in self.supported.values() for pid in pids if pid in PIDS})

    def has(self, pid: int) -> bool:
        return any(pid in pids for pids in self.supported.values())

    def read(self, replies: Replies) -> list[tuple[str, float]]:
        """Give the signals in a reply, each from the one ECU whose word counts for its PID.

        Without headers nobody knows which that is: where several answered, they give a value only if they agree.
        """
        told: dict[str, set[float]] = {}
        for it in values(replies):
            if it.ecu == engine_ecu(self.supported, it.pid):
                told.setdefault(it.signal, set()).add(it.value)
        return [(signal, found.pop()) for signal, found in told.items() if len(found) == 1]


@dataclass(frozen=True, slots=True)
class CodeReport:
    """The three kinds of codes by ECU, with the lamp's state and readiness of the same moment."""

    ecus: Mapping[str, Mapping[str, tuple[str, ...] | None]]
    lamp: Mapping[str, Readiness] = field(default_factory=dict)

    @property
    def mil(self) -> bool | None:
        told = [it.mil for it in self.lamp.values() if it.mil is not None]
        return any(told) if told else None

    @property
    def somebody_answered(self) -> bool:
        return any(codes is not None for answers in self.ecus.values() for codes in answers.values())

    def stored(self) -> set[tuple[str, str]]:
        return {(ecu, code) for ecu, answers in self.ecus.items() for code in answers["stored"] or ()}


def discover(link: Link) -> tuple[Mapping[str, frozenset[int]], bool]:
    """Ask the support bitmaps one at a time (an old ECU refuses several in one request); tells if anybody was heard."""
    found: dict[str, frozenset[int]] = {}
    heard = False
    for base in BITMAPS:
        if base and not any(base in pids for pids in found.values()):
            break
        replies = link.ask(bytes((0x01, base)), SEARCH_S if base == 0 else TIMEOUT_S)
        heard |= bool(replies.ecus)
        for ecu, pids in supported_pids(replies).items():
            found[ecu] = found.get(ecu, frozenset()) | pids
    return found, heard


def identify(link: Link) -> tuple[str | None, dict[str, Any]]:
    """Give the VIN, and the calibrations of each ECU that tells which information it has."""
    offered = identification.supported_types(link.ask(bytes((0x09, 0x00))))
    told = {
        name: {ecu: it for ecu, it in read(link.ask(bytes((0x09, kind)))).items() if it is not None}
        for name, kind, read in (
            ("ids", identification.CALIBRATION_ID, identification.calibration_ids),
            ("numbers", identification.CALIBRATION_NUMBER, identification.calibration_numbers),
        )
        if any(kind in kinds for kinds in offered.values())
    }
    return identification.vin(link.ask(bytes((0x09, identification.VIN)))), told


def lamp(link: Link) -> Mapping[str, Readiness]:
    return readiness(link.ask(bytes((0x01, LAMP_PID))))


def read_codes(link: Link, car: Car) -> CodeReport:
    """Ask the codes of all kinds, and what belongs to them. An ECU that is silent in one mode has None there."""
    told: dict[str, Codes] = {name: codes(link.ask(bytes((mode,)))) for name, mode in MODES}
    state = lamp(link)
    names = sorted({*chain.from_iterable(told.values()), *state, *car.supported})
    ecus = {ecu: {kind: answers.get(ecu) for kind, answers in told.items()} for ecu in names}
    return CodeReport(ecus, state)


def freeze_frames(link: Link) -> dict[str, Any]:
    """Ask the first frame of every ECU: its code, what it holds, and that."""
    several = [link.ask(freeze_frame.request(freeze_frame.TRIGGER))]
    if not any(freeze_frame.trigger_codes(several[0]).values()):
        return {}
    held: set[int] = set()
    for base in range(0x00, 0x80, 0x20):
        if base and base not in held:
            break
        for pids in freeze_frame.supported_pids(link.ask(freeze_frame.request(base))).values():
            held |= pids
    several += [link.ask(freeze_frame.request(pid)) for pid in sorted(held & PIDS.keys())[:MOST_FRAMES]]
    return {frame.ecu: frame.document() for frame in freeze_frame.freeze_frames(several)}


def monitors(link: Link) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Ask the test results of mode 06, one question a step; each step gives what is known so far."""
    known: dict[str, list[dict[str, Any]]] = {}
    wanted: set[int] = set()
    for base in range(0x00, 0x100, 0x20):
        if base and base not in wanted:
            break
        for mids in monitor_results.supported_monitors(link.ask(bytes((0x06, base)))).values():
            wanted |= mids
        yield known
    for mid in sorted(mid for mid in wanted if mid % 0x20):
        for result in monitor_results.monitor_results(link.ask(bytes((0x06, mid)))):
            known.setdefault(result.ecu, []).append(result.document())
        yield known
