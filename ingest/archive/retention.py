"""Retention: what is kept for a number of days, per class of data, and then forgotten a little at a time."""

from dataclasses import dataclass
from datetime import UTC, timedelta

from sqlalchemy import delete, select, text, update

from foundation.database import UnitOfWork
from ingest.archive import manifest
from ingest.commit import lock_partitions
from ingest.tables import dtc_reports, rejected, rejected_messages, segment_contents, segment_erasures, segments


@dataclass(frozen=True, slots=True)
class Retention:
    """Days for which each class of data is kept; 0: for ever.

    Readings and reports of trouble codes by their event time; rejected payloads, with the details of why, from their
    arrival (what was rejected, and how much, is still counted); message keys from the last word of their boot.
    """

    readings: int = 0
    rejected: int = 0
    keys: int = 0
    dtcs: int = 0


def forget_readings(unit: UnitOfWork, days: int, limit: int = 200) -> int:
    """Take compacted files of days that have passed out of the manifest; gives how many."""
    manifest.rewriting(unit)
    oldest = (unit.now() - timedelta(days=days)).astimezone(UTC).date()
    due = select(segments.c.name).where(segments.c.day < oldest).order_by(segments.c.day, segments.c.name).limit(limit)
    names = list(unit.connection.execute(due).scalars())
    for table in (segment_contents, segment_erasures):
        unit.connection.execute(table.delete().where(table.c.segment.in_(names)))
    manifest.drop(unit, names)
    return len(names)


def forget_rejected(unit: UnitOfWork, days: int, limit: int = 1000) -> int:
    """Empty payloads of rejected messages, and the words that quote them; gives of how many."""
    due = (
        select(rejected_messages.c.id)
        .where(rejected_messages.c.arrived_at < unit.now() - timedelta(days=days), rejected_messages.c.payload != b"")
        .limit(limit)
    )
    names = list(unit.connection.execute(due).scalars())
    unit.connection.execute(update(rejected).where(rejected.c.message.in_(names)).values(detail=""))
    unit.connection.execute(update(rejected_messages).where(rejected_messages.c.id.in_(names)).values(payload=b""))
    return len(names)


def forget_dtcs(unit: UnitOfWork, days: int) -> int:
    """Delete reports of trouble codes; the newest word of each control unit stays."""
    return unit.connection.execute(
        delete(dtc_reports).where(dtc_reports.c.at < unit.now() - timedelta(days=days))
    ).rowcount


def forget_keys(unit: UnitOfWork, days: int, limit: int = 100) -> int:
    """Delete message keys of boots that ended long ago, up to `through_seq`; gives of how many boots.

    Which message was handled is still known: one that comes again is told by `boots.forgotten_seq`.
    """
    due = unit.connection.execute(
        text(
            "SELECT device, boot, partition, through_seq FROM boots WHERE last_arrived_at < :before"
            " AND through_seq > coalesce(forgotten_seq, 0) ORDER BY last_arrived_at LIMIT :limit"
        ),
        {"before": unit.now() - timedelta(days=days), "limit": limit},
    ).all()
    if not due:
        return 0
    lock_partitions(unit, (row.partition for row in due))
    boots = {"devices": [row.device for row in due], "boots": [row.boot for row in due]}
    unit.connection.execute(
        text(
            "WITH them AS (UPDATE boots b SET forgotten_seq = b.through_seq"
            " FROM unnest(CAST(:devices AS text[]), CAST(:boots AS text[])) AS w (device, boot)"
            " WHERE b.device = w.device AND b.boot = w.boot RETURNING b.device, b.boot, b.through_seq)"
            " DELETE FROM message_keys k USING them t"
            " WHERE k.device = t.device AND k.boot = t.boot AND k.seq <= t.through_seq"
        ),
        boots,
    )
    return len(due)


def forget(unit: UnitOfWork, keep: Retention) -> int:
    """Forget some of what has served its time, of every class; gives how much, 0: nothing is due."""
    done = 0
    for days, act in (
        (keep.readings, forget_readings),
        (keep.rejected, forget_rejected),
        (keep.dtcs, forget_dtcs),
        (keep.keys, forget_keys),
    ):
        if days:
            done += act(unit, days)
    return done
