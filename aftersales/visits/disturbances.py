"""Which booked visits cannot be kept as they stand, and why: closed then, somebody or something away, or unfit by now.

They stay booked until the desk moves them; here they are only named.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, or_, select

from aftersales.cases import AppointmentState
from aftersales.tables import appointments, occupancies
from aftersales.visits.occupancy import days_of
from aftersales.visits.reasons import Reason, reason
from aftersales.workshop.calendars import shift_spans, spans_of
from aftersales.workshop.hours import Span, meet, without
from aftersales.workshop.workshops import Bay, Loaner, Technician, Workshop
from foundation.database import UnitOfWork


@dataclass(frozen=True, slots=True)
class Disturbed:
    """A visit with all that is in its way."""

    visit: Row[Any]
    reasons: list[Reason] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {**booked_view(self.visit), "reasons": self.reasons}


def booked_view(visit: Row[Any]) -> dict[str, Any]:
    """Show a visit to who changes what it rests on; `arrange` is where it is moved."""
    return {
        "id": visit.id,
        "case": visit.case,
        "start": visit.during.lower.isoformat(),
        "end": visit.during.upper.isoformat(),
        "bay": visit.bay,
        "technician": visit.technician,
        "loaner": visit.loaner,
        "arrange": f"/v1/appointments/{visit.id}/arrange",
    }


def disturbances(unit: UnitOfWork, here: Workshop, visits: Collection[str] | None = None) -> Mapping[str, Disturbed]:
    """Give the disturbed visits of a workshop that are not over (`visits`: among these), the earliest first, by id.

    Every span that a visit takes is looked at: the technician's working spans, and bay and loaner throughout.
    """
    of, now = appointments.c, unit.now()
    query = (
        select(appointments, occupancies.c.resource, occupancies.c.during.label("taken"))
        .join(occupancies, occupancies.c.appointment == of.id)
        .where(
            of.workshop == here.id,
            of.state.in_((AppointmentState.HELD, AppointmentState.CONFIRMED)),
            or_(of.state != AppointmentState.HELD, of.expires_at > now),
            occupancies.c.active,
            func.upper(occupancies.c.during) > now,
        )
        .order_by(func.lower(of.during), of.id, occupancies.c.during)
    )
    if visits is not None:
        query = query.where(of.id.in_(visits))
    every: list[Bay | Technician | Loaner] = [*here.bays, *here.technicians, *here.loaners]
    has = {one.id: one for one in every}
    found: dict[str, Disturbed] = {}
    for row in unit.connection.execute(query):
        for why in _in_the_way(here, has[row.resource], row):
            reasons = found.setdefault(row.id, Disturbed(row)).reasons
            if why not in reasons:
                reasons.append(why)
    return found


def _in_the_way(here: Workshop, one: Bay | Technician | Loaner, row: Row[Any]) -> list[Reason]:
    """Say what is in the way of one span in which a visit takes one resource."""
    span: Span = (row.taken.lower, row.taken.upper)
    found = [_of("away", one)] if meet([span], here.absences.get(one.id, ())) else []
    if isinstance(one, Technician):
        days = days_of(span, here.zone)
        shifts = [shift for day in days for shift in shift_spans(here, one, day)]
        if without([span], [opened for day in days for opened in spans_of(here, day)]):
            found.append(reason("closed_meanwhile"))
        elif without([span], shifts):
            found.append(_of("off_shift", one))
        if not set(row.skills) <= one.skills:
            found.append(_of("unfit", one))
    elif isinstance(one, Bay) and not set(row.equipment) <= one.equipment:
        found.append(_of("unfit", one))
    return found


def _of(code: str, one: Bay | Technician | Loaner) -> Reason:
    if isinstance(one, Technician):
        return reason(code, name_en=one.name_en, name_zh=one.name_zh)
    if isinstance(one, Bay):
        return reason(code, name_en=f"Bay {one.name}", name_zh=f"{one.name}号工位")
    return reason(code, name_en=one.name, name_zh=one.name)
