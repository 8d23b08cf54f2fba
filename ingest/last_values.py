"""The newest value of every signal of a vehicle: it moves forward only, whatever the order of arrival."""

from collections.abc import Sequence

import numpy as np

from foundation.database import UnitOfWork
from ingest.batch import Batch, IntArray, from_us
from ingest.bulk import array_of
from ingest.readings import FloatArray

TAIL = 128  # rows of a vehicle, its newest: most signals have a value among them, so that the others are not looked at


def move(unit: UnitOfWork, batch: Batch) -> None:
    """Take over what is newer by (event time, boot, seq, position); retained messages are not live and move nothing."""
    live = np.array([not it.retained for it in batch.origins], dtype=bool)
    if not batch.rows or not live.any():
        return
    order = batch.order("vehicle")
    if not live.all():
        order = order[live[batch.origin[order]]]
    vehicle = batch.ranks("vehicle")[batch.origin[order]]
    begins = np.flatnonzero(np.append(np.ones(1, dtype=bool), np.diff(vehicle) != 0))
    ends = np.append(begins[1:], len(order))
    tails = np.maximum(begins, ends - TAIL)
    sizes = ends - tails
    tail_begins = np.append(0, np.cumsum(sizes)[:-1])
    tail = order[np.repeat(tails - tail_begins, sizes) + np.arange(int(sizes.sum()))]
    names = sorted(batch.signals)
    picked: list[IntArray] = []
    for name in names:
        last = _last(batch.signals[name], tail, tail_begins)
        if (last < 0).any():
            last = _last(batch.signals[name], order, begins)
        picked.append(last[last >= 0])
    _store(unit, batch, names, picked)


def _last(values: FloatArray, order: IntArray, begins: IntArray) -> IntArray:
    """Give for each stretch of `order` its last row with a value; -1 for none."""
    last = np.maximum.reduceat(np.where(np.isnan(values[order]), -1, np.arange(len(order))), begins)
    return np.where(last < 0, -1, order[last])


def _store(unit: UnitOfWork, batch: Batch, names: Sequence[str], picked: Sequence[IntArray]) -> None:
    """Send the newest rows per signal as arrays of numbers, and what many of them share (their messages) once."""
    rows = np.concatenate(picked)
    if not len(rows):
        return
    quality = [
        batch.quality[them] | batch.doubts.get(name, batch.quality)[them]
        for name, them in zip(names, picked, strict=True)
    ]
    used, origin = np.unique(batch.origin[rows], return_inverse=True)
    origins = [batch.origins[number] for number in used]
    values = {
        "vehicles": [it.vehicle for it in origins],
        "partitions": [it.partition for it in origins],
        "boots": [it.boot for it in origins],
        "seqs": [it.seq for it in origins],
        "arrivals": [from_us(it.arrived_us) for it in origins],
        "names": list(names),
        "origin": array_of(origin + 1),
        "name": array_of(np.repeat(np.arange(len(names)), [len(them) for them in picked]) + 1),
        "value": array_of(
            np.concatenate([batch.signals[name][them] for name, them in zip(names, picked, strict=True)])
        ),
        "at_us": array_of(batch.at_us[rows]),
        "position": array_of(batch.position[rows]),
        "quality": array_of(np.concatenate(quality)),
    }
    unit.later(_UPSERT, values)


_UPSERT = """
    WITH origins AS (
        SELECT * FROM unnest(CAST(%(vehicles)s AS text[]), CAST(%(partitions)s AS smallint[]),
            CAST(%(boots)s AS text[]), CAST(%(seqs)s AS bigint[]), CAST(%(arrivals)s AS timestamptz[])) WITH ORDINALITY
            AS o (vehicle, partition, boot, seq, arrived_at, number)
    ), signals AS (
        SELECT * FROM unnest(CAST(%(names)s AS text[])) WITH ORDINALITY AS s (signal, number)
    )
    INSERT INTO last_values AS l
        (vehicle, signal, partition, value, at, boot, seq, position, quality, arrived_at)
    SELECT o.vehicle, s.signal, o.partition, v.value,
        timestamptz '1970-01-01 00:00:00Z' + v.at_us * interval '1 microsecond',
        o.boot, o.seq, v.position, v.quality, o.arrived_at
    FROM unnest(CAST(%(origin)s AS bigint[]), CAST(%(name)s AS bigint[]), CAST(%(value)s AS real[]),
        CAST(%(at_us)s AS bigint[]), CAST(%(position)s AS int[]), CAST(%(quality)s AS smallint[]))
        AS v (origin, name, value, at_us, position, quality)
    JOIN origins o ON o.number = v.origin JOIN signals s ON s.number = v.name
    ON CONFLICT (vehicle, signal) DO UPDATE SET
        value = excluded.value, at = excluded.at, boot = excluded.boot, seq = excluded.seq,
        position = excluded.position, quality = excluded.quality, arrived_at = excluded.arrived_at
    WHERE (excluded.at, excluded.boot, excluded.seq, excluded.position) > (l.at, l.boot, l.seq, l.position)
"""
