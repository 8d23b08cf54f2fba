"""One connection to a car, from the survey to the adapter's death: awake while the engine is in use, else asleep."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import structlog

from ingest.edge.adapter import Stopping
from ingest.edge.batches import Batches
from ingest.edge.commands import CLEAR_DTCS, Command, Result, Work
from ingest.edge.engine import LOOK_S, Engine, Parked, State
from ingest.edge.link import Link
from ingest.edge.orders import clear_codes, snapshot
from ingest.edge.plan import Plan
from ingest.edge.schedule import Entry, Errand, Schedule
from ingest.edge.spooling import Outbox
from ingest.edge.survey import (
    LAMP_PID,
    SEARCH_S,
    Car,
    CodeReport,
    discover,
    freeze_frames,
    identify,
    lamp,
    monitors,
    read_codes,
)
from ingest.edge.times import Instant, Times
from ingest.envelope import Outcome

CODES_S, LAMP_S, VOLTAGE_S, SURVEY_S, STEP_S = 60.0, 10.0, 60.0, 60.0, 0.2
SPEED_PID = 0x0C
WARM_C = 70.0
_CRANKING_S = 10.0  # so long may a voltage be low before it counts as that of a parked car
log = structlog.get_logger()


class Host(Protocol):
    """What a session needs of the loop that holds it; `plan` may change at any turn."""

    times: Times
    batches: Batches
    outbox: Outbox
    plan: Plan
    least_v: float
    trips: int
    stopping: Stopping

    def say(self, state: str) -> None: ...

    def wait(self, seconds: float, work: Work | None) -> None: ...

    def serve(self, work: Work | None) -> None: ...


class Session:
    """What is known and due while one adapter is connected; every question may raise `AdapterTrouble`."""

    codes: CodeReport | None
    _monitors: Iterator[Mapping[str, Any]] | None  # the questions of mode 06 that are under way
    _known: Mapping[str, Any]  # and what they told so far
    _results: Mapping[str, Any] | None  # what goes with the next report

    def __init__(self, link: Link, host: Host) -> None:
        self.link, self._host, self._times = link, host, host.times
        self.car = Car({})
        self.codes = None
        self._heard = False
        self._schedule = Schedule()
        self._planned: Plan | None = None
        self._engine = Engine(self._times.monotonic())
        self._in_trip = self._is_warm = self._is_low = False
        self._monitors = None
        self._known = {}
        self._results = None

    def run(self) -> None:
        """Talk to the car until stopped."""
        self._look_at_battery()
        if not self._is_low:
            self.survey()
        awake = self._heard
        while not self._host.stopping():
            if awake:
                self._poll()
            if not self._host.stopping():
                self._sleep()
            awake = True

    def scan(self) -> None:
        """Read and send everything once."""
        self.survey()
        if self._heard:
            snapshot(self)

    def survey(self) -> None:
        """Find out what the car has, who it is, and its codes. A car that nobody hears is left alone."""
        supported, self._heard = discover(self.link)
        if self._heard and not supported:
            supported, _ = discover(self.link)  # the first answer was garbled
        self.car = Car(supported, self.car.vin)
        self._planned = None
        if self._heard:
            vin, calibrations = identify(self.link)
            self.car = replace(self.car, vin=vin)
            pids = {ecu: len(its) for ecu, its in supported.items()}
            log.info("edge.car_surveyed", supported=pids, vin_told=vin is not None, calibrations=calibrations)
            self.report_codes()

    def report_codes(self, *, with_frames: bool = False) -> CodeReport:
        """Read the codes and send them, with the freeze frames if a code is new, and the results that are ready."""
        before = self.codes.stored() if self.codes is not None else set()
        self.codes = read_codes(self.link, self.car)
        stored = self.codes.stored()
        frames = freeze_frames(self.link) if stored and (with_frames or stored - before) else None
        self._host.outbox.codes(self._times.now(), self.codes, self.car.vin, frames, self._results)
        self._results = None
        return self.codes

    def read(self, pid: int) -> tuple[Instant, list[tuple[str, float]], bool]:
        """Read one PID: when it was measured, the values, and whether anybody answered."""
        replies = self.link.ask(bytes((0x01, pid)))
        now = self._times.now()
        passed = now.at - self.link.asked_at
        wall = None if now.wall is None else now.wall - timedelta(seconds=passed)
        return Instant(self.link.asked_at, wall), self.car.read(replies), bool(replies.payloads)

    @property
    def outbox(self) -> Outbox:
        return self._host.outbox

    def _poll(self) -> None:
        """Ask by plan until the engine is off."""
        self._host.say(State.CONNECTED)
        self._engine = Engine(self._times.monotonic(), self.car.has(SPEED_PID))
        self._in_trip = self._is_warm = False
        self._planned = None
        while not self._host.stopping():
            if self._planned is not self._host.plan:
                self._make_schedule()
            self._host.serve(self._order)
            now = self._times.monotonic()
            if self._engine.is_off(now) or (self._is_low and now - self._engine.in_use_at > _CRANKING_S):
                break
            entry = self._schedule.next(now)
            if entry is None:
                self._times.sleep(min(self._schedule.wait_s(now), 0.25))
            else:
                self._turn(entry)
                self._schedule.done(entry, self._times.monotonic())
            self._host.batches.end_due(self._times.monotonic())
        self._monitors = None
        self._host.batches.end_all()

    def _sleep(self) -> None:
        """Leave the control units alone until the engine is in use again; only the adapter is asked for the voltage."""
        parked = Parked(self._host.least_v, self._times.monotonic(), self.link.voltage())
        while not self._host.stopping():
            self._is_low = parked.is_low
            self._host.say(State.LOW_BATTERY if parked.is_low else State.ASLEEP)
            self._host.wait(LOOK_S, self._order)
            if self._host.stopping():
                return
            if parked.look(self._times.monotonic(), self.link.voltage()) and self._is_in_use():
                self._is_low = False
                return

    def _is_in_use(self) -> bool:
        """Ask a parked car whether its engine turns; one that does not tell its speed counts once it answers."""
        if not self.link.ask(b"\x01\x00", SEARCH_S).ecus:
            return False
        if not self.car.supported:
            self.survey()
        if not self.car.has(SPEED_PID):
            return True
        return any(value > 0 for _, value in self.read(SPEED_PID)[1])

    def _make_schedule(self) -> None:
        plan = self._host.plan
        entries = [(pid, plan.rank_of(pid)) for pid in self.car.pids()]
        polled = [Entry(pid, plan.period_s(rank), rank) for pid, rank in entries if rank is not None]
        polled.sort(key=lambda entry: -entry.rank)
        errands = [Entry(Errand.VOLTAGE, VOLTAGE_S), Entry(Errand.CODES, CODES_S)]
        if self.car.has(LAMP_PID):
            errands.append(Entry(Errand.LAMP, LAMP_S))
        if not self.car.supported:
            errands.append(Entry(Errand.SURVEY, SURVEY_S))
        now = self._times.monotonic()
        self._schedule = Schedule.beginning([*polled, *errands], now)
        for errand in errands:  # the survey has just asked all this
            errand.due = now + errand.period_s
        if self._monitors is not None:
            self._schedule.entries.append(Entry(Errand.MONITORS, STEP_S, due=now))
        self._planned = plan

    def _turn(self, entry: Entry) -> None:
        match entry.what:
            case Errand.CODES:
                if self.report_codes().somebody_answered:
                    self._engine.answered(self._times.monotonic())
            case Errand.LAMP:
                self._look_at_lamp()
            case Errand.VOLTAGE:
                self._look_at_battery()
            case Errand.SURVEY:
                self.survey()
            case Errand.MONITORS:
                self._step_monitors(entry)
            case int(pid):
                self._read_signals(entry, pid)

    def _read_signals(self, entry: Entry, pid: int) -> None:
        at, found, answered = self.read(pid)
        entry.misses = 0 if answered else entry.misses + 1
        if answered:
            self._engine.answered(at.at)
        for signal, value in found:
            self._engine.read(at.at, signal, value)
            if signal == "engine_speed" and value > 0 and not self._in_trip:
                self._in_trip = True
                self._host.trips += 1
            if signal == "coolant_temperature" and value > WARM_C and self._in_trip and not self._is_warm:
                self._is_warm = True
                self._monitors = monitors(self.link)
                self._schedule.entries.append(Entry(Errand.MONITORS, STEP_S, due=at.at))
        if found:
            self._host.batches.take(entry.rank, at, found)

    def _look_at_lamp(self) -> None:
        """Read the codes at once when the lamp or the number of codes has changed."""
        state = lamp(self.link)
        known = self.codes.lamp if self.codes is not None else {}
        told = {ecu: (it.mil, it.dtc_count) for ecu, it in state.items()}
        if any(ecu in told and told[ecu] != (it.mil, it.dtc_count) for ecu, it in known.items()):
            self._schedule.hurry(Errand.CODES, self._times.monotonic())

    def _look_at_battery(self) -> None:
        volts = self.link.voltage()
        self._is_low = volts is not None and volts < self._host.least_v

    def _step_monitors(self, entry: Entry) -> None:
        known = next(self._monitors, None) if self._monitors is not None else None
        if known is not None:
            self._known = known
            return
        self._schedule.entries.remove(entry)
        self._monitors = None
        if self._known:
            self._results = self._known
            self._schedule.hurry(Errand.CODES, self._times.monotonic())

    def _order(self, command: Command) -> Result:
        if self._is_low:
            return Result(Outcome.REFUSED, "the engine is off and the battery is low: the car is left alone")
        return clear_codes(self) if command.kind == CLEAR_DTCS else snapshot(self)
