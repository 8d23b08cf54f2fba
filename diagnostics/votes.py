"""The store of votes and findings: trips recorded in any order, judged in event-time order, raised once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from diagnostics.baseline import REACH_S, Compared
from diagnostics.findings import Evidence
from diagnostics.fusion import Predicted, nothing_measured, predict_histories
from diagnostics.modes import MODES, FaultMode, Measured
from diagnostics.monitor import TripVerdict
from diagnostics.predictor import FaultPredictor, Predictor
from diagnostics.tables import trip_votes
from foundation.database import UnitOfWork

_REACH = timedelta(seconds=REACH_S)


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
            trip_votes.c.vehicle == vehicle, trip_votes.c.started_at >= first, trip_votes.c.started_at <= last + _REACH
        )
        .values(stale=True)
    )


def predict_stale(unit: UnitOfWork, predictor: Predictor, vehicles: Sequence[str]) -> None:
    """Predict every vote of these vehicles that is new, stands on changed trips or is another predictor's.

    All faults of a trip are predicted together, since each sees what the others show.
    """
    first = (
        select(trip_votes.c.vehicle, func.min(trip_votes.c.started_at).label("at"))
        .where(trip_votes.c.vehicle.in_(vehicles), trip_votes.c.fault.in_(list(predictor.faults)))
        .where(trip_votes.c.stale | trip_votes.c.predictor.is_distinct_from(predictor.version))
        .group_by(trip_votes.c.vehicle)
        .subquery()
    )
    rows = unit.connection.execute(
        select(
            trip_votes.c.vehicle, trip_votes.c.boot, trip_votes.c.started_at, trip_votes.c.fault,
            trip_votes.c.observed_s, trip_votes.c.measures,
            (trip_votes.c.stale | trip_votes.c.predictor.is_distinct_from(predictor.version)).label("due"),
        )
        .join(first, trip_votes.c.vehicle == first.c.vehicle)
        .where(trip_votes.c.fault.in_(list(predictor.faults)), trip_votes.c.started_at >= first.c.at - _REACH)
        .order_by(trip_votes.c.vehicle, trip_votes.c.started_at, trip_votes.c.boot)
    ).all()  # fmt: skip
    if rows:
        _write(unit, predictor, rows)


def _write(unit: UnitOfWork, predictor: Predictor, rows: Sequence[Row[Any]]) -> None:
    trips: dict[tuple[str, datetime, str], int] = {}
    for row in rows:
        trips.setdefault((row.vehicle, row.started_at, row.boot), len(trips))
    place = [trips[row.vehicle, row.started_at, row.boot] for row in rows]
    measured = nothing_measured(len(trips))
    for row, trip in zip(rows, place, strict=True):
        shown = measured[row.fault]
        shown.values[trip] = [row.measures.get(measure.name) for measure in MODES[row.fault].measures]
        shown.observed_s[trip] = row.observed_s
    _, vehicle = np.unique([name for name, _, _ in trips], return_inverse=True)
    start_s = np.array([instant.timestamp() for _, instant, _ in trips])
    due = np.unique([trip for row, trip in zip(rows, place, strict=True) if row.due])
    said = predict_histories(predictor, measured, vehicle.astype(np.int64), start_s, due)
    answers = [
        {
            "of_vehicle": row.vehicle, "of_boot": row.boot, "of_start": row.started_at, "of_fault": row.fault,
            **_answer(predictor, said, measured, row.fault, trip),
        }
        for row, trip in zip(rows, place, strict=True)
        if row.due
    ]  # fmt: skip
    unit.connection.execute(
        update(trip_votes)
        .where(
            trip_votes.c.fault == bindparam("of_fault"),
            trip_votes.c.vehicle == bindparam("of_vehicle"),
            trip_votes.c.boot == bindparam("of_boot"),
            trip_votes.c.started_at == bindparam("of_start"),
        )
        .values(
            probability=bindparam("probability"),
            severity=bindparam("severity"),
            lead_days=bindparam("lead_days"),
            evidence=bindparam("evidence"),
            predictor=predictor.version,
            stale=False,
        ),
        answers,
    )


def _answer(
    predictor: Predictor, said: Predicted, measured: Mapping[str, Measured], fault: str, trip: int
) -> dict[str, Any]:
    column = said.faults.index(fault)
    probability = said.probability[trip, column]
    known = not np.isnan(probability)
    return {
        "probability": float(probability) if known else None,
        "severity": float(said.severity[trip, column]) if known else 0.0,
        "lead_days": lead_of(said, trip, column),
        "evidence": [asdict(reason) for reason in reasons(predictor, said, measured, fault, trip)],
    }


def lead_of(said: Predicted, trip: int, column: int) -> list[float] | None:
    """Give low, middle and high of the days to the trouble code; None where nothing is promised."""
    days = said.lead_days[trip, column]
    return None if np.isnan(days).any() else [round(float(day), 1) for day in days]


def reasons(
    predictor: Predictor, said: Predicted, measured: Mapping[str, Measured], fault: str, trip: int
) -> tuple[Evidence, ...]:
    """Give the evidence of one trip; none for a trip that does not vote."""
    probability = said.probability[trip, said.faults.index(fault)]
    learnt = predictor.faults[fault]
    if np.isnan(probability) or probability < min(learnt.limit(0.0), learnt.vote_at):
        return ()
    mode: FaultMode = MODES[fault]
    compared: Compared = said.compared[fault]
    return mode.evidence(measured[fault].values[trip], compared.normal.expected[trip], compared.normal.own[trip])


def verdicts(unit: UnitOfWork, vehicle: str, faults: Mapping[str, FaultPredictor]) -> dict[str, list[TripVerdict]]:
    """Give what every trip of a vehicle says of each fault that any trip voted for, in event-time order."""
    lowest = min((min(one.limit(0.0), one.vote_at) for one in faults.values()), default=0.0)
    shown = trip_votes.c.stop_at.is_not(None) | (trip_votes.c.probability >= lowest)
    here = trip_votes.c.vehicle == vehicle
    first = select(func.min(trip_votes.c.started_at)).where(here).scalar_subquery()
    rows = unit.connection.execute(
        select(
            trip_votes.c.fault, trip_votes.c.started_at, trip_votes.c.ended_at, trip_votes.c.probability,
            trip_votes.c.severity, trip_votes.c.evidence, trip_votes.c.stop_at, trip_votes.c.stop_evidence,
            trip_votes.c.lead_days, func.extract("epoch", trip_votes.c.started_at - first).label("age_s"),
        )
        .where(here, trip_votes.c.fault.in_(select(trip_votes.c.fault).where(here, shown)))
        .where(trip_votes.c.fault.in_(list(faults)))
        .order_by(trip_votes.c.fault, trip_votes.c.started_at, trip_votes.c.ended_at, trip_votes.c.boot)
    )  # fmt: skip
    made: dict[str, list[TripVerdict]] = {}
    for row in rows:
        verdict = TripVerdict(
            row.started_at.astimezone(UTC),
            row.ended_at.astimezone(UTC),
            row.probability,
            row.severity,
            tuple(Evidence(**reason) for reason in row.evidence),
            row.stop_at.astimezone(UTC) if row.stop_at else None,
            Evidence(**row.stop_evidence) if row.stop_evidence else None,
            faults[row.fault].limit(float(row.age_s)),
            tuple(row.lead_days) if row.lead_days else None,
            needed=faults[row.fault].votes,
        )
        made.setdefault(row.fault, []).append(verdict)
    return made
