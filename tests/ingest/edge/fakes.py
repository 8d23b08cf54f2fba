"""A car on the other side of a fake adapter, and time that passes only when somebody waits or asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from foundation.clock import FixedClock
from ingest.dialects import forecourt_binary, forecourt_dtcs, forecourt_result
from ingest.edge.adapter import Adapter, AdapterGone, AdapterSilent
from ingest.edge.edge import Config, Edge
from ingest.edge.times import Times
from ingest.envelope import CommandResult, DtcReport, Message, Readings
from ingest.spool import Held
from ingest.topics import Kind

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
NOWHERE = "mqtt://dev-1:x@127.0.0.1:1"
_DECODERS = {
    Kind.READINGS_BINARY: forecourt_binary.decode,
    Kind.DTCS: forecourt_dtcs.decode,
    Kind.RESULT: forecourt_result.decode,
}


@dataclass
class World:
    """Both clocks. `at` counts seconds; `events` happen when their time has come."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    at: float = 0.0
    events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def pass_(self, seconds: float) -> None:
        self.at += seconds
        self.clock.advance(timedelta(seconds=seconds))
        for event in [it for it in self.events if it[0] <= self.at]:
            self.events.remove(event)
            event[1]()

    def set_clock(self, wall: datetime) -> None:
        self.clock.advance(wall - self.clock.now())

    def times(self, session: str | None = "start-1", *, has_clock: bool = True) -> Times:
        return Times(self.clock, lambda: self.at, self.pass_, session, has_clock)


@dataclass
class FakeCar:
    """An adapter with a car: `replies` by request; what is not there is NO DATA. Each request takes 20 ms."""

    world: World
    replies: dict[str, list[str]] = field(default_factory=dict)
    volts: float | None = 14.1
    heard: list[tuple[float, str]] = field(default_factory=list)
    connected_at: list[float] = field(default_factory=list)
    dead: bool = False
    silent_for: frozenset[str] = frozenset()
    dies_on: str | None = None
    broken: bool = False
    name: str = "fake"
    ignition: bool = True

    def connect(self) -> Adapter:
        self.connected_at.append(self.world.at)
        if self.dead:
            raise AdapterGone("the port is not there")
        self.broken = False
        return self

    def request(self, command: str, timeout_s: float) -> list[str]:
        self.world.pass_(0.02)
        self.heard.append((self.world.at, command))
        self.broken |= self.dead or command == self.dies_on
        if self.broken:
            raise AdapterGone("the link is lost")
        if command in self.silent_for:
            self.world.pass_(timeout_s)
            raise AdapterSilent("no prompt")
        if command.startswith("AT"):
            return ["OK"]
        return self.replies.get(command, ["NO DATA"]) if self.ignition else ["UNABLE TO CONNECT"]

    def voltage(self) -> float | None:
        self.world.pass_(0.02)
        self.heard.append((self.world.at, "ATRV"))
        self.broken |= self.dead
        if self.broken:
            raise AdapterGone("the link is lost")
        return self.volts

    def close(self) -> None:
        pass

    def bus_requests(self, since: float = 0.0, until: float = float("inf")) -> list[tuple[float, str]]:
        return [(at, it) for at, it in self.heard if not it.startswith("AT") and since <= at < until]


def two_ecus() -> dict[str, list[str]]:
    """Engine (0C, 0D, 05, 01) and gearbox (0D, 01), one stored code with a freeze frame."""
    return {
        "0100": ["7E8 06 41 00 88 18 00 00", "7E9 06 41 00 80 08 00 00"],
        "0101": ["7E8 06 41 01 81 07 65 04", "7E9 06 41 01 00 00 00 00"],
        "010C": ["7E8 04 41 0C 0C 80"],
        "010D": ["7E8 03 41 0D 32", "7E9 03 41 0D 31"],
        "0105": ["7E8 03 41 05 7B"],
        "03": ["7E8 04 43 01 03 01", "7E9 02 43 00"],
        "07": ["7E8 02 47 00", "7E9 02 47 00"],
        "0A": ["7E8 02 4A 00", "7E9 03 7F 0A 11"],
        "04": ["7E8 01 44", "7E9 01 44"],
        "020200": ["7E8 05 42 02 00 03 01"],
        "020000": ["7E8 07 42 00 00 00 10 00 00"],
        "020C00": ["7E8 05 42 0C 00 1A F8"],
    }


def make_edge(
    folder: Path, world: World, car: FakeCar, *, session: str | None = "start-1", has_clock: bool = True
) -> Edge:
    config = Config("fake", "car-1", NOWHERE, folder)
    return Edge(config, times=world.times(session, has_clock=has_clock), connect_to=car.connect)


def drive(edge: Edge, world: World, seconds: float) -> None:
    """Let the poller run for so long in this thread."""
    world.events.append((world.at + seconds, edge.finish))
    edge.poller.run()


def spooled(edge: Edge) -> list[tuple[Held, Message]]:
    """Give what is in the spool, as it would be sent now."""
    held = edge.publisher.spool.behind(0, 100_000)
    return [(it, _DECODERS[it.kind](edge.publisher._stamped(it))) for it in held]


def readings(edge: Edge) -> list[tuple[Message, Readings]]:
    return [(it, it.content) for _, it in spooled(edge) if isinstance(it.content, Readings)]


def reports(edge: Edge) -> list[DtcReport]:
    return [it.content for _, it in spooled(edge) if isinstance(it.content, DtcReport)]


def results(edge: Edge) -> list[CommandResult]:
    return [it.content for _, it in spooled(edge) if isinstance(it.content, CommandResult)]
