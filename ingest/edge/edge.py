"""The car end as one object: an adapter on one side, the publisher on the other, a poller between them.

adapter ◀─ link ◀─ session ◀─ poller ─▶ batches ─▶ outbox ─▶ publisher (spool) ─▶ broker
                                ▲
                               desk ◀─ commands ◀─ publisher
"""

import fcntl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import structlog

from foundation.refusals import Conflict, Invalid
from ingest.address import BrokerAddress
from ingest.edge.adapter import Adapter
from ingest.edge.commands import Desk
from ingest.edge.connecting import connect
from ingest.edge.engine import LEAST_V, State
from ingest.edge.plan import plan_in_force
from ingest.edge.poller import Poller, Settings
from ingest.edge.session import Session
from ingest.edge.spooling import Outbox
from ingest.edge.times import Times, machine_times
from ingest.publisher import Publisher
from ingest.spool import Limits
from ingest.topics import is_id

AGENT = "forecourt-edge 0.1"
PLAN_FILE, SPOOL_FILE, LOCK_FILE = "plan.json", "spool.sqlite", "lock"
_CLOCK_LOOK_S = 1.0
_LAST_WORD_S = 0.5  # for the last batch to be answered, so that the farewell tells of an empty spool
_FINISH_S = 4.0  # so long a stop waits for an adapter that hangs
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Config:
    """How a car end is set up. The spool's folder also keeps an ordered poll plan, which replaces the file `plan`."""

    port: str
    vehicle: str
    mqtt_url: str
    folder: Path
    plan: Path | None = None
    baud: int | None = None
    rate: float = 20.0
    least_v: float = LEAST_V
    has_clock: bool = True
    limits: Limits = field(default_factory=Limits)


class Edge:
    """One car's end. Use as a context manager: the publisher and the poller run in threads of their own.

    `times` and `connect_to` are for tests and the demo: with a `sleep` that waits a sixtieth of what it is told, and
    clocks that run sixty times as fast, an hour of driving takes a minute.
    """

    def __init__(
        self,
        config: Config,
        *,
        times: Times | None = None,
        connect_to: Callable[[], Adapter] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        if not is_id(config.vehicle):
            raise Invalid(f"{config.vehicle!r} cannot be a vehicle's id")
        self.config = config
        self._stopping = threading.Event()
        self.times = times or machine_times(self._pause, has_clock=config.has_clock)
        config.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(config.folder / LOCK_FILE)
        try:
            plan = plan_in_force(config.folder / PLAN_FILE, config.plan)
            self.publisher = Publisher(
                config.mqtt_url,
                spool=config.folder / SPOOL_FILE,
                agent=AGENT,
                clock=self.times.clock,
                clock_source=self.times.clock_source(),
                on_command=self._hear,
                on_progress=self._hear_progress,
                monotonic=self.times.monotonic,
                session=self.times.session,
                limits=config.limits,
            )
        except BaseException:
            self._lock.close()
            raise
        self._tell_person = tell or (lambda _words: None)
        self.outbox = Outbox(self.publisher, self.times, config.folder)
        self.desk = Desk(self.publisher.spool, self.outbox, self.times)
        settings = Settings(config.rate, config.least_v, config.folder / PLAN_FILE, config.plan)
        self.poller = Poller(
            connect_to or self._connect,
            self.outbox,
            self.desk,
            self.times,
            plan,
            settings,
            self._stopping.is_set,
            self._tell,
        )
        self._threads: list[threading.Thread] = []
        self._last_facts: dict[str, Any] | None = None
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self.publisher.start()
        for name, work in (("poller", self.poller.run), ("clock", self._watch)):
            thread = threading.Thread(target=self._guarded, args=(work,), name=f"edge-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop asking, spool what was read, say offline; raises what ended a thread, if anything did."""
        self.rest()
        if self.publisher.connected:
            self.publisher.wait_committed(_LAST_WORD_S)
        self._last_facts = self.facts()
        self.publisher.stop()
        self.outbox.close()
        self._lock.close()
        if self.failure is not None:
            raise self.failure

    def rest(self) -> None:
        """Stop asking and spool what was read; the publisher goes on sending."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_FINISH_S)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody stops it, or a thread of it fails."""
        return self._stopping.wait(seconds)

    def finish(self) -> None:
        """Ask it to stop; for signal handlers."""
        self._stopping.set()

    def scan_once(self, timeout_s: float) -> tuple[Session, bool]:
        """Read and send everything once, without polling; tells whether the server has answered all of it.

        Raises `AdapterTrouble`.
        """
        self.publisher.start()
        session = self.poller.scan_once()
        return session, self.publisher.wait_committed(timeout_s)

    def facts(self) -> dict[str, Any]:
        """Give the counters and states, for a status line and for tests; after the stop, what they were last."""
        if self._last_facts is not None:
            return self._last_facts
        publisher = self.publisher
        return {
            "vehicle": self.config.vehicle,
            "device": publisher.device,
            "adapter": self.poller.state,
            "broker": publisher.connected,
            "broker_trouble": publisher.trouble,
            "clock": self.times.clock_source(),
            "connections": self.poller.connections,
            "trips": self.poller.trips,
            "requests": self.poller.tally.requests,
            "refused_replies": dict(self.poller.tally.refused),
            "sent_messages": publisher.sent_messages,
            "sent_readings": publisher.sent_readings,
            "committed": publisher.committed,
            "spool": publisher.waiting,
            "dead": publisher.dead,
            "dropped": publisher.spool.dropped,
            "disk": "low" if publisher.spool.low else "ok",
        }

    def _hear(self, document: object) -> None:
        self.desk.hear(document)

    def _hear_progress(self, document: object) -> None:
        """Tell who looks on how the car's repair goes on; words from afar are shown without what a terminal obeys."""
        told = document if isinstance(document, dict) else {}
        words = "".join(letter for letter in str(told.get("en", "")) if letter.isprintable())[:200]
        if words:
            self._tell_person(f"the workshop says: {words}")

    def _connect(self) -> Adapter:
        return connect(self.config.port, self.config.baud, stopping=self._stopping.is_set)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _tell(self, state: str) -> None:
        self.publisher.tell(adapter="".join(letter for letter in state if letter.isprintable())[:200])
        if state == State.CONNECTED:
            self._tell_person(f"connected to the car through {self.config.port}")

    def _watch(self) -> None:
        """Tell when somebody sets the clock, and end loudly when the publisher has died."""
        was_connected = False
        while not self._stopping.wait(_CLOCK_LOOK_S):
            self.publisher.tell(clock_source=self.times.clock_source())
            if self.publisher.connected and not was_connected:
                address = BrokerAddress.parse(self.config.mqtt_url)
                self._tell_person(
                    f"connected to the broker at {address.host}:{address.port} as {self.publisher.device}"
                )
            was_connected = self.publisher.connected
            if not self.publisher.alive:
                raise RuntimeError("the publisher has died")

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # `stop` raises it: a thread has nobody else to tell
            log.exception("edge.failed")
            self.failure = error
            self._stopping.set()


def _lock(path: Path) -> IO[bytes]:
    """Hold the spool's folder for one process; a killed one lets go of it by dying."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise Conflict(f"another forecourt edge uses {path.parent}") from error
    return file
