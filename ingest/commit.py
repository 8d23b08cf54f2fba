"""The commit: identities first, then what hangs on them; every function is one statement per table for a whole batch.

A message is identified once by (device, boot, seq), whether it was stored or rejected; a redelivery is neither.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import text

from foundation.database import UnitOfWork
from ingest.bulk import array_of
from ingest.partitions import partition_of
from ingest.registry import Owner
from ingest.topics import Kind, topic_of

_PARTITION_LOCKS = 0x1F0C


class Key(NamedTuple):
    """The identity of a message."""

    device: str
    boot: str
    seq: int


class Handled(Struct, frozen=True):
    """One delivery of a message with an identity; `fresh`: it had not been handled before.

    What is not `counted` has no neighbours: no boot of its own, no gaps, no answer.
    """

    key: Key
    floor: int | None
    fresh: bool
    arrived_at: datetime
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """A message to a device."""

    topic: str
    payload: bytes


def lock_partitions(unit: UnitOfWork, partitions: Iterable[int]) -> None:
    """Let one transaction at a time write a partition: also while a killed worker's last commit is still under way."""
    unit.connection.execute(
        text("SELECT pg_advisory_xact_lock(:kind, it) FROM unnest(CAST(:partitions AS int[])) AS it"),
        {"kind": _PARTITION_LOCKS, "partitions": sorted(set(partitions))},
    )


def claim(unit: UnitOfWork, keys: Iterable[Key], owners: Mapping[str, Owner]) -> set[Key]:
    """Write down identities and give those that are new; the others were handled before."""
    wanted = sorted(set(keys))
    if not wanted:
        return set()
    senders: dict[_Boot, int] = {}
    places = [senders.setdefault((key.device, key.boot), len(senders) + 1) for key in wanted]
    claimed = unit.connection.execute(
        _CLAIM,
        {
            **_arrays(senders),
            "partitions": [partition(device, owners) for device, _ in senders],
            "senders": array_of(places),
            "seqs": array_of([key.seq for key in wanted]),
            "wanted": len(wanted),
        },
    ).one()
    if claimed.number == len(wanted):
        return set(wanted)
    return set(map(Key, claimed.devices or (), claimed.boots or (), claimed.seqs or ()))


# Nearly always all are new: they are named only when they are not.
_CLAIM = text(
    """
    WITH new AS (
        INSERT INTO message_keys (device, boot, seq, partition)
        SELECT s.device, s.boot, w.seq, s.partition
        FROM unnest(CAST(:senders AS bigint[]), CAST(:seqs AS bigint[])) AS w (sender, seq)
        JOIN unnest(CAST(:devices AS text[]), CAST(:boots AS text[]), CAST(:partitions AS smallint[])) WITH ORDINALITY
            AS s (device, boot, partition, number) ON s.number = w.sender
        WHERE NOT EXISTS (
            SELECT FROM boots b WHERE b.device = s.device AND b.boot = s.boot AND b.forgotten_seq >= w.seq
        )
        ON CONFLICT DO NOTHING RETURNING device, boot, seq
    )
    SELECT number,
        CASE WHEN number < :wanted THEN (SELECT array_agg(device ORDER BY device, boot, seq) FROM new) END AS devices,
        CASE WHEN number < :wanted THEN (SELECT array_agg(boot ORDER BY device, boot, seq) FROM new) END AS boots,
        CASE WHEN number < :wanted THEN (SELECT array_agg(seq ORDER BY device, boot, seq) FROM new) END AS seqs
    FROM (SELECT count(*) AS number FROM new) AS counted
    """
)


def partition(device: str, owners: Mapping[str, Owner]) -> int:
    """Give the partition of a device's vehicle; a device of nobody's counts as a vehicle of its own."""
    owner = owners.get(device)
    return owner.partition if owner else partition_of(device)


def answer(unit: UnitOfWork, handled: Sequence[Handled], owners: Mapping[str, Owner]) -> list[Reply]:
    """Move every boot of the batch forward and say what is committed once this unit is.

    `through_seq` is the end of what was handled without a gap. A gap below the sender's floor never comes any more:
    it is counted, and passed over. What was handled beyond the first gap is told as ranges (`also`).
    """
    batches = _by_boot(handled)
    if not batches:
        return []
    stands = _stands(unit, batches)
    counted = _count_handled(unit, {boot: (it.before, it.base) for boot, it in stands.items() if it.base > it.before})
    replies, rows = [], []
    for boot, batch in batches.items():
        before, base, also = stands[boot]
        through = also.pop(0)[1] if also and also[0][0] == base + 1 else base
        gaps = base - before - counted.get(boot, 0) - sum(1 for seq in batch.fresh if seq <= before)
        document = {"boot": boot[1], "through_seq": through, "also": [list(island) for island in also]}
        replies.append(Reply(topic_of(boot[0], Kind.COMMITTED), json.dumps(document).encode()))
        rows.append(_row(boot, batch, owners, through, gaps))
    _store(unit, rows)
    return replies


@dataclass(slots=True)
class _BootBatch:
    floor: int | None
    fresh: list[int]
    redelivered: int
    first: datetime
    last: datetime


_Boot = tuple[str, str]


def _by_boot(handled: Sequence[Handled]) -> dict[_Boot, _BootBatch]:
    batches: dict[_Boot, _BootBatch] = {}
    for one in handled:
        if not one.counted:
            continue
        boot = (one.key.device, one.key.boot)
        batch = batches.setdefault(boot, _BootBatch(one.floor, [], 0, one.arrived_at, one.arrived_at))
        if one.floor is not None:
            batch.floor = max(one.floor, batch.floor or 0)
        if one.fresh:
            batch.fresh.append(one.key.seq)
        else:
            batch.redelivered += 1
        batch.first, batch.last = min(batch.first, one.arrived_at), max(batch.last, one.arrived_at)
    return batches


def _arrays(wanted: Iterable[_Boot]) -> dict[str, list[str]]:
    pairs = list(wanted)
    return {"devices": [device for device, _ in pairs], "boots": [boot for _, boot in pairs]}


class _Stand(NamedTuple):
    """How far a boot was handled before the batch, from where on is looked, and the runs of handled seqs above that."""

    before: int
    base: int
    runs: list[tuple[int, int]]


def _stands(unit: UnitOfWork, batches: Mapping[_Boot, _BootBatch]) -> dict[_Boot, _Stand]:
    floors = [batch.floor or 0 for batch in batches.values()]
    # A boot begins with seq 1 unless its sender holds a 0.
    begins = [-1 if batch.floor == 0 else 0 for batch in batches.values()]
    stands: dict[_Boot, _Stand] = {}
    for row in unit.rows(_STANDS, {**_arrays(batches), "begins": begins, "floors": floors}):
        stand = stands.setdefault((row.device, row.boot), _Stand(row.before, row.base, []))
        if row.first is not None:
            stand.runs.append((row.first, row.last))
    return stands


_STANDS = """
    WITH wanted AS (
        SELECT w.device, w.boot, coalesce(b.through_seq, w.begin) AS before,
            greatest(coalesce(b.through_seq, w.begin), w.floor - 1) AS base
        FROM unnest(CAST(%(devices)s AS text[]), CAST(%(boots)s AS text[]), CAST(%(begins)s AS bigint[]),
            CAST(%(floors)s AS bigint[])) AS w (device, boot, begin, floor)
        LEFT JOIN boots b ON b.device = w.device AND b.boot = w.boot
    )
    SELECT w.*, runs.first, runs.last
    FROM wanted w LEFT JOIN LATERAL (
        SELECT min(seq) AS first, max(seq) AS last
        FROM (
            SELECT k.seq, k.seq - row_number() OVER (ORDER BY k.seq) AS run
            FROM message_keys k WHERE k.device = w.device AND k.boot = w.boot AND k.seq > w.base
        ) AS numbered
        GROUP BY run
    ) AS runs ON true
    ORDER BY device, boot, first
"""


def _count_handled(unit: UnitOfWork, ranges: Mapping[_Boot, tuple[int, int]]) -> dict[_Boot, int]:
    """Count what was handled of (above, through], per boot."""
    if not ranges:
        return {}
    rows = unit.connection.execute(
        text(
            "SELECT k.device, k.boot, count(*) AS handled"
            " FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[]), CAST(:above AS bigint[]),"
            "  CAST(:through AS bigint[])) AS w (device, boot, above, through)"
            " JOIN message_keys k ON k.device = w.device AND k.boot = w.boot"
            "  AND k.seq > w.above AND k.seq <= w.through"
            " GROUP BY k.device, k.boot"
        ),
        {
            **_arrays(ranges),
            "above": [above for above, _ in ranges.values()],
            "through": [through for _, through in ranges.values()],
        },
    )
    return {(row.device, row.boot): row.handled for row in rows}


def _store(unit: UnitOfWork, rows: Sequence[tuple[object, ...]]) -> None:
    columns = zip(*rows, strict=True)
    unit.later(_UPSERT, dict(zip(_COLUMNS, map(list, columns), strict=True)))


def _row(boot: _Boot, batch: _BootBatch, owners: Mapping[str, Owner], through: int, gaps: int) -> tuple[object, ...]:
    owner = owners.get(boot[0])
    whose = (owner.vehicle, owner.organisation) if owner else (None, None)
    counts = (through, gaps, batch.redelivered)
    return (*boot, *whose, partition(boot[0], owners), *counts, batch.first, batch.last)


_COLUMNS = (
    "devices",
    "boots",
    "vehicles",
    "organisations",
    "partitions",
    "through",
    "gaps",
    "redelivered",
    "first",
    "last",
)
_UPSERT = """
    INSERT INTO boots AS b (device, boot, vehicle, organisation, partition, through_seq, gaps, redelivered,
        first_arrived_at, last_arrived_at)
    SELECT * FROM unnest(
        CAST(%(devices)s AS text[]), CAST(%(boots)s AS text[]), CAST(%(vehicles)s AS text[]),
        CAST(%(organisations)s AS text[]), CAST(%(partitions)s AS smallint[]), CAST(%(through)s AS bigint[]),
        CAST(%(gaps)s AS bigint[]),
        CAST(%(redelivered)s AS bigint[]), CAST(%(first)s AS timestamptz[]), CAST(%(last)s AS timestamptz[])
    )
    ON CONFLICT (device, boot) DO UPDATE SET
        through_seq = excluded.through_seq, gaps = b.gaps + excluded.gaps,
        redelivered = b.redelivered + excluded.redelivered,
        last_arrived_at = greatest(b.last_arrived_at, excluded.last_arrived_at)
"""
