"""How appointments are shown: JSON-able, both languages, with estimate and parts; used by the API and the pages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Text, bindparam, func, select

from aftersales.cases import AppointmentState
from aftersales.estimates import line_view, lines_of, totals
from aftersales.tables import appointments, bays, cases, loaners, repair_orders, technicians, workshops
from foundation.database import UnitOfWork
from parts_catalog import stock


def appointment_views(unit: UnitOfWork, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Show appointment rows that were found for the actor, in their order."""
    about = whereabouts_of(unit, [row.id for row in rows])
    estimates = estimate_views(unit, {row.estimate: about[row.id].currency for row in rows})
    offers = _offers(unit, rows)
    return [
        {
            "id": row.id,
            "case": row.case,
            "vehicle": row.vehicle,
            "state": state_now(unit, row).value,
            "service": about[row.id].wish,
            "words": about[row.id].words,
            "start": row.during.lower.isoformat(),
            "end": row.during.upper.isoformat(),
            **place_view(about[row.id]),
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
            "parts_ready_at": row.parts_ready_at.isoformat() if row.parts_ready_at else None,
            "reason_en": row.reason_en,
            "reason_zh": row.reason_zh,
            "sequence": row.sequence,
            "replaces": row.replaces,
            "offer": offers.get(row.id),
            "estimate": estimates[row.estimate],
            "repair_order": about[row.id].order,
            "created_at": row.created_at.isoformat(),
        }
        for row in rows
    ]


def _offers(unit: UnitOfWork, rows: Sequence[Row[Any]]) -> dict[str, dict[str, Any]]:
    """Show by visit the other time that is held beside it, with where it comes from."""
    visits = {row.id: row for row in rows}
    found = {}
    for one in unit.rows(_BESIDE, {"visits": list(visits), "now": unit.now()}):
        visit = visits[one.replaces]
        late = visit.parts_ready_at is not None and visit.parts_ready_at > visit.during.lower
        found[visit.id] = {
            "id": one.id,
            "start": one.during.lower.isoformat(),
            "end": one.during.upper.isoformat(),
            "expires_at": one.expires_at.isoformat(),
            "why": "waitlist" if one.wait is not None else "part_late" if late else "workshop",
            "reason_en": one.reason_en,
            "reason_zh": one.reason_zh,
        }
    return found


_BESIDE = """
    SELECT id, replaces, during, expires_at, wait, reason_en, reason_zh FROM appointments
    WHERE replaces = ANY(%(visits)s::text[]) AND state = 'held' AND expires_at > %(now)s
"""


def state_now(unit: UnitOfWork, row: Row[Any]) -> AppointmentState:
    """Give the state as it counts: a hold past its end is expired, whether or not the sweep has come by."""
    state = AppointmentState(row.state)
    over = state is AppointmentState.HELD and row.expires_at <= unit.now()
    return AppointmentState.EXPIRED if over else state


def whereabouts_of(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, Row[Any]]:
    """Give by appointment its case, where and by whom it is done, and the repair order that came of it."""
    rows = unit.connection.execute(_WHEREABOUTS, {"wanted": list(wanted)})
    return {row.id: row for row in rows}


def _whereabouts() -> Select[Any]:
    joined = (
        appointments.join(cases, cases.c.id == appointments.c.case)
        .join(workshops, workshops.c.id == appointments.c.workshop)
        .outerjoin(bays, bays.c.id == appointments.c.bay)
        .outerjoin(technicians, technicians.c.id == appointments.c.technician)
        .outerjoin(loaners, loaners.c.id == appointments.c.loaner)
        .outerjoin(repair_orders, repair_orders.c.appointment == appointments.c.id)
    )
    told: list[ColumnElement[Any]] = [
        *(appointments.c[name] for name in ("id", "during", "workshop", "bay", "technician", "loaner")),
        *(cases.c[name] for name in ("wish", "words", "fault")),
        *(workshops.c[name] for name in ("currency", "latitude", "longitude", "zone")),
        *(workshops.c[name] for name in ("address", "telephone")),
        *(workshops.c[name].label(f"workshop_{name}") for name in ("organisation", "name_en", "name_zh")),
        func.coalesce(bays.c.name, appointments.c.bay).label("bay_name"),
        *(
            func.coalesce(technicians.c[name], appointments.c.technician).label(f"technician_{name}")
            for name in ("name_en", "name_zh")
        ),
        func.coalesce(loaners.c.name, appointments.c.loaner).label("loaner_name"),
        repair_orders.c.id.label("order"),
    ]
    mine = appointments.c.id == func.any(bindparam("wanted", type_=ARRAY(Text)))
    return select(*told).select_from(joined).where(mine)


_WHEREABOUTS = _whereabouts()  # made once: making it takes longer than its answer


def place_view(about: Row[Any]) -> dict[str, Any]:
    """Show where and by whom: workshop, bay, technician and loaner car of a visit (`whereabouts_of`)."""
    return {
        "workshop": {
            "id": about.workshop,
            "organisation": about.workshop_organisation,
            "name_en": about.workshop_name_en,
            "name_zh": about.workshop_name_zh,
            "latitude": about.latitude,
            "longitude": about.longitude,
            "zone": about.zone,
            "address": about.address,
            "telephone": about.telephone,
        },
        "bay": {"id": about.bay, "name": about.bay_name},
        "technician": {
            "id": about.technician,
            "name_en": about.technician_name_en,
            "name_zh": about.technician_name_zh,
        },
        "loaner": {"id": about.loaner, "name": about.loaner_name} if about.loaner else None,
    }


def no_shows_of(unit: UnitOfWork, organisation: str) -> int:
    """Give how many visits an owner's organisation did not come to."""
    missed = unit.rows(_MISSED, {"organisation": organisation})
    return int(missed[0].number)


_MISSED = """
    SELECT count(*) AS number FROM appointments WHERE organisation = %(organisation)s AND state = 'no_show'
"""


def estimate_views(unit: UnitOfWork, currencies: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Show estimates with their lines and totals; `currencies` by estimate."""
    lines = lines_of(unit, list(currencies))
    return {
        estimate: {
            "id": estimate,
            "currency": currency,
            "lines": [line_view(line, currency) for line in lines[estimate]],
            "totals": totals(lines[estimate], currency),
        }
        for estimate, currency in currencies.items()
    }


def held_parts(unit: UnitOfWork, case: str) -> list[dict[str, Any]]:
    """Show what stock holds for a case now."""
    return [
        {
            "part": one.part,
            "location": one.location,
            "quantity": one.quantity,
            "reserved_until": one.reserved_until.isoformat() if one.reserved_until else None,
        }
        for one in stock.held(unit, case)
    ]
