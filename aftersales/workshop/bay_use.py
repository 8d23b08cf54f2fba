"""How much of the time in which a workshop's bays could be used they were: by the visits that came."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from aftersales.cases import AppointmentState, RepairOrderState
from aftersales.tables import absences, appointments, repair_orders, repair_steps
from aftersales.workshop.calendars import spans_of
from aftersales.workshop.hours import Span, meet, without
from aftersales.workshop.workshops import Workshop
from foundation.database import UnitOfWork

# After these a car needs its bay no more, however long the visit was planned.
ENDED = (RepairOrderState.COMPLETED, RepairOrderState.CLOSED_DECLINED, RepairOrderState.CANCELLED)


def bay_minutes(unit: UnitOfWork, workshop: Workshop, days: Sequence[date], span: Span) -> tuple[float, float]:
    """Give the minutes in which bays were taken, and those in which they could be, on these local days (`span`).

    A bay can be taken while the workshop is open and the bay is not reported absent, by the hours as they are now. It
    is taken by a visit whose car came, from the buffer before its start to the buffer after its end, or to the moment
    at which its work ended earlier; what lies ahead of now is not counted on either side.
    """
    until = min(span[1], unit.now())
    opened = [(max(a, span[0]), min(b, until)) for day in days for a, b in spans_of(workshop, day) if a < until]
    away, taken = _away(unit, workshop, span), _taken(unit, workshop, (span[0], until))
    used = possible = 0.0
    for bay in workshop.bays:
        free = without(opened, away.get(bay.id, ()))
        possible += _minutes(free)
        used += _minutes(meet(free, _united(taken.get(bay.id, ()))))
    return used, possible


def _taken(unit: UnitOfWork, workshop: Workshop, span: Span) -> Mapping[str, list[Span]]:
    of, order = appointments.c, repair_orders.c
    ended = (
        select(repair_steps.c.order, func.max(repair_steps.c.taken_at).label("at"))
        .join(repair_orders, order.id == repair_steps.c.order)
        .where(order.workshop == workshop.id, repair_steps.c.state.in_(ENDED))
        .group_by(repair_steps.c.order)
        .subquery()
    )
    rows = unit.connection.execute(
        select(of.bay, of.during, of.before_min, of.after_min, ended.c.at)
        .join(repair_orders, order.appointment == of.id)
        .outerjoin(ended, ended.c.order == order.id)
        .where(of.workshop == workshop.id, of.state == AppointmentState.ARRIVED)
        # A day on either side, for the buffers; they are cut to the span with everything else.
        .where(of.during.overlaps(Range(span[0] - timedelta(days=1), span[1] + timedelta(days=1))))
    )
    taken: defaultdict[str, list[Span]] = defaultdict(list)
    for row in rows:
        begin = row.during.lower - timedelta(minutes=row.before_min)
        end = row.during.upper + timedelta(minutes=row.after_min)
        taken[row.bay].append((begin, end if row.at is None else min(end, row.at)))
    return taken


def _away(unit: UnitOfWork, workshop: Workshop, span: Span) -> Mapping[str, list[Span]]:
    """Give by bay when it was reported absent; those of a `Workshop` leave out what is over."""
    here = absences.c
    query = select(absences).where(here.workshop == workshop.id, here.during.overlaps(Range(*span)))
    away: defaultdict[str, list[Span]] = defaultdict(list)
    for row in unit.connection.execute(query):
        away[row.resource].append((row.during.lower, row.during.upper))
    return away


def _united(spans: Sequence[Span]) -> list[Span]:
    """Give the same time as spans that do not overlap: two visits in one bay at once take it once."""
    made: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if made and begin <= made[-1][1]:
            made[-1] = made[-1][0], max(made[-1][1], end)
        else:
            made.append((begin, end))
    return made


def _minutes(spans: Sequence[Span]) -> float:
    return sum(((end - begin) for begin, end in spans), start=timedelta()).total_seconds() / 60
