"""The loop of the car end: connect, talk to the car, and begin again after any trouble, for ever."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.edge.adapter import Adapter, AdapterTrouble, Stopping
from ingest.edge.batches import Batches
from ingest.edge.commands import POLL_PLAN, Command, Desk, Result, Work
from ingest.edge.engine import LEAST_V, State
from ingest.edge.link import Link, Tally
from ingest.edge.plan import Plan, save_plan
from ingest.edge.session import Session
from ingest.edge.spooling import Outbox
from ingest.edge.times import Times
from ingest.envelope import Outcome

SLICE_S = 0.25  # so long a command, or a stop, may wait
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_S = 60.0  # a connection that held for so long is no reason to wait before the next
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """At most `rate` requests a second; a parked car below `least_v` is left alone; ordered plans go to `plan_path`.

    `plan_given` is the file that an ordered plan replaces.
    """

    rate: float = 20.0
    least_v: float = LEAST_V
    plan_path: Path | None = None
    plan_given: Path | None = None


class Poller:
    """One car, for ever. `tell` hears the state, or the trouble in words, whenever it changes."""

    def __init__(
        self,
        connect: Callable[[], Adapter],
        outbox: Outbox,
        desk: Desk,
        times: Times,
        plan: Plan,
        settings: Settings,
        stopping: Stopping,
        tell: Callable[[str], None],
    ) -> None:
        self._connect, self._desk, self._tell = connect, desk, tell
        self.outbox, self.times, self.plan, self.stopping = outbox, times, plan, stopping
        self._settings, self.least_v = settings, settings.least_v
        self.batches = Batches(outbox.readings, outbox.note)
        self.tally = Tally()
        self._jitter = random.Random()  # noqa: S311 - so that a fleet does not come back in step
        self.state: str = State.STARTING
        self.connections = self.trips = 0

    def run(self) -> None:
        """Go on until stopped; no adapter's trouble ends it."""
        self._desk.settle()
        pause = FIRST_PAUSE_S
        while not self.stopping():
            begun = self.times.monotonic()
            try:
                self._with_session(Session.run)
            except AdapterTrouble as trouble:
                if self.stopping():
                    return
                if self.times.monotonic() - begun > STEADY_S:
                    pause = FIRST_PAUSE_S
                wait = pause * self._jitter.uniform(0.75, 1.25)
                log.warning("edge.adapter_lost", reason=str(trouble), kind=type(trouble).__name__, next_try_s=wait)
                self.say(str(trouble))
                self.wait(wait, None)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def scan_once(self) -> Session:
        """Connect once, read and send everything once; raises `AdapterTrouble`."""
        return self._with_session(Session.scan)

    def _with_session(self, work: Callable[[Session], None]) -> Session:
        adapter = self._connect()
        self.connections += 1
        session = Session(Link(adapter, self.times, self._settings.rate, self.tally), self)
        try:
            work(session)
        finally:
            self.batches.end_all()
            adapter.close()
        return session

    def say(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._tell(state)

    def wait(self, seconds: float, work: Work | None) -> None:
        """Wait, serving commands meanwhile; without a link only those that need none."""
        until = self.times.monotonic() + seconds
        while not self.stopping() and (left := until - self.times.monotonic()) > 0:
            self.serve(work)
            self.times.sleep(min(left, SLICE_S))

    def serve(self, work: Work | None) -> None:
        """Carry out the next command, if there is one and what it needs is there."""
        command = self._desk.next()
        if command is None:
            return
        if command.kind == POLL_PLAN:
            self._desk.carry_out(command, self._take_plan)
        elif work is not None:
            self._desk.carry_out(command, work)

    def _take_plan(self, command: Command) -> Result:
        plan = command.plan()
        if self._settings.plan_path is not None:
            try:
                save_plan(self._settings.plan_path, plan, self._settings.plan_given)
            except OSError as error:
                return Result(Outcome.FAILED, f"the plan could not be kept: {error.strerror}")
        self.plan = plan
        return Result(Outcome.DONE, "the plan is in use")
