"""Findings as they were told, for those who may see: beside `alarms.py`, for to read them takes no predictor."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from diagnostics.findings import Evidence, Finding, Urgency
from diagnostics.tables import findings
from foundation.database import UnitOfWork
from foundation.grants import of_house, visible
from foundation.identity import Actor
from foundation.refusals import NotFound


def list_findings(unit: UnitOfWork, actor: Actor, vehicle: str) -> list[Finding]:
    """Give a vehicle's findings, newest first, as far as the actor may see them."""
    rows = unit.connection.execute(
        select(findings)
        .where(findings.c.vehicle == vehicle, visible(actor, findings.c.organisation, findings.c.vehicle))
        .order_by(findings.c.confirmed_at.desc(), findings.c.id)
    )
    return [finding_of(row) for row in rows]


def standing(actor: Actor, now: datetime) -> Select[str, str]:
    """Give the query of `id` and `urgency` of the findings of a house whose trouble showed itself lately."""
    mine = of_house(actor, findings.c.organisation, findings.c.vehicle)
    return select(findings.c.id, findings.c.urgency).where(mine, findings.c.quiet_until > now)


def get_finding(unit: UnitOfWork, actor: Actor, finding: str) -> Finding:
    """Give one finding that the actor may see; anything else raises `NotFound`."""
    row = unit.connection.execute(
        select(findings).where(findings.c.id == finding, visible(actor, findings.c.organisation, findings.c.vehicle))
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no finding {finding}")
    return finding_of(row)


def count_findings(unit: UnitOfWork, organisation: str) -> int:
    """Count the findings on an organisation's vehicles."""
    count: int = unit.connection.execute(
        select(func.count()).select_from(findings).where(findings.c.organisation == organisation)
    ).scalar_one()
    return count


def finding_of(row: Row[Any]) -> Finding:
    """Read a finding from its row."""
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
