"""The way of a reading, step by step in running order; every step is a function of its own room.

ingest/sources/mqtt.py   collect      deliveries of a quarter of a second
ingest/dialects          decode       bytes -> messages, one batch ahead (ingest/sources/ahead.py)
ingest/commit.py         claim        identities: what was handled before goes no further
ingest/gate.py           judge        accepted rows as one wide table; the rest rejected with its reason
ingest/windows.py        advance      the last three minutes of every car
diagnostics/screening.py screen_stop  what must stop a car, at once
ingest/archive.py        write        one durable Parquet segment, listed in the same transaction
ingest/dtcs.py           record       trouble codes, and each ECU's last answers; a change of codes queues join_codes
ingest/sending.py        take_results what came of commands to the car
-- commit, acknowledge, tell the devices what is committed --
ingest/trip_log.py       due          trips that have ended
diagnostics/screening.py screen       features, predictor, votes of k in m trips, findings
forecourt/tasks.py       queue        one case per finding, in the transaction that raised it
ingest/sending.py        send_due     commands that are due, until their results come
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from aftersales.repair.repairs import repaired
from diagnostics.findings import Finding
from diagnostics.predictor import Predictor
from diagnostics.screening import STOP_SIGNALS, may_stop, screen, screen_stop
from forecourt.task_queue import JOIN_CODES, OPEN_CASE, queue
from foundation.database import Database, UnitOfWork
from ingest import trip_log
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.batch import Batch
from ingest.commit import Reply
from ingest.dialects import Decoded, decode
from ingest.gate import AcceptedReport
from ingest.intake import Intake, Outcome
from ingest.partitions import PARTITIONS
from ingest.readings import Block, TripColumns
from ingest.registry import heard_elsewhere
from ingest.sending import send_due
from ingest.trip_log import TripSpan
from ingest.trips import split_trips
from ingest.windows import Windows

SPANS_AT_ONCE = 20
WINDOWS_AT_ONCE = 1024


class Pipeline:
    """One ingest worker's steps over one database and one archive; it hears the devices of these partitions."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        predictor: Predictor,
        worker: str = "ingest",
        partitions: Collection[int] = range(PARTITIONS),
    ) -> None:
        self._partitions = partitions
        self._database = database
        self._archive = archive
        self._predictor = predictor
        self._intake = Intake(database, archive, worker)
        self._windows = Windows(archive, STOP_SIGNALS)

    def start(self) -> list[str]:
        """Clear away what a killed run wrote and never committed; gives the names of those segments."""
        return self._intake.start()

    def take(self, arrived: Sequence[Arrived]) -> Outcome:
        """Decode a batch and commit it."""
        return self.commit(decode(arrived))

    def commit(self, found: Sequence[Decoded]) -> Outcome:
        """Judge, watch and store what was decoded in one transaction; acknowledge it after that, and not before."""
        return self._intake.commit(found, self._watch, _join_codes)

    def command(self) -> list[Reply]:
        """Mark the commands that are due as sent and give them, to be published now; unanswered ones come again later.

        One look at a small index when nothing is due.
        """
        with self._database.unit() as unit:
            return send_due(unit)

    def settle(self, most: int = SPANS_AT_ONCE) -> int:
        """Judge trips that have ended since they were last looked at, `most` stretches; gives how many were done.

        One transaction: votes, findings and queued cases commit with the mark that the trips are done, so a crash at
        any point does it all again and nothing twice.
        """
        with self._database.unit() as unit:
            spans = trip_log.due(unit, unit.now(), most)
            if not spans:
                return 0
            trips = [trip for span in spans for trip in trips_of(span, self._archive.read_span(unit, span))]
            found = screen(unit, self._predictor, trips, partial(repaired, unit))
            _open_cases(unit, found, {span.vehicle: span.organisation for span in spans})
            trip_log.done(unit, spans)
            return len(spans)

    def _watch(self, unit: UnitOfWork, batch: Batch) -> None:
        if len(self._partitions) < PARTITIONS:
            self._windows.forget(heard_elsewhere(unit, batch.vehicles, self._partitions))
        shown = _Shown()
        for step in self._windows.advance(unit, batch, may_stop):
            which = np.flatnonzero(may_stop(step.readings))
            if len(which):
                block = step.block(which)
                if not shown.has_room(block):
                    self._screen_stop(unit, shown)
                    shown = _Shown()
                shown.add(block, [step.vehicles[it] for it in which], [step.ends[it] for it in which])
        if shown.vehicles:
            self._screen_stop(unit, shown)

    def _screen_stop(self, unit: UnitOfWork, shown: "_Shown") -> None:
        known = partial(repaired, unit)
        found = screen_stop(unit, self._predictor, shown.joined(), shown.vehicles, shown.ends, known)
        _open_cases(unit, found, dict(shown.vehicles))


@dataclass(slots=True)
class _Shown:
    """Windows that show a sign, in order of time for each vehicle, gathered to be looked at together."""

    blocks: list[Block] = field(default_factory=list)
    vehicles: list[tuple[str, str]] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)

    def has_room(self, block: Block) -> bool:
        """Whether this one may join: a vehicle may have shown a signal for the first time since the others."""
        return not self.blocks or (block.signals == self.blocks[0].signals and len(self.vehicles) < WINDOWS_AT_ONCE)

    def add(self, block: Block, vehicles: Sequence[tuple[str, str]], ends: Sequence[datetime]) -> None:
        self.blocks.append(block)
        self.vehicles += vehicles
        self.ends += ends

    def joined(self) -> Block:
        first = self.blocks[0]
        values = np.concatenate([it.values for it in self.blocks], axis=2)
        return Block(first.signals, first.step_s, values, np.concatenate([it.lengths for it in self.blocks]))


def _open_cases(unit: UnitOfWork, findings: Sequence[Finding], owners: Mapping[str, str]) -> None:
    for finding in findings:
        queue(unit, OPEN_CASE, finding=finding.id, vehicle=finding.vehicle, organisation=owners[finding.vehicle])


def _join_codes(unit: UnitOfWork, reports: Sequence[AcceptedReport]) -> None:
    for one in reports:
        origin = one.origin
        queue(unit, JOIN_CODES, vehicle=origin.vehicle, device=origin.device, boot=origin.boot, seq=origin.seq)


def trips_of(span: TripSpan, columns: TripColumns) -> list[tuple[TripSpan, TripColumns]]:
    """Cut a stretch where the ignition was off; each piece is a trip of its own."""
    pieces = []
    for trip in split_trips(columns):
        start = trip.start or span.start
        begin, end = (start + timedelta(seconds=float(trip.t_s[edge])) for edge in (0, -1))
        pieces.append((replace(span, start=begin, end=end), trip))
    return pieces
