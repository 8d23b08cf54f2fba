"""The store of findings: raised once from the votes, and escalated by a stop condition."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from diagnostics.findings import Finding, Urgency
from diagnostics.monitor import NO_REPAIRS, QUIET, Repairs, TripVerdict, escalate, judge_vehicle, stop_finding
from diagnostics.predictor import Predictor
from diagnostics.tables import findings
from diagnostics.told import finding_of
from diagnostics.votes import lock_vehicle, verdicts
from foundation import events
from foundation.database import UnitOfWork, new_id


def raise_findings(
    unit: UnitOfWork, vehicle: str, organisation: str, predictor: Predictor, repairs: Repairs = NO_REPAIRS
) -> list[Finding]:
    """Judge all recorded trips of a vehicle; give the findings that are new or became more urgent, with their ids.

    What the trips say is a pure function of their set and of the repairs. A finding that was raised stays as it was
    told, whatever arrives later; it may gain probability, severity and urgency. A judged finding is the stored one
    whose trouble went on, or within 30 days came back, while it was there.
    """
    lock_vehicle(unit, vehicle)
    judgements = judge_vehicle(vehicle, predictor.version, verdicts(unit, vehicle, predictor.faults), repairs)
    return [
        told
        for fault, judgement in judgements.items()
        for judged in judgement.findings
        for told in _tell(unit, organisation, judged, repairs.get(fault, ()))
    ]


def raise_stop(
    unit: UnitOfWork, vehicle: str, organisation: str, fault: str, predictor_version: str, verdict: TripVerdict,
    repairs: Repairs = NO_REPAIRS,
) -> list[Finding]:  # fmt: skip
    """Raise, or escalate to S0, what a running trip shows now; gives nothing when that is known already."""
    if verdict.stop_at is None:
        return []
    lock_vehicle(unit, vehicle)
    finding = stop_finding(vehicle, fault, predictor_version, verdict.start, verdict.stop_at, verdict)
    return _tell(unit, organisation, finding, repairs.get(fault, ()))


def _tell(unit: UnitOfWork, organisation: str, judged: Finding, repairs: Sequence[datetime]) -> list[Finding]:
    """Store a judged finding as a new one, or merge it into the stored one it is; gives it when it is news."""
    rows = unit.connection.execute(
        select(findings).where(findings.c.vehicle == judged.vehicle, findings.c.fault == judged.fault)
    ).all()
    until = judged.last_sign + QUIET
    same = [
        row
        for row in rows
        if row.confirmed_at < until and judged.confirmed < row.quiet_until
        and not any(_between(repair, row.confirmed_at, judged.confirmed) for repair in repairs)
    ]  # fmt: skip
    stored = min(same, key=lambda row: abs(row.confirmed_at - judged.confirmed), default=None)
    begin = stored.confirmed_at if stored is not None else judged.confirmed
    until = min([until, *(row.confirmed_at for row in rows if row.confirmed_at > begin)])
    if stored is None:
        # What was repaired, or went unseen until now, is over where this begins.
        cut = [row.id for row in rows if row.confirmed_at < begin < row.quiet_until]
        if cut:
            unit.connection.execute(update(findings).where(findings.c.id.in_(cut)).values(quiet_until=begin))
        new = replace(judged, id=new_id("find"), lasting=None)
        unit.connection.execute(findings.insert().values(**_columns(unit, organisation, new, until)))
        _append(unit, new)
        return [new]
    return _gain(unit, stored, judged, max(until, stored.quiet_until))


def _between(repair: datetime, one: datetime, other: datetime) -> bool:
    return min(one, other) < repair <= max(one, other)


def _gain(unit: UnitOfWork, row: Row[Any], judged: Finding, until: datetime) -> list[Finding]:
    """Merge a judged finding into the stored one; gives it when it became more urgent."""
    stored = finding_of(row)
    merged = _merge(stored, judged)
    if merged == stored and until == row.quiet_until:
        return []
    unit.connection.execute(
        update(findings)
        .where(findings.c.id == stored.id)
        .values(
            probability=merged.probability,
            severity=merged.severity,
            urgency=merged.urgency.value,
            evidence=[asdict(reason) for reason in merged.evidence],
            quiet_until=until,
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


def _columns(unit: UnitOfWork, organisation: str, finding: Finding, until: datetime) -> dict[str, Any]:
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
        "quiet_until": until,
        "evidence": [asdict(reason) for reason in finding.evidence],
        "predictor": finding.predictor,
        "lead_days": list(finding.lead_days) if finding.lead_days else None,
        "recorded_at": unit.now(),
    }
