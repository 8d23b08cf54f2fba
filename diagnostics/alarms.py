"""The store of findings: raised once from the votes, escalated by a stop condition, listed for those who may see."""

from dataclasses import asdict, replace
from datetime import UTC
from typing import Any

from sqlalchemy import Row, func, select, update

from diagnostics.findings import Evidence, Finding, Urgency
from diagnostics.monitor import QUIET, TripVerdict, escalate, judge_vehicle, stop_finding
from diagnostics.predictor import Predictor
from diagnostics.tables import findings
from diagnostics.votes import lock_vehicle, verdicts
from foundation import events
from foundation.database import UnitOfWork, new_id
from foundation.grants import visible
from foundation.identity import Actor
from foundation.refusals import NotFound


def raise_findings(unit: UnitOfWork, vehicle: str, organisation: str, predictor: Predictor) -> list[Finding]:
    """Judge all recorded trips of a vehicle; give the findings that are new or became more urgent, with their ids.

    What the trips say is a pure function of their set. A finding that was raised stays as it was told, whatever
    arrives later; it may gain probability, severity and urgency. A judged finding within 30 days of a stored one is
    that one.
    """
    lock_vehicle(unit, vehicle)
    judgements = judge_vehicle(vehicle, predictor.version, verdicts(unit, vehicle, predictor.faults))
    return [
        told
        for judgement in judgements.values()
        for judged in judgement.findings
        for told in _tell(unit, organisation, judged)
    ]


def raise_stop(
    unit: UnitOfWork, vehicle: str, organisation: str, fault: str, predictor_version: str, verdict: TripVerdict
) -> list[Finding]:
    """Raise, or escalate to S0, what a running trip shows now; gives nothing when that is known already."""
    if verdict.stop_at is None:
        return []
    lock_vehicle(unit, vehicle)
    finding = stop_finding(vehicle, fault, predictor_version, verdict.start, verdict.stop_at, verdict)
    return _tell(unit, organisation, finding)


def list_findings(unit: UnitOfWork, actor: Actor, vehicle: str) -> list[Finding]:
    """Give a vehicle's findings, newest first, as far as the actor may see them."""
    rows = unit.connection.execute(
        select(findings)
        .where(findings.c.vehicle == vehicle, visible(actor, findings.c.organisation, findings.c.vehicle))
        .order_by(findings.c.confirmed_at.desc(), findings.c.id)
    )
    return [_finding(row) for row in rows]


def get_finding(unit: UnitOfWork, actor: Actor, finding: str) -> Finding:
    """Give one finding that the actor may see; anything else raises `NotFound`."""
    row = unit.connection.execute(
        select(findings).where(findings.c.id == finding, visible(actor, findings.c.organisation, findings.c.vehicle))
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no finding {finding}")
    return _finding(row)


def count_findings(unit: UnitOfWork, organisation: str) -> int:
    """Count the findings on an organisation's vehicles."""
    count: int = unit.connection.execute(
        select(func.count()).select_from(findings).where(findings.c.organisation == organisation)
    ).scalar_one()
    return count


def _tell(unit: UnitOfWork, organisation: str, judged: Finding) -> list[Finding]:
    """Store a judged finding as a new one, or merge it into the stored one it is; gives it when it is news."""
    rows = unit.connection.execute(
        select(findings).where(
            findings.c.vehicle == judged.vehicle,
            findings.c.fault == judged.fault,
            findings.c.confirmed_at > judged.confirmed - QUIET,
            findings.c.confirmed_at < judged.confirmed + QUIET,
        )
    ).all()
    if not rows:
        new = replace(judged, id=new_id("find"))
        unit.connection.execute(findings.insert().values(**_columns(unit, organisation, new)))
        _append(unit, new)
        return [new]
    stored = _finding(min(rows, key=lambda row: abs(row.confirmed_at - judged.confirmed)))
    merged = _merge(stored, judged)
    if merged == stored:
        return []
    unit.connection.execute(
        update(findings)
        .where(findings.c.id == stored.id)
        .values(
            probability=merged.probability,
            severity=merged.severity,
            urgency=merged.urgency.value,
            evidence=[asdict(reason) for reason in merged.evidence],
        )
    )
    if merged.urgency is stored.urgency:
        return []
    _append(unit, merged)
    return [merged]


def _merge(stored: Finding, judged: Finding) -> Finding:
    more_severe = judged.severity > stored.severity and stored.urgency >= judged.urgency
    merged = replace(
        stored,
        probability=max(stored.probability, judged.probability),
        severity=max(stored.severity, judged.severity),
        evidence=judged.evidence if more_severe and judged.evidence else stored.evidence,
    )
    if judged.urgency is Urgency.S0 and stored.urgency is not Urgency.S0:
        reason = judged.evidence[0] if judged.evidence else None
        merged = escalate(
            merged, TripVerdict(judged.first_seen, judged.confirmed, judged.probability, judged.severity, (),
                                judged.confirmed, reason),
        )  # fmt: skip
    return merged


def _append(unit: UnitOfWork, finding: Finding) -> None:
    """Tell the vehicle's subject in the event log, for the car's page and for webhooks."""
    events.append(
        unit,
        finding.vehicle,
        "finding",
        {
            "finding": finding.id,
            "fault": finding.fault,
            "urgency": finding.urgency.value,
            "probability": round(finding.probability, 4),
            "severity": round(finding.severity, 4),
            "confirmed": finding.confirmed.isoformat(),
        },
    )


def _columns(unit: UnitOfWork, organisation: str, finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "vehicle": finding.vehicle,
        "organisation": organisation,
        "fault": finding.fault,
        "probability": finding.probability,
        "severity": finding.severity,
        "urgency": finding.urgency.value,
        "first_seen": finding.first_seen,
        "confirmed_at": finding.confirmed,
        "quiet_until": finding.confirmed + QUIET,
        "evidence": [asdict(reason) for reason in finding.evidence],
        "predictor": finding.predictor,
        "lead_days": list(finding.lead_days) if finding.lead_days else None,
        "recorded_at": unit.now(),
    }


def _finding(row: Row[Any]) -> Finding:
    return Finding(
        row.vehicle,
        row.fault,
        row.probability,
        row.severity,
        Urgency(row.urgency),
        row.first_seen.astimezone(UTC),
        row.confirmed_at.astimezone(UTC),
        tuple(Evidence(**reason) for reason in row.evidence),
        row.predictor,
        row.id,
        tuple(row.lead_days) if row.lead_days else None,
    )
