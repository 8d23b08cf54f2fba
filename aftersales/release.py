"""Letting a visit go: bay, technician and parts together, its repair order cancelled, the workshop's sight closed."""

from typing import Any

from sqlalchemy import Row, exists, select

from aftersales.cases import AppointmentState, CaseState, RepairOrderState
from aftersales.moves import DESK, move_appointment, move_case, tell
from aftersales.occupancy import vacate
from aftersales.progress import advance
from aftersales.reasons import reason
from aftersales.tables import appointments, repair_orders
from foundation.database import UnitOfWork
from foundation.grants import close_to
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
    close_vehicle(unit, appointment)


def expire_visit(unit: UnitOfWork, case: Row[Any], appointment: Row[Any]) -> None:
    """End a hold that is over; the case is open again and says why. Its parts are the caller's to free."""
    move_appointment(unit, appointment, AppointmentState.EXPIRED)
    vacate(unit, appointment.id)
    close_to(unit, case.id, appointment.workshop_organisation)
    move_case(unit, case, CaseState.OPEN, reasons=[reason("hold_expired")])
    tell(unit, case.id, "appointment_expired", DESK, appointment=appointment.id)


def close_vehicle(unit: UnitOfWork, appointment: Row[Any]) -> None:
    """End the workshop's sight of the vehicle, unless another visit of it there goes on."""
    other = exists().where(
        appointments.c.vehicle == appointment.vehicle,
        appointments.c.workshop_organisation == appointment.workshop_organisation,
        appointments.c.id != appointment.id,
        appointments.c.state.in_([AppointmentState.CONFIRMED, AppointmentState.ARRIVED]),
    )
    if not unit.connection.execute(select(other)).scalar_one():
        close_to(unit, appointment.vehicle, appointment.workshop_organisation)
