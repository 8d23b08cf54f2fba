"""The excerpt behind a finding: how its strongest measure went from trip to trip, beside what this car should show."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import select

from diagnostics.baseline import MEMORY_S, compare
from diagnostics.modes import MODES, Measured
from diagnostics.tables import trip_votes
from diagnostics.told import get_finding
from foundation.database import UnitOfWork
from foundation.identity import Actor

AFTER = timedelta(days=30)  # shown beyond the moment in which the finding was sure


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One measure over the trips that show it: `value` and what was `expected`, in `unit`, at the begin of each."""

    measure: str
    unit: str
    at: tuple[datetime, ...]
    value: tuple[float, ...]
    expected: tuple[float, ...]


def excerpt(unit: UnitOfWork, actor: Actor, finding: str) -> Excerpt | None:
    """Give the excerpt of a finding that the actor may see; None where its reasons are no measures of trips."""
    told = get_finding(unit, actor, finding)
    mode = MODES.get(told.fault)
    columns = {measure.name: column for column, measure in enumerate(mode.measures)} if mode else {}
    name = next((reason.residual for reason in told.evidence if reason.residual in columns), None)
    if mode is None or name is None:
        return None
    rows = unit.connection.execute(
        select(trip_votes.c.started_at, trip_votes.c.observed_s, trip_votes.c.measures)
        .where(trip_votes.c.vehicle == told.vehicle, trip_votes.c.fault == told.fault)
        .where(trip_votes.c.started_at >= told.first_seen - timedelta(seconds=MEMORY_S))
        .where(trip_votes.c.started_at <= told.confirmed + AFTER)
        .order_by(trip_votes.c.started_at, trip_votes.c.boot)
    ).all()
    if not rows:
        return None
    values = [[row.measures.get(measure.name) for measure in mode.measures] for row in rows]
    measured = Measured(np.array(values, dtype=np.float32), np.array([row.observed_s for row in rows], np.float32))
    begins = np.array([row.started_at.timestamp() for row in rows])
    compared = compare(mode, measured, np.zeros(len(rows), dtype=np.int64), begins)
    shown, normal = measured.values[:, columns[name]], compared.normal.expected[:, columns[name]]
    kept = np.flatnonzero(~np.isnan(shown) & ~np.isnan(normal) & (measured.observed_s >= mode.least_s))
    return Excerpt(
        name,
        mode.measures[columns[name]].unit,
        tuple(rows[int(index)].started_at.astimezone(UTC) for index in kept),
        tuple(round(float(shown[index]), 3) for index in kept),
        tuple(round(float(normal[index]), 3) for index in kept),
    )
