"""The calendar file of a visit: one event with a UID for its life, whose SEQUENCE grows with each change (RFC 5545)."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Literal

from icalendar import Calendar, Event, vCalAddress, vText
from sqlalchemy import Row

from aftersales.case_view import title_of
from aftersales.cases import AppointmentState
from aftersales.scope import find_appointment, find_case
from aftersales.visits.appointment_view import state_now
from aftersales.workshop.workshops import Workshop, load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict

Language = Literal["en", "zh"]
STATUS: Mapping[AppointmentState, str] = {
    AppointmentState.HELD: "TENTATIVE",
    AppointmentState.CONFIRMED: "CONFIRMED",
    AppointmentState.ARRIVED: "CONFIRMED",
}  # every other state takes the event out of the calendar again
CANCELLED = "CANCELLED"


def calendar_file(unit: UnitOfWork, actor: Actor, appointment: str, language: Language = "en") -> bytes:
    """Give the iCalendar file of a visit that the actor may see, in his language; a dead visit's file cancels it."""
    row = find_appointment(unit, actor, appointment)
    if row.replaces is not None:
        raise Conflict(
            "this time is only offered; accept it, and the visit's own file bears it",
            why="only_offered",
            visit=row.replaces,
        )
    case = find_case(unit, actor, row.case)
    workshop = load_workshop(unit, row.workshop)
    status = STATUS.get(state_now(unit, row), CANCELLED)
    calendar = Calendar()
    calendar.add("prodid", "-//Forecourt//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if status == CANCELLED else "PUBLISH")
    calendar.add_component(_event(row, workshop, status, title_of(case)[language], language))
    written: bytes = calendar.to_ical()
    return written


def _event(row: Row[Any], workshop: Workshop, status: str, title: str, language: Language) -> Event:
    name = workshop.name_zh if language == "zh" else workshop.name_en
    organizer = vCalAddress(f"urn:forecourt:{workshop.id}")
    organizer.params["CN"] = vText(name)
    event = Event()
    event.add("uid", f"{row.id}@forecourt")
    # What ends by the clock alone has not been counted yet.
    event.add("sequence", row.sequence + (status == CANCELLED and row.state == AppointmentState.HELD))
    event.add("dtstamp", row.updated_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", row.during.lower.astimezone(UTC))
    event.add("dtend", row.during.upper.astimezone(UTC))
    event.add("summary", f"{name}：{title}" if language == "zh" else f"{name}: {title}")
    event.add("description", row.reason_zh if language == "zh" else row.reason_en)
    event.add("location", ", ".join(filter(None, (name, workshop.contact.address))))
    event.add("geo", workshop.place)
    event.add("status", status)
    event["organizer"] = organizer
    return event
