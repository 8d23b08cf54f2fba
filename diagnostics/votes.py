"""The store of votes and findings: trips recorded in any order, judged in event-time order, raised once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from diagnostics.baseline import MEMORY_S, Compared, compare
from diagnostics.findings import Evidence
from diagnostics.modes import MODES, FaultMode, Measured
from diagnostics.monitor import VOTE_AT, TripVerdict
from diagnostics.predictor import Predictor
from diagnostics.tables import trip_votes
from foundation.database import UnitOfWork

_MEMORY = timedelta(seconds=MEMORY_S)


@dataclass(frozen=True, slots=True)
class TripVote:
    """What one trip shows of one fault, before it is held against the vehicle's other trips.

    `start`..`end` is the span of the trip in the device's `boot`; `measures` by name, None where not shown.
    """

    boot: str
    start: datetime
    end: datetime
    fault: str
    observed_s: float
    measures: Mapping[str, float | None]
    stop_at: datetime | None = None
    stop_evidence: Evidence | None = None


def lock_vehicle(unit: UnitOfWork, vehicle: str) -> None:
    """Let one transaction at a time judge a vehicle; held to the end of the unit. Take several in ascending order."""
    unit.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"diagnostics:{vehicle}", 0))))


def record_trips(unit: UnitOfWork, vehicle: str, organisation: str, trips: Sequence[TripVote]) -> None:
    """Keep what trips show, keyed by (vehicle, trip, fault).

    A span that overlaps an earlier span of the same boot supersedes it: the trip had grown. Recording a trip again
    changes nothing. Later trips of the vehicle that may stand on this one are marked to be predicted again.
    """
    if not trips:
        return
    lock_vehicle(unit, vehicle)
    for trip in trips:
        same = (trip_votes.c.vehicle == vehicle) & (trip_votes.c.fault == trip.fault)
        unit.connection.execute(
            delete(trip_votes).where(
                same,
                trip_votes.c.boot == trip.boot,
                trip_votes.c.started_at <= trip.end,
                trip_votes.c.ended_at >= trip.start,
            )
        )
        unit.connection.execute(
            insert(trip_votes).values(
                vehicle=vehicle,
                organisation=organisation,
                boot=trip.boot,
                started_at=trip.start,
                ended_at=trip.end,
                fault=trip.fault,
                observed_s=trip.observed_s,
                measures=dict(trip.measures),
                stop_at=trip.stop_at,
                stop_evidence=asdict(trip.stop_evidence) if trip.stop_evidence else None,
            )
        )
    first, last = min(trip.start for trip in trips), max(trip.end for trip in trips)
    unit.connection.execute(
        update(trip_votes)
        .where(
            trip_votes.c.vehicle == vehicle, trip_votes.c.started_at >= first, trip_votes.c.started_at <= last + _MEMORY
        )
        .values(stale=True)
    )


def predict_stale(unit: UnitOfWork, predictor: Predictor, vehicles: Sequence[str]) -> None:
    """Predict every vote of these vehicles that is new, stands on changed trips or is another predictor's."""
    for fault in predictor.faults:
        mode = MODES[fault]
        first = (
            select(trip_votes.c.vehicle, func.min(trip_votes.c.started_at).label("at"))
            .where(trip_votes.c.vehicle.in_(vehicles), trip_votes.c.fault == fault)
            .where(trip_votes.c.stale | trip_votes.c.predictor.is_distinct_from(predictor.version))
            .group_by(trip_votes.c.vehicle)
            .subquery()
        )
        rows = unit.connection.execute(
            select(trip_votes)
            .join(first, trip_votes.c.vehicle == first.c.vehicle)
            .where(trip_votes.c.fault == fault, trip_votes.c.started_at >= first.c.at - _MEMORY)
            .order_by(trip_votes.c.vehicle, trip_votes.c.started_at, trip_votes.c.boot)
        ).all()
        if rows:
            _predict(unit, predictor, mode, rows)


def _predict(unit: UnitOfWork, predictor: Predictor, mode: FaultMode, rows: Sequence[Row[Any]]) -> None:
    measured = _measured(mode, rows)
    _, vehicle = np.unique([row.vehicle for row in rows], return_inverse=True)
    compared = compare(mode, measured, vehicle.astype(np.int64), np.array([row.started_at.timestamp() for row in rows]))
    probability, severity = predictor.faults[mode.fault].predict(compared.seen)
    answers = [
        {
            "of_vehicle": row.vehicle,
            "of_boot": row.boot,
            "of_start": row.started_at,
            "probability": float(probability[index]) if row.observed_s >= mode.least_s else None,
            "severity": float(severity[index]) if row.observed_s >= mode.least_s else 0.0,
            "evidence": [asdict(reason) for reason in reasons(mode, measured, compared, probability, index)],
        }
        for index, row in enumerate(rows)
        if row.stale or row.predictor != predictor.version
    ]
    unit.connection.execute(
        update(trip_votes)
        .where(
            trip_votes.c.fault == mode.fault,
            trip_votes.c.vehicle == bindparam("of_vehicle"),
            trip_votes.c.boot == bindparam("of_boot"),
            trip_votes.c.started_at == bindparam("of_start"),
        )
        .values(
            probability=bindparam("probability"),
            severity=bindparam("severity"),
            evidence=bindparam("evidence"),
            predictor=predictor.version,
            stale=False,
        ),
        answers,
    )


def reasons(
    mode: FaultMode, measured: Measured, compared: Compared, probability: np.ndarray[Any, Any], index: int
) -> tuple[Evidence, ...]:
    """Give the evidence of one trip; none for a trip that does not vote."""
    if measured.observed_s[index] < mode.least_s or probability[index] < VOTE_AT:
        return ()
    return mode.evidence(measured.values[index], compared.normal.expected[index], compared.normal.own[index])


def _measured(mode: FaultMode, rows: Sequence[Row[Any]]) -> Measured:
    values = [[row.measures.get(measure.name) for measure in mode.measures] for row in rows]
    return Measured(np.array(values, dtype=np.float32), np.array([row.observed_s for row in rows], dtype=np.float32))


def verdicts(unit: UnitOfWork, vehicle: str, fault: str) -> list[TripVerdict]:
    """Give what every trip of a vehicle says of a fault, in event-time order."""
    rows = unit.connection.execute(
        select(trip_votes)
        .where(trip_votes.c.vehicle == vehicle, trip_votes.c.fault == fault)
        .order_by(trip_votes.c.started_at, trip_votes.c.ended_at, trip_votes.c.boot)
    )
    return [
        TripVerdict(
            row.started_at.astimezone(UTC),
            row.ended_at.astimezone(UTC),
            row.probability,
            row.severity,
            tuple(Evidence(**reason) for reason in row.evidence),
            row.stop_at.astimezone(UTC) if row.stop_at else None,
            Evidence(**row.stop_evidence) if row.stop_evidence else None,
        )
        for row in rows
    ]
