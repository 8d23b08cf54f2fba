"""The gate: what may be stored as a reading. The impossible is rejected, the doubtful is flagged, siblings are kept.

Judging is a function of the messages, of whose the devices are and of what was known before; it does no I/O. What
depends on neighbours (rates, frozen values) looks within one message only, so it does not depend on arrival order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.batch import Batch, IntArray, Origin, to_us
from ingest.dialects import Decoded
from ingest.envelope import (
    FIRST_TRUSTED,
    UNSET_CLOCK,
    CommandResult,
    Content,
    DtcReport,
    Header,
    Malformed,
    Message,
    Readings,
)
from ingest.readings import FloatArray, Quality
from ingest.registry import Owner
from ingest.rejected import Reason, Rejection
from ingest.signals import SIGNALS, Signal

FUTURE_TOLERANCE = timedelta(minutes=5)
LATE_S = 60.0  # a car end's groups of signals come in messages of their own, seconds apart: that is not late
FROZEN_S = 30.0
RESTLESS = ("engine_speed", "mass_air_flow")  # in a running engine these do not repeat for so long
_IMPLAUSIBLE, _FROZEN = np.uint8(Quality.IMPLAUSIBLE), np.uint8(Quality.FROZEN)
_TOLERANCE_US = FUTURE_TOLERANCE // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What the service knew before the batch: owners by device, clock by device, newest event time by vehicle."""

    owners: dict[str, Owner] = field(default_factory=dict)
    clocks: dict[str, str | None] = field(default_factory=dict)
    newest_us: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AcceptedReport:
    """A report of trouble codes with its event time."""

    origin: Origin
    at_us: int
    report: DtcReport


@dataclass(frozen=True, slots=True)
class AcceptedResult:
    """What a device says came of a command, at `at_us`; whether there is such a command is not asked here."""

    origin: Origin
    at_us: int
    result: CommandResult
    message: Decoded


@dataclass(frozen=True, slots=True)
class Judged:
    batch: Batch
    reports: list[AcceptedReport]
    rejections: list[Rejection]
    results: list[AcceptedResult] = field(default_factory=list)


def judge(messages: Sequence[Decoded], known: Known) -> Judged:
    """Judge messages that are new. Every reading of theirs is then in the batch, or in exactly one rejection."""
    rejections: list[Rejection] = []
    reports: list[AcceptedReport] = []
    results: list[AcceptedResult] = []
    accepted: list[tuple[Decoded, Readings, Origin, int, bool]] = []
    for one in messages:
        match one.content:
            case Message(header, content):
                owner = known.owners.get(one.device)
                if owner is None:
                    detail = "no registered device, or its access was revoked"
                    rejections.append(Rejection(one, Reason.UNKNOWN_DEVICE, None, _count(content), detail))
                    continue
                origin = _origin(one, header, owner)
                begun = content.t0 if isinstance(content, Readings) else content.t
                start_us, derived = _start(begun, header, origin, known.clocks.get(one.device))
                if isinstance(content, Readings):
                    accepted.append((one, content, origin, start_us, derived))
                elif isinstance(content, CommandResult):
                    # A clock that is ahead does not undo what was done to the car.
                    results.append(AcceptedResult(origin, min(start_us, origin.arrived_us), content, one))
                elif start_us > origin.arrived_us + _TOLERANCE_US:
                    rejections.append(Rejection(one, Reason.FUTURE_TIME, None, 0, _FUTURE))
                else:
                    reports.append(AcceptedReport(origin, start_us, content))
            case Malformed(reason=reason):
                rejections.append(Rejection(one, Reason.MALFORMED, None, 0, reason))
    table = _Table(accepted)
    table.reject_units(rejections)
    table.reject_values(rejections)
    return Judged(table.batch(known.newest_us), reports, rejections, results)


_FUTURE = f"the event time is more than {FUTURE_TOLERANCE} ahead of the arrival"


def _count(content: Content) -> int:
    return content.count if isinstance(content, Readings) else 0


def _origin(one: Decoded, header: Header, owner: Owner) -> Origin:
    return Origin(
        one.device,
        header.boot,
        header.seq,
        owner.vehicle,
        owner.organisation,
        owner.partition,
        to_us(one.arrived.at),
        one.arrived.retained,
    )


def _start(begun: datetime | None, header: Header, origin: Origin, clock: str | None) -> tuple[int, bool]:
    """Give the event time of offset 0 in microseconds, and whether it had to be derived from the arrival."""
    if begun is None or begun < FIRST_TRUSTED or clock == UNSET_CLOCK:
        return origin.arrived_us - 1000 * (header.age_ms or 0), True
    return to_us(begun), False


class _Table:
    """The messages' columns laid one under another, before and while they are judged."""

    def __init__(self, accepted: Sequence[tuple[Decoded, Readings, Origin, int, bool]]) -> None:
        self._messages = [it[0] for it in accepted]
        self._contents = [it[1] for it in accepted]
        self._origins = tuple(it[2] for it in accepted)
        sizes = np.array([len(it.dt_ms) for it in self._contents], dtype=np.int64)
        self._ends = np.cumsum(sizes)
        self._begins = self._ends - sizes
        rows = int(sizes.sum())
        self._origin = np.repeat(np.arange(len(accepted)), sizes)
        self._position = np.arange(rows) - self._begins[self._origin]
        offsets = np.concatenate([np.zeros(0, np.int64), *(it.dt_ms for it in self._contents)])
        self._at_us = np.array([it[3] for it in accepted], dtype=np.int64)[self._origin] + 1000 * offsets
        derived = np.array([it[4] for it in accepted], dtype=bool)[self._origin]
        self._quality = np.where(derived, Quality.CLOCK_UNSET, Quality.NONE).astype(np.uint8)
        self._columns: dict[str, FloatArray] = {}
        self._strangers: list[tuple[int, str, int]] = []
        self._fill(rows)

    def _fill(self, rows: int) -> None:
        """Copy message by message of the same shape: one assignment per signal and shape, none per reading."""
        alike: dict[tuple[str, ...], list[int]] = {}
        for number, content in enumerate(self._contents):
            alike.setdefault(content.signals, []).append(number)
        for names, numbers in alike.items():
            values = np.concatenate([self._contents[number].values for number in numbers], axis=1)
            if len(alike) == 1 and set(names) <= SIGNALS.keys():
                self._columns = dict(zip(names, values, strict=True))
                return
            there = np.concatenate([np.arange(self._begins[it], self._ends[it]) for it in numbers])
            for name, column in zip(names, values, strict=True):
                if name in SIGNALS:
                    if name not in self._columns:
                        self._columns[name] = np.full(rows, np.nan, dtype=np.float32)
                    self._columns[name][there] = column
                else:
                    counts = self._per_message(there[~np.isnan(column)])
                    self._strangers += [(int(it), name, int(counts[it])) for it in np.flatnonzero(counts)]

    def reject_units(self, rejections: list[Rejection]) -> None:
        """Reject unknown signals, and columns that declare another unit than ours."""
        for number, name, count in self._strangers:
            detail = "there is no signal of this name"
            rejections.append(Rejection(self._messages[number], Reason.UNKNOWN_SIGNAL, name, count, detail))
        for number, content in enumerate(self._contents):
            for name, unit in content.units.items():
                if name in SIGNALS and name in content.signals and unit != SIGNALS[name].unit:
                    column = self._columns[name][self._begins[number] : self._ends[number]]
                    count = int(np.count_nonzero(~np.isnan(column)))
                    column[:] = np.nan
                    if count:
                        detail = f"the unit is {unit}, not {SIGNALS[name].unit}"
                        rejections.append(Rejection(self._messages[number], Reason.WRONG_UNIT, name, count, detail))

    def reject_values(self, rejections: list[Rejection]) -> None:
        """Reject value by value: not finite, in the future, impossible; each for the first reason that holds."""
        arrived = np.array([it.arrived_us for it in self._origins], dtype=np.int64)
        future = self._at_us > arrived[self._origin] + _TOLERANCE_US
        ahead = future.any()
        for name, column in self._columns.items():
            row = SIGNALS[name]
            low, high = np.float32(row.minimum), np.float32(row.maximum)
            bounds = f"outside {row.minimum} to {row.maximum} {row.unit}"
            least, most = _extremes(column)
            if least < low or most > high:
                self._strike(rejections, Reason.NOT_FINITE, name, np.isinf(column), "the value is not finite")
            if ahead:
                self._strike(rejections, Reason.FUTURE_TIME, name, future & ~np.isnan(column), _FUTURE)
            if least < low or most > high:
                self._strike(rejections, Reason.IMPOSSIBLE, name, (column < low) | (column > high), bounds)

    def _strike(
        self, rejections: list[Rejection], reason: Reason, name: str, bad: NDArray[np.bool_], detail: str
    ) -> None:
        if bad.any():
            self._columns[name][bad] = np.nan
            counts = self._per_message(np.flatnonzero(bad))
            for number in np.flatnonzero(counts):
                message = self._messages[int(number)]
                rejections.append(Rejection(message, reason, name, int(counts[number]), detail))

    def _per_message(self, rows: IntArray) -> IntArray:
        return np.bincount(self._origin[rows], minlength=len(self._messages))

    def batch(self, newest_us: Mapping[str, int]) -> Batch:
        """Give what is left, with its flags; rows without any value are gone."""
        columns = {}
        empty = np.ones(len(self._at_us), dtype=bool)
        for name, column in self._columns.items():
            missing = np.isnan(column)
            if not missing.all():
                columns[name] = column
                empty &= missing
        kept = ~empty
        origin, at_us, position, quality = self._origin, self._at_us, self._position, self._quality
        if not kept.all():
            columns = {name: column[kept] for name, column in columns.items()}
            origin, at_us, position, quality = origin[kept], at_us[kept], position[kept], quality[kept]
        doubts = {name: _doubts(SIGNALS[name], column, origin, at_us) for name, column in columns.items()}
        late = _late(self._origins, origin, at_us, newest_us)
        return Batch(
            self._origins,
            origin,
            at_us,
            position,
            columns,
            quality | np.where(late, Quality.LATE, Quality.NONE).astype(np.uint8),
            {name: flags for name, flags in doubts.items() if flags.any()},
        )


def _extremes(column: FloatArray) -> tuple[np.float32, np.float32]:
    """Give the least and the greatest value that is there; where none is, infinity and minus infinity."""
    infinity = np.float32(np.inf)
    return np.fmin.reduce(column, initial=infinity), np.fmax.reduce(column, initial=-infinity)


def _doubts(signal: Signal, column: FloatArray, origin: IntArray, at_us: IntArray) -> NDArray[np.uint8]:
    """Flag what a running car does not show: a value out of range, too fast a change, a value that stands still."""
    flags = np.zeros(len(column), dtype=np.uint8)
    low, high = np.float32(signal.low), np.float32(signal.high)
    least, most = _extremes(column)
    if least < low or most > high:
        flags[(column < low) | (column > high)] |= _IMPLAUSIBLE
    missing = np.isnan(column)
    there = np.flatnonzero(~missing) if missing.any() else np.arange(len(column))
    value = column if len(there) == len(column) else column[there]
    if signal.max_rate is not None:
        flags[_too_fast(signal.max_rate, value, there, origin, at_us)] |= _IMPLAUSIBLE
    if signal.name in RESTLESS and len(there):
        for first, last in zip(*_stuck(value, there, origin, at_us), strict=True):
            flags[there[first : last + 1]] |= _FROZEN
    return flags


def _too_fast(max_rate: float, value: FloatArray, there: IntArray, origin: IntArray, at_us: IntArray) -> IntArray:
    """Give the rows whose value is too far from the one before in its message; a change counts as a second's at least.

    What is not too far for one second is not looked at further: with a little to spare, for float32 rounds.
    """
    far = np.flatnonzero(np.abs(np.diff(value)) > np.float32(max_rate * (1 - 1e-6)))
    before, after = there[far], there[far + 1]
    change = np.abs(value[far + 1].astype(np.float64) - value[far])
    seconds = np.maximum(np.abs(at_us[after] - at_us[before]) / 1e6, 1.0)
    found: IntArray = after[(origin[after] == origin[before]) & (change / seconds > max_rate)]
    return found


def _stuck(value: FloatArray, there: IntArray, origin: IntArray, at_us: IntArray) -> tuple[list[int], list[int]]:
    """Give the first and the last places of each run of one value, other than 0, that lasts `FROZEN_S` in a message."""
    same = np.flatnonzero(value[1:] == value[:-1])
    same = same[origin[there[same]] == origin[there[same + 1]]]
    begins = np.append(True, np.diff(same) > 1) if len(same) else np.zeros(0, dtype=bool)
    first, last = same[begins], same[np.append(begins[1:], True)[: len(same)]] + 1
    long = (at_us[there[last]] - at_us[there[first]] >= FROZEN_S * 1e6) & (value[first] != 0)
    return first[long].tolist(), last[long].tolist()


def _late(
    origins: Sequence[Origin], origin: IntArray, at_us: IntArray, newest_us: Mapping[str, int]
) -> NDArray[np.bool_]:
    """Whether a row lies `LATE_S` behind what its vehicle had already sent, before the batch or earlier in it."""
    if not len(at_us):
        return np.zeros(0, dtype=bool)
    newest = np.full(len(origins), np.iinfo(np.int64).min)
    np.maximum.at(newest, origin, at_us)
    ahead = dict(newest_us)
    before = np.empty(len(origins), dtype=np.int64)
    never = np.iinfo(np.int64).min + int(LATE_S * 1e6)
    for number, one in enumerate(origins):
        before[number] = ahead.get(one.vehicle, never)
        ahead[one.vehicle] = max(int(before[number]), int(newest[number]))
    return at_us < before[origin] - int(LATE_S * 1e6)
