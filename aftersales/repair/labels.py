"""Verdicts as labels: of each finding that has one, which car, from when to when, and whether the fault was there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from aftersales.repair.verdicts import Verdict
from aftersales.tables import case_findings, repair_orders, repair_steps, verdicts
from foundation.database import UnitOfWork


@dataclass(frozen=True, slots=True)
class Label:
    """The verdict that counts of one finding.

    `other`: the fault that it was instead, where it has a name. `begin` is where the finding began, None when it was
    erased with its car; `end` is when the car came to the workshop.
    """

    finding: str
    vehicle: str
    fault: str
    verdict: Verdict
    other: str | None
    predictor: str
    begin: datetime | None
    end: datetime | None


def labels(unit: UnitOfWork) -> list[Label]:
    """Give the labels of all workshops, by car: for commands on the server's own machine, not for any actor."""
    of, newest = repair_orders.c, select(verdicts).ext(distinct_on(verdicts.c.finding))
    last = newest.order_by(verdicts.c.finding, verdicts.c.number.desc()).subquery()
    came = (
        select(repair_steps.c.order, func.min(repair_steps.c.taken_at).label("at"))
        .where(repair_steps.c.step == "check_in")
        .group_by(repair_steps.c.order)
        .subquery()
    )
    rows = unit.connection.execute(
        select(last, of.vehicle, came.c.at, case_findings.c.document["first_seen"].astext.label("first_seen"))
        .join(repair_orders, of.id == last.c.order)
        .outerjoin(came, came.c.order == of.id)
        .outerjoin(case_findings, case_findings.c.finding == last.c.finding)
        .order_by(of.vehicle, last.c.finding)
    )
    return [
        Label(
            row.finding,
            row.vehicle,
            row.fault,
            Verdict(row.verdict),
            row.other,
            row.predictor,
            datetime.fromisoformat(row.first_seen) if row.first_seen else None,
            row.at,
        )
        for row in rows
    ]
