"""Reminders of a confirmed visit: `due_at` rows swept against business time, with consent, and never at night.

    due ──sent──▶ sent        a message by each channel that its reader agreed to, in the same unit
     └──dropped──▶ dropped    the visit was moved or given up, nobody agreed, or it would come too late

A moved visit gets new rows; quiet hours are those of the workshop's zone.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import AppointmentState
from aftersales.tables import appointments, reminders
from aftersales.telling.consents import Purpose, agreed
from aftersales.telling.messages import owners_of, place_and_time, post
from aftersales.workshop.workshops import load_workshops
from foundation.database import UnitOfWork, new_id

BEFORE: Mapping[str, timedelta] = {"day_before": timedelta(hours=24), "hours_before": timedelta(hours=2)}
QUIET_FROM, QUIET_TO = time(21), time(8)
EVENING = timedelta(minutes=30)  # how long before the quiet hours the last reminders go out
NOTICE = timedelta(hours=1)  # later than this before the visit a reminder is of no use
BATCH = 200


def remind(unit: UnitOfWork, appointment: str, start: datetime, zone: ZoneInfo) -> None:
    """Plan the reminders of a confirmed visit anew; those that would have been due already are not made."""
    drop_reminders(unit, appointment)
    organisation = select(appointments.c.organisation).where(appointments.c.id == appointment).scalar_subquery()
    for kind, before in BEFORE.items():
        due_at = waking(start - before, start, zone)
        if due_at <= unit.now():
            continue
        values = {"id": new_id("rem"), "organisation": organisation, "appointment": appointment}
        unit.connection.execute(insert(reminders).values(**values, kind=kind, due_at=due_at, state="due"))


def drop_reminders(unit: UnitOfWork, appointment: str) -> None:
    """Drop what is still to be sent for a visit; again is no harm."""
    due = update(reminders).where(reminders.c.appointment == appointment, reminders.c.state == "due")
    unit.connection.execute(due.values(state="dropped", ended_at=unit.now()))


def is_quiet(at: datetime, zone: ZoneInfo) -> bool:
    wall = at.astimezone(zone).time()
    return wall >= QUIET_FROM or wall < QUIET_TO


def waking(at: datetime, start: datetime, zone: ZoneInfo) -> datetime:
    """Give when a reminder due at `at` is sent: in quiet hours as they end, or the evening before if that is late."""
    if not is_quiet(at, zone):
        return at
    wall = at.astimezone(zone)
    night = wall.date() if wall.time() >= QUIET_FROM else wall.date() - timedelta(days=1)
    morning = datetime.combine(night + timedelta(days=1), QUIET_TO, zone).astimezone(at.tzinfo)
    if morning <= start - NOTICE:
        return morning
    return datetime.combine(night, QUIET_FROM, zone).astimezone(at.tzinfo) - EVENING


def send_reminders(unit: UnitOfWork) -> int:
    """Send what is due, each once: its row and its messages are one unit. Gives the number that went out."""
    due = unit.connection.execute(
        select(reminders)
        .where(reminders.c.state == "due", reminders.c.due_at <= unit.now())
        .order_by(reminders.c.due_at, reminders.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    chosen = select(appointments).where(appointments.c.id.in_([row.appointment for row in due]))
    visits = {row.id: row for row in unit.connection.execute(chosen)}
    workshops = load_workshops(unit, {visit.workshop for visit in visits.values()})
    sent = 0
    for row in due:
        visit = visits[row.appointment]
        workshop = workshops[visit.workshop]
        start = visit.during.lower
        if is_quiet(unit.now(), workshop.zone):  # the sweep comes late, such as after an outage
            later = waking(unit.now(), start, workshop.zone)
            if unit.now() < later <= start - NOTICE:
                _change(unit, row, due_at=later)
            else:
                _change(unit, row, state="dropped", ended_at=unit.now())
            continue
        useful = visit.state == AppointmentState.CONFIRMED and unit.now() <= start - NOTICE
        told = useful and _tell(unit, row, visit, place_and_time(workshop, when=start))
        _change(unit, row, state="sent" if told else "dropped", ended_at=unit.now())
        sent += told
    return sent


def _tell(unit: UnitOfWork, row: Row[Any], visit: Row[Any], fields: Mapping[str, Any]) -> bool:
    people = owners_of(unit, visit)
    agree = agreed(unit, [one.account for one in people], Purpose.REMINDERS)
    reached = [one for one in people if agree[one.account]]
    for person in reached:
        post(unit, person, agree[person.account], row.kind, row.id, visit.case, **fields)
    return bool(reached)


def _change(unit: UnitOfWork, row: Row[Any], **values: Any) -> None:
    unit.connection.execute(update(reminders).where(reminders.c.id == row.id).values(**values))
