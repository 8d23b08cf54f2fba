"""Booking by the owner himself: maintenance, a repair in his words or an inspection, or a visit for an open case."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from aftersales.cases import AppointmentState, CaseState, Wish
from aftersales.moves import DESK
from aftersales.opening import insert_case
from aftersales.operations import work_of
from aftersales.permissions import Act, require
from aftersales.scope import find_case, lock_case, lock_counts
from aftersales.tables import appointments
from aftersales.telling.messages import notify, owners_of, place_and_time
from aftersales.views import get_appointment
from aftersales.visits.chosen_slots import free_now, or_next_best, visit_at, workshop_of
from aftersales.visits.holds import LEAD, OWN_HOLD, live_appointment, lock_day_of, place
from aftersales.visits.planning import bookable, place_of
from aftersales.visits.release import expire_visit
from aftersales.visits.slot_ids import read_slot
from aftersales.visits.slots import Wanted, check_slot
from aftersales.workshop.workshops import Workshop
from foundation.database import UnitOfWork
from foundation.grants import open_to
from foundation.identity import Actor, Role
from foundation.refusals import Conflict, Invalid
from ingest.vehicles import Vehicle
from parts_catalog import stock

# Hoarding slots is the classic abuse of a booking desk (OWASP API6): live holds of one's own choosing are capped.
LIVE_HOLDS = {Role.OWNER: 5}
LIVE_HOLDS_OF_A_FLEET = 100
LIVE_HOLDS_OF_A_VEHICLE = 3  # whoever booked them: nobody brings one car to more workshops than that


class TooManyHolds(Conflict):
    code = "too_many_holds"


def book(
    unit: UnitOfWork,
    actor: Actor,
    vehicle: Vehicle,
    slot: str,
    service: Wish,
    words: str | None = None,
    case: str | None = None,
) -> dict[str, Any]:
    """Hold a free slot with parts, bay and technician for the owner; gives the appointment, to be confirmed by him.

    Without a case a new one is opened for the wish. Raises `SlotTaken` with the next best slots, `Invalid` for a slot
    that was never offered for this work.
    """
    require(actor, Act.BOOK, owner=vehicle.organisation)
    key = read_slot(slot)
    row = _open_case_of(unit, actor, vehicle, case) if case is not None else None
    wish = Wish(row.wish) if row is not None else service
    if key.wish is not wish or service is not wish:
        raise Invalid(
            f"this slot or request is for {key.wish} and {service}, but the visit is for {wish}",
            why="slot_for_other_wish",
        )
    if row is None and wish is Wish.REPAIR and not (words or "").strip():
        raise Invalid("please say in your own words what is to be repaired", why="say_what_to_repair")
    _check_holds(unit, actor, vehicle)
    workshop = workshop_of(unit, key)
    options = bookable(unit, vehicle, row, wish, [workshop])
    wanted = Wanted(
        work_of(options.operations),
        wish,
        unit.now() + LEAD,
        options.parts_ready,
        near=place_of(vehicle),
        loaner=key.loaner is not None,
    )
    chosen = check_slot(workshop, key, wanted.work, wanted.not_before)
    visit = visit_at(unit, row, options, chosen)

    def hold() -> str:
        lock_day_of(unit, workshop, chosen.span)
        told = replace(visit, slot=free_now(unit, chosen, wanted))
        opened = row if row is not None else insert_case(unit, vehicle, wish, actor.account, words=words)
        appointment = place(unit, opened, told, actor.account, OWN_HOLD, new_case=row is None)
        if actor.organisation != vehicle.organisation:
            _hand_over(unit, actor, workshop, appointment)
        return appointment

    return get_appointment(unit, actor, or_next_best(unit, hold, [workshop], wanted))


def _hand_over(unit: UnitOfWork, actor: Actor, workshop: Workshop, appointment: str) -> None:
    """Tell the owners of a visit that another house holds for their car: they confirm it, and it goes on seeing it."""
    row = unit.connection.execute(select(appointments).where(appointments.c.id == appointment)).one()
    open_to(unit, row.case, actor.organisation, Role.INTEGRATOR, actor.account)
    fields = place_and_time(workshop, when=row.during.lower, until=row.expires_at)
    notify(unit, owners_of(unit, row), "visit_proposed", appointment, row.case, **fields)


def _open_case_of(unit: UnitOfWork, actor: Actor, vehicle: Vehicle, case: str) -> Row[Any]:
    row = lock_case(unit, find_case(unit, actor, case).id)
    if row.vehicle != vehicle.id:
        raise Invalid("this case is of another vehicle", why="case_of_another_car")
    held = live_appointment(unit, row.id)
    if held is not None and held.state == AppointmentState.HELD and held.expires_at <= unit.now():
        expire_visit(unit, row, held)
        stock.release(unit, row.id)
        row = lock_case(unit, row.id)
    if row.state != CaseState.OPEN:
        raise Conflict(
            "this case has its visit already, or is closed; move the visit instead",
            why="has_its_visit",
            state=row.state,
        )
    return row


def _check_holds(unit: UnitOfWork, actor: Actor, vehicle: Vehicle) -> None:
    lock_counts(unit, f"holds of {actor.account}", f"holds for {vehicle.id}")
    mine = appointments.c.booked_by == actor.account
    for_car = and_(appointments.c.vehicle == vehicle.id, appointments.c.booked_by != DESK)
    live = unit.connection.execute(
        select(func.count().filter(mine).label("mine"), func.count().filter(for_car).label("for_car")).where(
            or_(mine, for_car), appointments.c.state == AppointmentState.HELD, appointments.c.expires_at > unit.now()
        )
    ).one()
    if live.mine >= LIVE_HOLDS.get(actor.role, LIVE_HOLDS_OF_A_FLEET):
        raise TooManyHolds("please confirm or decline the visits that are held for you first", held=live.mine)
    if live.for_car >= LIVE_HOLDS_OF_A_VEHICLE:
        raise TooManyHolds("please confirm or decline the visits that are held for this car first", held=live.for_car)
