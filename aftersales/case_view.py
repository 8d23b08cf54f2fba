"""How cases are shown: what is wrong or wished, how urgent, what is proposed, and why not."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on

from aftersales.assistance import assistance_of
from aftersales.cases import CaseState, Wish
from aftersales.codes import codes_of
from aftersales.tables import appointments, case_findings
from aftersales.visits.appointment_view import appointment_views, held_parts
from aftersales.visits.reasons import STOP_ADVICE
from aftersales.visits.waitlist import waits_of
from diagnostics.faults import FAULTS
from diagnostics.findings import URGENCY_TEXT, Urgency
from foundation.database import UnitOfWork

WISHES = {
    Wish.MAINTENANCE: ("Maintenance", "保养"),
    Wish.REPAIR: ("Repair", "维修"),
    Wish.INSPECTION: ("Inspection", "检测"),
}
HOLDING = frozenset({CaseState.PROPOSED, CaseState.CONFIRMED, CaseState.IN_REPAIR})
CLOSED = frozenset({CaseState.SETTLED, CaseState.DECLINED})


def case_views(unit: UnitOfWork, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Show case rows that were found for the actor, in their order, each with its latest visit."""
    visits = _latest_visits(unit, [row.id for row in rows])
    findings = _findings(unit, [row.id for row in rows])
    codes = codes_of(unit, [row.id for row in rows])
    waiting = waits_of(unit, [row.id for row in rows])
    helped = assistance_of(unit, [row.id for row in rows])
    return [
        {
            "id": row.id,
            "vehicle": row.vehicle,
            "state": row.state,
            **_matter(row),
            "words": row.words,
            **_urgency(row),
            "probability": row.probability,
            "findings": findings[row.id],
            "codes": codes[row.id],
            "reasons": row.reasons,
            "questions": row.questions,
            "appointment": visits.get(row.id),
            "estimate": visits[row.id]["estimate"] if row.id in visits else None,
            "reservations": held_parts(unit, row.id) if row.state in HOLDING else [],
            "wait": waiting.get(row.id),
            "assistance": helped[row.id],
            "repair_order": visits[row.id]["repair_order"] if row.id in visits else None,
            "opened_at": row.opened_at.isoformat(),
            "updated_at": row.updated_at.isoformat(),
        }
        for row in rows
    ]


def title_of(row: Row[Any]) -> dict[str, str]:
    """Say by language what a case is about: its fault, or the owner's wish."""
    en, zh = WISHES[Wish(row.wish)]
    if row.fault is not None:
        en, zh = FAULTS[row.fault].en, FAULTS[row.fault].zh
    return {"en": en, "zh": zh}


def _matter(row: Row[Any]) -> dict[str, Any]:
    title = title_of(row)
    return {
        "source": "wish" if row.fault is None else "finding",
        "fault": row.fault,
        "service": row.wish,
        "title_en": title["en"],
        "title_zh": title["zh"],
    }


def _urgency(row: Row[Any]) -> dict[str, Any]:
    en, zh, _ = URGENCY_TEXT[Urgency(row.urgency)] if row.urgency else ("", "", 0)
    stopped = row.urgency == Urgency.S0
    return {
        "urgency": row.urgency,
        "urgency_en": en or None,
        "urgency_zh": zh or None,
        "urgent": stopped,
        "advice": list(STOP_ADVICE) if stopped and row.state not in CLOSED else [],
        "latest_day": row.latest_day.isoformat() if row.latest_day else None,
    }


def _latest_visits(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    newest = (
        select(appointments)
        .where(appointments.c.case.in_(wanted), appointments.c.replaces.is_(None))
        .ext(distinct_on(appointments.c.case))
        .order_by(appointments.c.case, appointments.c.created_at.desc(), appointments.c.id.desc())
    )
    rows = unit.connection.execute(newest).all()
    return {view["case"]: view for view in appointment_views(unit, rows)}


def _findings(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    chosen = select(case_findings).where(case_findings.c.case.in_(wanted))
    for row in unit.connection.execute(chosen.order_by(case_findings.c.merged_at, case_findings.c.finding)):
        found[row.case].append(row.document)
    return found
