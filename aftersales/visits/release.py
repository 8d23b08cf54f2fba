"""Letting a visit go: bay, technician and parts together, its repair order cancelled, the workshop's sight closed."""

from typing import Any

from sqlalchemy import Row, exists, select

from aftersales.cases import AppointmentState, CaseState, RepairOrderState
from aftersales.moves import DESK, move_appointment, move_case, tell
from aftersales.repair.progress import advance
from aftersales.tables import appointments, repair_orders
from aftersales.telling.messages import notify, owners_of, place_and_time
from aftersales.telling.reminders import drop_reminders
from aftersales.visits.alternatives import withdraw_alternative
from aftersales.visits.occupancy import vacate
from aftersales.visits.reasons import reason
from aftersales.visits.waitlist import let_lapse, note_vacancy
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork
from foundation.grants import close_to
from foundation.identity import Actor
from parts_catalog import stock

CANCELLABLE = frozenset({RepairOrderState.EXPECTED, RepairOrderState.OPEN})


def release_visit(unit: UnitOfWork, appointment: Row[Any], actor: str) -> None:
    """Free everything that a visit holds; again is no harm. The case must be locked."""
    vacate(unit, appointment.id)
    stock.release(unit, appointment.case)
    order = unit.connection.execute(
        select(repair_orders).where(repair_orders.c.appointment == appointment.id)
    ).one_or_none()
    if order is not None and order.state in CANCELLABLE:
        advance(unit, order, RepairOrderState.CANCELLED, "cancel", actor)
    close_vehicle(unit, appointment, actor)
    drop_reminders(unit, appointment.id)
    withdraw_alternative(unit, appointment.id)
    note_vacancy(unit, appointment.workshop)


def expire_visit(unit: UnitOfWork, case: Row[Any], appointment: Row[Any]) -> None:
    """End a hold that is over; the case is open again and says why. Its parts are the caller's to free."""
    move_appointment(unit, appointment, AppointmentState.EXPIRED, sequence=appointment.sequence + 1)
    vacate(unit, appointment.id)
    withdraw_alternative(unit, appointment.id)
    let_lapse(unit, appointment.wait)
    note_vacancy(unit, appointment.workshop)
    close_to(unit, case.id, appointment.workshop_organisation, DESK)
    move_case(unit, case, CaseState.OPEN, reasons=[reason("hold_expired")])
    tell(unit, case.id, "appointment_expired", DESK, appointment=appointment.id)
    fields = place_and_time(load_workshop(unit, appointment.workshop), when=appointment.during.lower)
    notify(unit, owners_of(unit, appointment), "visit_expired", appointment.id, case.id, **fields)


def give_back(unit: UnitOfWork, actor: Actor, case: Row[Any], appointment: Row[Any]) -> None:
    """Free a time that another house than the owner's held for him; the case is open again, and its owners are told."""
    move_appointment(unit, appointment, AppointmentState.DECLINED, sequence=appointment.sequence + 1)
    vacate(unit, appointment.id)
    stock.release(unit, case.id)
    withdraw_alternative(unit, appointment.id)
    note_vacancy(unit, appointment.workshop)
    if appointment.workshop_organisation != actor.organisation:
        close_to(unit, case.id, appointment.workshop_organisation, actor.account)
    move_case(unit, case, CaseState.OPEN, reasons=[reason("given_back")])
    tell(unit, case.id, "appointment_given_back", actor.account, appointment=appointment.id)
    fields = place_and_time(load_workshop(unit, appointment.workshop), when=appointment.during.lower)
    notify(unit, owners_of(unit, appointment), "visit_given_back", appointment.id, case.id, **fields)


def close_vehicle(unit: UnitOfWork, appointment: Row[Any], by: str) -> None:
    """End the workshop's sight of the vehicle, unless another visit of it there goes on."""
    other = exists().where(
        appointments.c.vehicle == appointment.vehicle,
        appointments.c.workshop_organisation == appointment.workshop_organisation,
        appointments.c.id != appointment.id,
        appointments.c.state.in_([AppointmentState.CONFIRMED, AppointmentState.ARRIVED]),
    )
    if not unit.connection.execute(select(other)).scalar_one():
        close_to(unit, appointment.vehicle, appointment.workshop_organisation, by)
