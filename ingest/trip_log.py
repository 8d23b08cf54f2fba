"""The trip log: stretches of event time without `SILENCE_S` of silence, per start-up of a device.

The spans are a function of the set of stored rows, whatever the order in which they came: two rows of one boot are
in one span when no gap of `SILENCE_S` lies between them. Arrival decides only when a span is looked at: it is closed

- by later data of the same vehicle, of this boot or of another (a new boot, or silence on the road);
- when its device has said offline since its last row came;
- when nothing came for `SILENCE_S` by the clock;
- when the engine has not been in use for `SILENCE_S` of event time while rows go on (ignition off, device awake).

A closed span whose content has changed since it was last done is due, the oldest first. Where the ignition was off
inside a span, `trips.split_trips` cuts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import text

from foundation.database import UnitOfWork
from ingest.batch import Batch, from_us
from ingest.trips import SILENCE_S

SILENCE = timedelta(seconds=SILENCE_S)


@dataclass(frozen=True, slots=True)
class TripSpan:
    """One stretch of one boot, both ends included; `revision` counts changes of its content."""

    vehicle: str
    organisation: str
    boot: str
    start: datetime
    end: datetime
    revision: int
    device: str = ""
    id: int = 0


@dataclass(slots=True)
class _Stretch:
    """A span in the making: of the batch, of the table, or of both."""

    device: str
    boot: str
    vehicle: str
    organisation: str
    partition: int
    start: datetime
    end: datetime
    in_use_until: datetime | None
    arrived: datetime
    revision: int = 1
    done_revision: int = 0
    ids: tuple[int, ...] = ()


def touch(unit: UnitOfWork, batch: Batch) -> None:
    """Extend, join and begin spans by the rows of a batch, in the transaction that stores them."""
    new = _stretches(batch)
    if not new:
        return
    merged = _merge(new, _near(unit, new))
    gone = [number for stretch in merged for number in stretch.ids[1:]]
    if gone:
        unit.later("DELETE FROM trip_spans WHERE id = ANY(%(gone)s)", {"gone": gone})
    known = [stretch for stretch in merged if stretch.ids]
    if known:
        unit.later(_UPDATE, {"ids": [it.ids[0] for it in known], **_arrays(known)})
    fresh = [stretch for stretch in merged if not stretch.ids]
    if fresh:
        whose = {
            "vehicles": [it.vehicle for it in fresh],
            "organisations": [it.organisation for it in fresh],
            "devices": [it.device for it in fresh],
            "boots": [it.boot for it in fresh],
            "partitions": [it.partition for it in fresh],
        }
        unit.later(_INSERT, {**whose, **_arrays(fresh)})


def due(unit: UnitOfWork, now: datetime, limit: int = 100) -> list[TripSpan]:
    """Give closed spans that have changed since they were done, oldest first; locked until the unit ends.

    Spans that another worker holds are skipped.
    """
    rows = unit.connection.execute(_DUE, {"quiet_since": now - SILENCE, "silence": SILENCE, "limit": limit})
    return [
        TripSpan(it.vehicle, it.organisation, it.boot, it.start_at, it.end_at, it.revision, it.device, it.id)
        for it in rows
    ]


def of_vehicle(unit: UnitOfWork, vehicle: str) -> list[TripSpan]:
    """Give every stretch that is known of a vehicle, the oldest first."""
    rows = unit.connection.execute(_OF_VEHICLE, {"vehicle": vehicle})
    return [
        TripSpan(it.vehicle, it.organisation, it.boot, it.start_at, it.end_at, it.revision, it.device, it.id)
        for it in rows
    ]


def done(unit: UnitOfWork, spans: Sequence[TripSpan]) -> None:
    """Note that these spans were dealt with as they were at their revision."""
    unit.connection.execute(
        text(
            "UPDATE trip_spans s SET done_revision = greatest(s.done_revision, d.revision)"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:revisions AS int[])) AS d (id, revision) WHERE s.id = d.id"
        ),
        {"ids": [it.id for it in spans], "revisions": [it.revision for it in spans]},
    )


def _stretches(batch: Batch) -> list[_Stretch]:
    """Cut the batch's rows, per device and boot, where `SILENCE` lies between two."""
    if not batch.rows:
        return []
    rank = batch.ranks("device", "boot")
    order = batch.order("vehicle", "device", "boot")
    boot, at_us = rank[batch.origin][order], batch.at_us[order]
    in_use = np.zeros(batch.rows, dtype=bool)
    for name in ("engine_speed", "vehicle_speed"):
        if name in batch.signals:
            in_use |= batch.signals[name] > 0
    use_us = np.where(in_use, batch.at_us, -1)[order]
    arrived = np.array([it.arrived_us for it in batch.origins], dtype=np.int64)[batch.origin][order]
    cuts = np.flatnonzero((np.diff(boot) != 0) | (np.diff(at_us) >= SILENCE_S * 1e6)) + 1
    begins = np.append(0, cuts)
    ends = np.append(cuts, len(at_us)) - 1
    whose = dict(zip(rank.tolist(), batch.origins, strict=True))
    latest_use, latest_arrival = np.maximum.reduceat(use_us, begins), np.maximum.reduceat(arrived, begins)
    stretches = []
    for first, last, used, came in zip(begins, ends, latest_use, latest_arrival, strict=True):
        it = whose[int(boot[first])]
        stretches.append(
            _Stretch(
                it.device,
                it.boot,
                it.vehicle,
                it.organisation,
                it.partition,
                from_us(int(at_us[first])),
                from_us(int(at_us[last])),
                from_us(int(used)) if used >= 0 else None,
                from_us(int(came)),
            )
        )
    return stretches


def _near(unit: UnitOfWork, new: Sequence[_Stretch]) -> list[_Stretch]:
    """Give the known spans that one of the new stretches joins."""
    rows = unit.connection.execute(
        _NEAR,
        {
            "devices": [it.device for it in new],
            "boots": [it.boot for it in new],
            "starts": [it.start for it in new],
            "ends": [it.end for it in new],
            "silence": SILENCE,
        },
    )
    return [
        _Stretch(
            it.device,
            it.boot,
            it.vehicle,
            it.organisation,
            it.partition,
            it.start_at,
            it.end_at,
            it.in_use_until,
            it.last_arrived_at,
            it.revision,
            it.done_revision,
            (it.id,),
        )
        for it in rows
    ]


def _merge(new: Sequence[_Stretch], known: Sequence[_Stretch]) -> list[_Stretch]:
    """Join stretches with less than `SILENCE` between them; gives those that something new has gone into."""
    merged: list[_Stretch] = []
    for it in sorted([*known, *new], key=lambda it: (it.device, it.boot, it.start)):
        last = merged[-1] if merged else None
        if last and (last.device, last.boot) == (it.device, it.boot) and it.start - last.end < SILENCE:
            _join(last, it)
        else:
            merged.append(it)
    return merged


def _join(into: _Stretch, other: _Stretch) -> None:
    uses = [it for it in (into.in_use_until, other.in_use_until) if it is not None]
    # Rows of a standing engine, long after it was last in use, add nothing to the trip: they do not reopen it.
    idle = not (into.ids and other.ids) and _adds_only_idle_rows(into, other)
    revision = max(into.revision, other.revision)
    into.revision = revision if idle else revision + 1
    into.done_revision = max(into.done_revision, other.done_revision)
    into.start, into.end = min(into.start, other.start), max(into.end, other.end)
    into.in_use_until = max(uses, default=None)
    into.arrived = max(into.arrived, other.arrived)
    into.ids += other.ids


def _adds_only_idle_rows(one: _Stretch, other: _Stretch) -> bool:
    known, added = (one, other) if one.ids else (other, one)
    used = known.in_use_until
    return bool(known.ids) and used is not None and added.in_use_until is None and added.start >= used + SILENCE


def _arrays(stretches: Sequence[_Stretch]) -> dict[str, list[Any]]:
    return {
        "starts": [it.start for it in stretches],
        "ends": [it.end for it in stretches],
        "uses": [it.in_use_until for it in stretches],
        "arrivals": [it.arrived for it in stretches],
        "revisions": [it.revision for it in stretches],
        "dones": [it.done_revision for it in stretches],
    }


_NEAR = text(
    """
    SELECT DISTINCT s.* FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[]), CAST(:starts AS timestamptz[]),
        CAST(:ends AS timestamptz[])) AS n (device, boot, start_at, end_at)
    JOIN trip_spans s ON s.device = n.device AND s.boot = n.boot
        AND s.start_at < n.end_at + :silence AND s.end_at > n.start_at - :silence
    """
)
_UPDATE = """
    UPDATE trip_spans s SET start_at = n.start_at, end_at = n.end_at, in_use_until = n.in_use_until,
        last_arrived_at = n.arrived, revision = n.revision, done_revision = n.done
    FROM unnest(CAST(%(ids)s AS bigint[]), CAST(%(starts)s AS timestamptz[]), CAST(%(ends)s AS timestamptz[]),
        CAST(%(uses)s AS timestamptz[]), CAST(%(arrivals)s AS timestamptz[]), CAST(%(revisions)s AS int[]),
        CAST(%(dones)s AS int[])) AS n (id, start_at, end_at, in_use_until, arrived, revision, done)
    WHERE s.id = n.id
"""
_INSERT = """
    INSERT INTO trip_spans (vehicle, organisation, device, boot, partition, start_at, end_at, in_use_until,
        last_arrived_at, revision, done_revision)
    SELECT * FROM unnest(CAST(%(vehicles)s AS text[]), CAST(%(organisations)s AS text[]), CAST(%(devices)s AS text[]),
        CAST(%(boots)s AS text[]), CAST(%(partitions)s AS smallint[]), CAST(%(starts)s AS timestamptz[]),
        CAST(%(ends)s AS timestamptz[]), CAST(%(uses)s AS timestamptz[]), CAST(%(arrivals)s AS timestamptz[]),
        CAST(%(revisions)s AS int[]), CAST(%(dones)s AS int[]))
"""
_OF_VEHICLE = text("SELECT * FROM trip_spans WHERE vehicle = :vehicle ORDER BY start_at, id")
_DUE = text(
    """
    SELECT s.* FROM trip_spans s
    WHERE s.done_revision < s.revision AND (
        s.last_arrived_at <= :quiet_since
        OR s.end_at - s.in_use_until >= :silence
        OR EXISTS (SELECT 1 FROM trip_spans l WHERE l.vehicle = s.vehicle AND l.start_at > s.end_at)
        OR EXISTS (
            SELECT 1 FROM device_states d
            WHERE d.device = s.device AND NOT d.online AND d.reported_at >= s.last_arrived_at
        )
    )
    ORDER BY s.start_at, s.id LIMIT :limit FOR UPDATE OF s SKIP LOCKED
    """
)
