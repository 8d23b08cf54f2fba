"""Counts of what ingest has handled, in readings, as a person who compares sent and stored needs them."""

from dataclasses import dataclass

from sqlalchemy import func, select

from foundation.database import UnitOfWork
from ingest.tables import boots, rejected, segment_contents, trip_spans


@dataclass(frozen=True, slots=True)
class ReadingCounts:
    """`stored` and `rejected` (by reason) count readings, `redelivered` counts messages that came again.

    `trips_waiting`: stretches of driving with readings that have not been judged yet.
    """

    stored: int
    rejected: dict[str, int]
    redelivered: int
    trips_waiting: int


def count_readings(unit: UnitOfWork, organisation: str) -> ReadingCounts:
    """Count everything that devices of the organisation's vehicles have sent."""
    stored = unit.connection.execute(
        select(func.coalesce(func.sum(segment_contents.c.readings), 0)).where(
            segment_contents.c.organisation == organisation
        )
    ).scalar_one()
    reasons = unit.connection.execute(
        select(rejected.c.reason, func.sum(rejected.c.readings))
        .where(rejected.c.organisation == organisation)
        .group_by(rejected.c.reason)
    ).all()
    again = unit.connection.execute(
        select(func.coalesce(func.sum(boots.c.redelivered), 0)).where(boots.c.organisation == organisation)
    ).scalar_one()
    waiting = unit.connection.execute(
        select(func.count())
        .select_from(trip_spans)
        .where(trip_spans.c.organisation == organisation, trip_spans.c.done_revision < trip_spans.c.revision)
    ).scalar_one()
    return ReadingCounts(int(stored), {reason: int(count) for reason, count in reasons}, int(again), waiting)
