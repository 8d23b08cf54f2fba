"""How repair orders are shown: lines with their approval, steps taken, and the steps that are possible next."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import AT_WORK
from aftersales.estimates import line_view, lines_of, totals
from aftersales.repair.decisions import APPROVED, standing
from aftersales.repair.guards import next_steps
from aftersales.repair.progress import STEP_WORDS, steps_of
from aftersales.repair.verdicts import waiting_of
from aftersales.settlement.bills import bill_view
from aftersales.settlement.choices import customer_parts_of, wants_old_parts
from aftersales.settlement.sheets import last_sheet
from aftersales.tables import reviews
from aftersales.visits.appointment_view import place_view, whereabouts_of
from aftersales.workshop.workshops import load_workshop, load_workshops
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from foundation.money import Money


def order_summaries(unit: UnitOfWork, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Show repair orders for a list: what, where, when and how far."""
    visits = whereabouts_of(unit, [row.appointment for row in rows])
    waiting = waiting_of(unit, rows)
    return [
        {
            "id": row.id,
            "case": row.case,
            "appointment": row.appointment,
            "vehicle": row.vehicle,
            "state": row.state,
            "service": visits[row.appointment].wish,
            "fault": visits[row.appointment].fault,
            "title_en": FAULTS[visits[row.appointment].fault].en if visits[row.appointment].fault else None,
            "title_zh": FAULTS[visits[row.appointment].fault].zh if visits[row.appointment].fault else None,
            "words": visits[row.appointment].words,
            "start": visits[row.appointment].during.lower.isoformat(),
            "end": visits[row.appointment].during.upper.isoformat(),
            "ready_at": (row.ready_at or visits[row.appointment].during.upper).isoformat(),
            "overdue": row.state in AT_WORK and (row.ready_at or visits[row.appointment].during.upper) <= unit.now(),
            **place_view(visits[row.appointment]),
            "mileage_km": row.mileage_km,
            "parts_issued": row.parts_issued_at is not None,
            "reworks": row.reworks,
            "hold_reason": row.hold_reason,
            "verdicts_waiting": waiting[row.id],
            "created_at": row.created_at.isoformat(),
            "updated_at": row.updated_at.isoformat(),
        }
        for row in rows
    ]


def order_view(unit: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
    """Show one repair order in full."""
    currency = load_workshops(unit, [row.workshop])[row.workshop].currency
    lines = lines_of(unit, [row.estimate])[row.estimate]
    decided = standing(unit, lines)
    settled = last_sheet(unit, row.id)
    steps = step_views(unit, row.id)
    reviewed = select(reviews.c.rating).where(reviews.c.order == row.id)
    return {
        **order_summaries(unit, [row])[0],
        "lines": [{**line_view(line, currency), "approval": decided[line.id]} for line in lines],
        "totals": totals([line for line in lines if decided[line.id] == APPROVED], currency),
        "steps": steps,
        "progress_count": len(steps),
        "next_steps": next_steps(unit, row),
        "inspection_fee": fee_view(unit, row),
        "old_parts": wants_old_parts(unit, row.id),
        "customer_parts": customer_parts_of(unit, row.id),
        "settlement": settled.number if settled is not None else None,
        "bill": bill_view(unit, row.id),
        "rating": unit.connection.execute(reviewed).scalar_one_or_none(),
    }


def fee_view(unit: UnitOfWork, row: Row[Any]) -> dict[str, Any] | None:
    """Show what looking at the car costs if nothing is repaired, and what became of it; None: nothing was announced."""
    if row.inspection_fee is None:
        return None
    workshop = load_workshop(unit, row.workshop)
    net = Money(row.inspection_fee, workshop.currency)
    tax = net.times(workshop.tax_basis_points, 10_000)
    shown = {"net": net.to_json(), "tax": tax.to_json(), "gross": (net + tax).to_json()}
    return {**shown, "outcome": row.fee_outcome}


def step_views(unit: UnitOfWork, order: str) -> list[dict[str, Any]]:
    """Show the steps that were taken, in order; `number` is that of the order's progress event."""
    return [
        {
            "number": row.number,
            "step": row.step,
            "en": STEP_WORDS[row.step][0],
            "zh": STEP_WORDS[row.step][1],
            "note": row.note,
            "state": row.state,
            "actor": row.actor,
            "taken_at": row.taken_at.isoformat(),
        }
        for row in steps_of(unit, order)
    ]
