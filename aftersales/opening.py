"""Opening a case from a finding: once per finding, and once per fault of a vehicle while that case is open."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import CaseState, Wish
from aftersales.moves import DESK, tell
from aftersales.scope import lock_case, lock_vehicle
from aftersales.stopped_cars import alert
from aftersales.tables import case_findings, cases
from aftersales.visits.proposing import propose
from diagnostics.faults import FAULTS
from diagnostics.findings import URGENCY_TEXT, Finding, Urgency
from foundation.database import UnitOfWork, new_id
from foundation.events import append
from foundation.refusals import Invalid
from ingest.vehicles import Vehicle


def open_case(unit: UnitOfWork, finding: Finding, vehicle: Vehicle) -> str:
    """Open a case for a finding and propose a visit, all in this unit; gives the case's id.

    The same finding again changes nothing. Another finding of a fault whose case is still open joins that case. When
    parts or a slot are missing the case opens all the same and says why; nothing is then half held.
    """
    if finding.id is None or finding.fault not in FAULTS or finding.vehicle != vehicle.id:
        raise Invalid(
            "a case is opened from a stored finding of a known fault of this vehicle", why="no_finding_of_car"
        )
    lock_vehicle(unit, vehicle.id)
    known: str | None = unit.connection.execute(
        select(case_findings.c.case).where(case_findings.c.finding == finding.id)
    ).scalar_one_or_none()
    if known is not None:
        return known
    running: str | None = unit.connection.execute(
        select(cases.c.id).where(
            cases.c.vehicle == vehicle.id,
            cases.c.fault == finding.fault,
            cases.c.state.not_in([CaseState.SETTLED, CaseState.DECLINED]),
        )
    ).scalar_one_or_none()
    case = _merge(unit, lock_case(unit, running), finding) if running else _insert(unit, finding, vehicle)
    proposed = propose(unit, case, vehicle) if case.state == CaseState.OPEN else None
    if case.urgency == Urgency.S0:
        alert(unit, case, vehicle, proposed)
    return str(case.id)


def insert_case(unit: UnitOfWork, vehicle: Vehicle, wish: Wish, actor: str, **values: Any) -> Row[Any]:
    """Store a new open case of a vehicle and tell of it on its own feed and on the vehicle's; gives its row."""
    case = new_id("case")
    now = unit.now()
    row = unit.connection.execute(
        insert(cases)
        .values(
            id=case,
            organisation=vehicle.organisation,
            vehicle=vehicle.id,
            wish=wish.value,
            state=CaseState.OPEN.value,
            reasons=[],
            questions=[],
            opened_at=now,
            updated_at=now,
            **values,
        )
        .returning(cases)
    ).one()
    told = {"case": case, "wish": wish.value, "fault": row.fault, "urgency": row.urgency}
    tell(unit, case, "case_opened", actor, **told)
    append(unit, vehicle.id, "case_opened", told, actor)
    return row


def _insert(unit: UnitOfWork, finding: Finding, vehicle: Vehicle) -> Row[Any]:
    *_, days = URGENCY_TEXT[finding.urgency]
    row = insert_case(
        unit,
        vehicle,
        Wish.REPAIR,
        DESK,
        finding=finding.id,
        fault=finding.fault,
        urgency=finding.urgency.value,
        probability=finding.probability,
        latest_day=(unit.now() + timedelta(days=days)).date(),
    )
    _keep_finding(unit, row, finding)
    return row


def _merge(unit: UnitOfWork, case: Row[Any], finding: Finding) -> Row[Any]:
    """Add a finding to the open case of its fault; the more urgent and the surer one count."""
    _keep_finding(unit, case, finding)
    urgency = min(Urgency(case.urgency), finding.urgency, key=lambda one: one.value)
    *_, days = URGENCY_TEXT[urgency]
    latest = min(case.latest_day, (unit.now() + timedelta(days=days)).date()) if urgency != case.urgency else None
    row = unit.connection.execute(
        update(cases)
        .where(cases.c.id == case.id)
        .values(
            urgency=urgency.value,
            probability=max(case.probability, finding.probability),
            latest_day=latest or case.latest_day,
            updated_at=unit.now(),
        )
        .returning(cases)
    ).one()
    tell(unit, case.id, "finding_merged", DESK, finding=finding.id, urgency=urgency.value)
    return row


def _keep_finding(unit: UnitOfWork, case: Row[Any], finding: Finding) -> None:
    unit.connection.execute(
        case_findings.insert().values(
            finding=finding.id,
            organisation=case.organisation,
            case=case.id,
            document=finding.to_json(),
            merged_at=unit.now(),
        )
    )
