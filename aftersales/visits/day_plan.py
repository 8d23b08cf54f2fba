"""One day of a workshop as its desk plans it: who works when, and which visit takes which bay and technician."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.dialects.postgresql import Range

from aftersales.case_view import WISHES
from aftersales.cases import AppointmentState, Wish
from aftersales.tables import appointments, cases, occupancies
from aftersales.visits.disturbances import Disturbed, disturbances
from aftersales.workshop.calendars import reckonable, spans_of, working_spans
from aftersales.workshop.hours import Span, meet, without
from aftersales.workshop.workshops import Bay, Loaner, Technician, Workshop, load_workshops, workshop_summary
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from foundation.grants import visible
from foundation.identity import WORKSHOP_ROLES, Actor
from foundation.refusals import NotFound

LIVE = (AppointmentState.HELD, AppointmentState.CONFIRMED, AppointmentState.ARRIVED)


def own_workshops(unit: UnitOfWork, actor: Actor) -> list[Workshop]:
    """Give the workshops of the actor's organisation, by id."""
    actor.must_be(*WORKSHOP_ROLES)
    return [one for one in load_workshops(unit).values() if one.organisation == actor.organisation]


def own_workshop(unit: UnitOfWork, actor: Actor, workshop: str) -> Workshop:
    """Give a workshop of the actor's organisation; another one is none of his."""
    found = next((one for one in own_workshops(unit, actor) if one.id == workshop), None)
    if found is None:
        raise NotFound(f"there is no workshop {workshop}")
    return found


def day_plan(unit: UnitOfWork, actor: Actor, workshop: str, day: date) -> dict[str, Any]:
    """Give a day of a workshop of the actor's organisation: opening spans, bays, technicians, and what takes them."""
    here = own_workshop(unit, actor, workshop)
    rows = _taken(unit, actor, here, day_span(here, day))
    visits = {row.id: row for row in rows}
    disturbed = disturbances(unit, here, visits)
    return {
        "workshop": workshop_summary(here),
        "day": day.isoformat(),
        "open": _pairs(spans_of(here, day)),
        "bays": [
            {"id": one.id, "name": one.name, "equipment": sorted(one.equipment), **_at_work(here, one, day)}
            for one in here.bays
        ],
        "technicians": [
            {
                "id": one.id,
                "name_en": one.name_en,
                "name_zh": one.name_zh,
                "skills": sorted(one.skills),
                **_at_work(here, one, day),
            }
            for one in here.technicians
        ],
        "loaners": [{"id": one.id, "name": one.name, **_at_work(here, one, day)} for one in here.loaners],
        "taken": [
            {"resource": row.resource, "visit": row.id, **dict(zip(("start", "end"), _pair(_span(row)), strict=True))}
            for row in rows
        ],
        "visits": {key: _visit(row, disturbed.get(key)) for key, row in visits.items()},
    }


def visits_per_day(unit: UnitOfWork, actor: Actor, workshop: str, first: date, days: int) -> dict[date, int]:
    """Give how many visits begin on each of the local days from `first` on."""
    here = own_workshop(unit, actor, workshop)
    span = day_span(here, first)[0], day_span(here, first + timedelta(days - 1))[1]
    starts = {row.id: row.during.lower.astimezone(here.zone).date() for row in _taken(unit, actor, here, span)}
    counted = Counter(starts.values())
    return {day: counted[day] for day in (first + timedelta(number) for number in range(days))}


def plan_stamp(unit: UnitOfWork, actor: Actor, workshop: str) -> str:
    """Give a stamp of what is planned at a workshop: another one whenever a visit there has come or changed."""
    here = own_workshop(unit, actor, workshop)
    of = appointments
    live = func.count().filter(of.c.state.in_(LIVE))
    last, *numbers = unit.connection.execute(
        select(func.max(of.c.updated_at), func.count(), live, func.sum(of.c.sequence)).where(of.c.workshop == here.id)
    ).one()
    return "-".join(str(number or 0) for number in (last and int(last.timestamp() * 1e6), *numbers))


def day_span(workshop: Workshop, day: date) -> Span:
    """Give a workshop's local day as UTC instants; one on which the clocks change is as long as it really is."""
    days = reckonable(day), day + timedelta(1)
    begin, end = (datetime.combine(one, time(), workshop.zone).astimezone(UTC) for one in days)
    return begin, end


def _taken(unit: UnitOfWork, actor: Actor, workshop: Workshop, span: Span) -> Sequence[Row[Any]]:
    """Give one row per bay or technician and visit within the span; a hold past its expiry takes nothing."""
    held = AppointmentState.HELD
    return unit.connection.execute(
        select(
            appointments,
            occupancies.c.resource,
            occupancies.c.during.label("taken"),
            cases.c.fault,
            cases.c.wish,
        )
        .join(occupancies, occupancies.c.appointment == appointments.c.id)
        .join(cases, cases.c.id == appointments.c.case)
        .where(
            appointments.c.workshop == workshop.id,
            visible(actor, appointments.c.organisation, appointments.c.case),
            occupancies.c.active,
            occupancies.c.during.overlaps(Range(*span)),
            or_(appointments.c.state != held, appointments.c.expires_at > unit.now()),
        )
        .order_by(occupancies.c.during, occupancies.c.resource)
    ).all()


def _at_work(workshop: Workshop, one: Bay | Technician | Loaner, day: date) -> dict[str, list[list[str]]]:
    """Give when a bay, technician or loaner can be put to work on a day, and when it is reported absent."""
    whole = day_span(workshop, day)
    spans = working_spans(workshop, one, day) if isinstance(one, Technician) else spans_of(workshop, day)
    away = meet([whole], workshop.absences.get(one.id, ()))
    return {"open": _pairs(without(spans, away)), "absent": _pairs(away)}


def _visit(row: Row[Any], disturbed: Disturbed | None) -> dict[str, Any]:
    en, zh = (FAULTS[row.fault].en, FAULTS[row.fault].zh) if row.fault else WISHES[Wish(row.wish)]
    return {
        "id": row.id,
        "case": row.case,
        "vehicle": row.vehicle,
        "state": row.state,
        "service": row.wish,
        "title_en": en,
        "title_zh": zh,
        "start": row.during.lower.isoformat(),
        "end": row.during.upper.isoformat(),
        "bay": row.bay,
        "technician": row.technician,
        "loaner": row.loaner,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        "replaces": row.replaces,
        "disturbed": disturbed.reasons if disturbed else [],
    }


def _span(row: Row[Any]) -> Span:
    return row.taken.lower, row.taken.upper


def _pairs(spans: Sequence[Span]) -> list[list[str]]:
    return [_pair(span) for span in spans]


def _pair(span: Span) -> list[str]:
    return [instant.isoformat() for instant in span]
