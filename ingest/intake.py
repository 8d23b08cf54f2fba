"""The intake: one batch of deliveries becomes one transaction; only what it has committed is acknowledged."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from foundation.database import Database, UnitOfWork
from ingest import commit, device_states, dtcs, last_values, rejected, trip_log
from ingest.archive import Archive, hold
from ingest.arrived import Arrived
from ingest.batch import Batch, to_us
from ingest.commit import Handled, Key, Reply
from ingest.device_states import Said
from ingest.dialects import Decoded, decode
from ingest.envelope import Message, Status
from ingest.gate import AcceptedReport, Judged, Known, judge
from ingest.registry import Owner
from ingest.rejected import Reason, Rejection, header_of
from ingest.sending import take_results

Within = Callable[[UnitOfWork, Batch], None]
CodesChanged = Callable[[UnitOfWork, Sequence[AcceptedReport]], None]
_DIALECT = attrgetter("dialect")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch, all of it committed.

    `stored` and `rejected` count readings, `redelivered` messages that were handled before. `replies` are to be
    published now: each device and boot learns what is committed.
    """

    batch: Batch
    stored: int
    rejected: dict[Reason, int] = field(default_factory=dict)
    redelivered: int = 0
    replies: list[Reply] = field(default_factory=list)
    ignored: int = 0  # values that are no readings, such as positions; they go nowhere
    messages: Mapping[str, int] = field(default_factory=dict)  # by dialect; one of several messages counts as so many


class Intake:
    """One ingest worker's way from deliveries to committed readings. `worker` names it, and its segments, for ever."""

    def __init__(self, database: Database, archive: Archive, worker: str = "ingest") -> None:
        self._database = database
        self._archive = archive
        self._worker = worker
        self._unsure = False

    def start(self) -> list[str]:
        """Clear away the segments that a killed run of this worker never committed; gives their names."""
        with self._database.unit() as unit:
            return self._archive.clean(unit, self._worker)

    def process(
        self,
        arrived: Sequence[Arrived],
        within: Within = lambda _unit, _batch: None,
        codes_changed: CodesChanged = lambda _unit, _reports: None,
    ) -> Outcome:
        """Decode a batch and commit it."""
        return self.commit(decode(arrived), within, codes_changed)

    def commit(
        self,
        found: Sequence[Decoded],
        within: Within = lambda _unit, _batch: None,
        codes_changed: CodesChanged = lambda _unit, _reports: None,
    ) -> Outcome:
        """Judge, store and commit what was decoded in one unit of work.

        `within` sees the accepted rows inside the transaction, before they are in the archive's manifest, so that
        detector state commits with them; `codes_changed` the stored reports with codes that were not known of their
        car, or without codes that were. Whatever raises leaves nothing behind: nothing may be acknowledged then.
        """
        if self._unsure:
            self.start()  # the batch before may have left a segment that its transaction did not list
        self._unsure = True
        with self._database.unit() as unit:
            hold(unit, self._worker)
            known = know(unit, found)
            commit.lock_partitions(unit, {commit.partition(it, known.owners) for it in {one.device for one in found}})
            handled, new = claim(unit, found, known.owners)
            judged = judge(new, known)
            with self._archive.writing(unit, judged.batch, self._worker):
                within(unit, judged.batch)
                rejections, changed = record(unit, judged, found, known.owners)
                if changed:
                    codes_changed(unit, changed)
                replies = commit.answer(unit, handled, known.owners)
        self._unsure = False
        counts: Counter[Reason] = Counter()
        for one in rejections:
            counts[one.reason] += one.readings
        stored = int(judged.batch.readings_per_origin().sum())
        said = Counter(map(_DIALECT, found))
        ignored = sum(one.content.ignored for one in new if isinstance(one.content, Message))
        again = sum(not one.fresh for one in handled)
        return Outcome(judged.batch, stored, dict(counts), again, replies, ignored, said)


def know(unit: UnitOfWork, found: Sequence[Decoded]) -> Known:
    """Look up what judging needs, in one statement for the whole batch; unknown and locked-out devices are left out."""
    names = sorted({one.device for one in found if one.device})
    known = Known()
    for row in unit.rows(_KNOWN, {"names": names}) if names else ():
        known.owners[row.id] = Owner(row.id, row.vehicle, row.organisation, row.partition)
        known.clocks[row.id] = row.clock
        if row.newest is not None:
            known.newest_us[row.vehicle] = to_us(row.newest)
    return known


_KNOWN = """
    SELECT d.id, d.vehicle, d.organisation, d.partition, s.clock, n.newest
    FROM devices d
    LEFT JOIN device_states s ON s.device = d.id
    CROSS JOIN LATERAL (SELECT max(at) AS newest FROM last_values l WHERE l.vehicle = d.vehicle) AS n
    WHERE d.id = ANY(%(names)s) AND d.revoked_at IS NULL
"""


def claim(
    unit: UnitOfWork, found: Sequence[Decoded], whose: Mapping[str, Owner]
) -> tuple[list[Handled], list[Decoded]]:
    """Write down identities; gives every delivery that has one, and those that are to be judged.

    Of two deliveries of one message in a batch the first counts. What has no identity is judged every time.
    """
    headers = [header_of(one) if one.device else None for one in found]
    keys = [None if it is None else Key(one.device, it.boot, it.seq) for one, it in zip(found, headers, strict=True)]
    unclaimed = commit.claim(unit, filter(None, keys), whose)
    handled, new = [], []
    for one, header, key in zip(found, headers, keys, strict=True):
        if header is not None and key is not None:
            handled.append(Handled(key, header.floor, key in unclaimed, one.arrived.at, header.counted))
        if (key is None or key in unclaimed) and not isinstance(one.content, Status):
            new.append(one)
        unclaimed.discard(key)
    return handled, new


def record(
    unit: UnitOfWork, judged: Judged, found: Sequence[Decoded], whose: Mapping[str, Owner]
) -> tuple[list[Rejection], list[AcceptedReport]]:
    """Write what hangs on the accepted rows, what came of commands, what devices said of themselves, what was rejected.

    Gives what was rejected, and the reports that changed which codes are known.
    """
    last_values.move(unit, judged.batch)
    trip_log.touch(unit, judged.batch)
    changed = dtcs.record(unit, judged.reports)
    of_nothing = take_results(unit, judged.results)
    said = [
        (one, Said(one.device, one.content, one.arrived.at, one.arrived.retained))
        for one in found
        if isinstance(one.content, Status)
    ]
    device_states.record(unit, [it for one, it in said if one.device in whose])
    # The broker tells a locked-out device's retained status again at every connection: that is no news.
    strangers = [
        Rejection(one, Reason.UNKNOWN_DEVICE, None, 0, "a status of no registered device")
        for one, it in said
        if one.device not in whose and not it.retained
    ]
    rejections = [*judged.rejections, *of_nothing, *strangers]
    rejected.record(unit, rejections, whose)
    return rejections, changed
