"""The newest value of every signal of a vehicle: it moves forward only, whatever the order of arrival."""

from collections.abc import Iterable

import numpy as np
from sqlalchemy import func, select, text

from foundation.database import UnitOfWork
from ingest.batch import Batch, from_us, to_us
from ingest.tables import last_values


def newest(unit: UnitOfWork, vehicles: Iterable[str]) -> dict[str, int]:
    """Give the newest event time per vehicle, in microseconds since 1970."""
    rows = unit.connection.execute(
        select(last_values.c.vehicle, func.max(last_values.c.at).label("at"))
        .where(last_values.c.vehicle.in_(sorted(vehicles)))
        .group_by(last_values.c.vehicle)
    )
    return {row.vehicle: to_us(row.at) for row in rows}


def move(unit: UnitOfWork, batch: Batch) -> None:
    """Take over what is newer by (event time, boot, seq, position); retained messages are not live and move nothing."""
    live = np.array([not it.retained for it in batch.origins], dtype=bool)
    if not batch.rows or not live.any():
        return
    vehicle = batch.ranks("vehicle")[batch.origin]
    identity = batch.ranks("boot", "seq")[batch.origin]
    order = np.lexsort((batch.position, identity, batch.at_us, vehicle))
    order = order[live[batch.origin[order]]]
    picked: list[tuple[str, int]] = []
    for name in sorted(batch.signals):
        there = order[~np.isnan(batch.signals[name][order])]
        is_last = np.append(np.diff(vehicle[there]) != 0, np.ones(min(len(there), 1), dtype=bool))
        picked += [(name, int(row)) for row in there[is_last]]
    _store(unit, batch, picked)


def _store(unit: UnitOfWork, batch: Batch, picked: list[tuple[str, int]]) -> None:
    origins = [batch.origins[batch.origin[row]] for _, row in picked]
    doubts = batch.doubts
    values = {
        "vehicles": [it.vehicle for it in origins],
        "signals": [name for name, _ in picked],
        "partitions": [it.partition for it in origins],
        "values": [float(batch.signals[name][row]) for name, row in picked],
        "ats": [from_us(int(batch.at_us[row])) for _, row in picked],
        "boots": [it.boot for it in origins],
        "seqs": [it.seq for it in origins],
        "positions": [int(batch.position[row]) for _, row in picked],
        "qualities": [
            int(batch.quality[row]) | (int(doubts[name][row]) if name in doubts else 0) for name, row in picked
        ],
        "arrivals": [from_us(it.arrived_us) for it in origins],
    }
    unit.connection.execute(_UPSERT, values)


_UPSERT = text(
    """
    INSERT INTO last_values AS l
        (vehicle, signal, partition, value, at, boot, seq, position, quality, arrived_at)
    SELECT * FROM unnest(
        CAST(:vehicles AS text[]), CAST(:signals AS text[]), CAST(:partitions AS smallint[]),
        CAST(:values AS real[]), CAST(:ats AS timestamptz[]), CAST(:boots AS text[]), CAST(:seqs AS bigint[]),
        CAST(:positions AS int[]), CAST(:qualities AS smallint[]), CAST(:arrivals AS timestamptz[])
    )
    ON CONFLICT (vehicle, signal) DO UPDATE SET
        value = excluded.value, at = excluded.at, boot = excluded.boot, seq = excluded.seq,
        position = excluded.position, quality = excluded.quality, arrived_at = excluded.arrived_at
    WHERE (excluded.at, excluded.boot, excluded.seq, excluded.position) > (l.at, l.boot, l.seq, l.position)
    """
)
