"""Counts of what ingest has handled, in readings, as a person who compares sent and stored needs them."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from foundation.database import UnitOfWork
from ingest.batch import Batch
from ingest.commands import CommandState
from ingest.readings import Quality
from ingest.tables import boots, commands, rejected, segment_contents, segments, trip_spans


def count_flagged(batch: Batch) -> dict[Quality, int]:
    """Count a batch's readings by each doubt about them; one with two counts twice."""
    found: Counter[Quality] = Counter()
    doubtful = np.flatnonzero(batch.quality)
    if not len(doubtful) and not batch.doubts:
        return found
    for name, values in batch.signals.items():
        flags, own = batch.quality[doubtful][~np.isnan(values[doubtful])], batch.doubts.get(name)
        if own is not None:
            flags = np.append(flags, own[~np.isnan(values)])
        for flag in Quality:
            found[flag] += int(np.count_nonzero(flags & np.uint8(flag)))
    return +found


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


def count_files(unit: UnitOfWork) -> dict[str, tuple[int, int]]:
    """Give (files, bytes) of the archive's fresh segments and of its compacted files."""
    fresh = segments.c.day.is_(None)
    rows = unit.connection.execute(
        select(fresh, func.count(), func.coalesce(func.sum(segments.c.bytes), 0)).group_by(fresh)
    )
    found = {is_fresh: (files, int(size)) for is_fresh, files, size in rows}
    return {"fresh": found.get(True, (0, 0)), "compacted": found.get(False, (0, 0))}


def count_due_commands(unit: UnitOfWork) -> int:
    """Count the commands that wait for their device, or for its answer."""
    waiting = commands.c.state.in_([CommandState.APPROVED, CommandState.SENT])
    return unit.connection.execute(select(func.count()).select_from(commands).where(waiting)).scalar_one()
