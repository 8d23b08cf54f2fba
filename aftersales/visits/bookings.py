"""What the owner does with a proposed visit: confirm it, move it or decline it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from aftersales.cases import AppointmentState, CaseState, Wish
from aftersales.estimates import Line, lines_of
from aftersales.moves import change_appointment, move_appointment, move_case, tell
from aftersales.operations import work_of
from aftersales.permissions import Act, require
from aftersales.repair.decisions import APPROVED, Heard, Way, record
from aftersales.repair.progress import create_order
from aftersales.scope import find_case, lock_appointment, lock_case, lock_visit
from aftersales.telling.messages import notify, owners_of, place_and_time
from aftersales.telling.reminders import remind
from aftersales.views import get_appointment, get_case
from aftersales.visits.alternatives import accept, after_move, keep, withdraw_alternative
from aftersales.visits.chosen_slots import PartsNotThere, free_now, or_next_best, visit_at, workshop_of
from aftersales.visits.holds import (
    LEAD,
    expiry,
    live_appointment,
    lock_day_of,
    place_elsewhere,
    seat,
    take_slot,
    taken_span,
)
from aftersales.visits.occupancy import HoldExpired, still_occupies, vacate
from aftersales.visits.planning import bookable
from aftersales.visits.reasons import reason
from aftersales.visits.release import give_back, release_visit
from aftersales.visits.slot_ids import SlotKey, read_slot
from aftersales.visits.slot_search import same_again
from aftersales.visits.slots import Slot, check_slot
from aftersales.visits.waitlist import end_wait, serve, wait_on
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork
from foundation.grants import close_to, open_to
from foundation.identity import Actor, Role, open_account
from foundation.refusals import Conflict, Invalid
from ingest.vehicles import VehicleDirectory
from parts_catalog import stock

OVER = frozenset(
    {AppointmentState.DECLINED, AppointmentState.CANCELLED, AppointmentState.NO_SHOW, AppointmentState.TAKEN}
)


def confirm(unit: UnitOfWork, actor: Actor, appointment: str, ip: str | None = None) -> dict[str, Any]:
    """Make the held visit the owner's: parts and slot stay without an end, every line is approved as it is shown.

    `ip` is the address that he says it from, for the approvals. Confirming another time on offer for a visit moves the
    visit there. Again is no harm. Raises `HoldExpired` when the hold has run out.
    """
    case, row = lock_appointment(unit, actor, appointment)
    require(actor, Act.CONFIRM, owner=row.organisation)
    if row.replaces is not None:
        return _accept(unit, actor, row)
    if row.state in {AppointmentState.CONFIRMED, AppointmentState.ARRIVED}:
        return get_appointment(unit, actor, appointment)
    workshop = load_workshop(unit, row.workshop)
    # Under its days' locks nobody can take a hold for expired while it is being confirmed.
    lock_day_of(unit, workshop, taken_span(row))
    _check_held(unit, row)
    lines = lines_of(unit, [row.estimate])[row.estimate]
    _keep_parts(unit, case.id, lines)
    move_appointment(unit, row, AppointmentState.CONFIRMED, expires_at=None)
    move_case(unit, case, CaseState.CONFIRMED)
    order = create_order(unit, row)
    for line in lines:
        record(unit, order, line, APPROVED, actor, Heard(Way.CONFIRMATION, ip))
    open_to(unit, row.vehicle, row.workshop_organisation, Role.TECHNICIAN, actor.account)
    tell(unit, case.id, "appointment_confirmed", actor.account, appointment=appointment, repair_order=order)
    serve(unit, row.wait)
    remind(unit, appointment, row.during.lower, workshop.zone)
    fields = place_and_time(workshop, when=row.during.lower)
    notify(unit, owners_of(unit, row), "visit_confirmed", appointment, case.id, **fields)
    return get_appointment(unit, actor, appointment)


def decline(unit: UnitOfWork, actor: Actor, appointment: str) -> dict[str, Any]:
    """Say no to a visit before the car arrives: bay, technician and parts are free at once. Again is no harm.

    Saying no to what was offered to who waits, or to another time of a visit, leaves all else as it is. Another house
    than the owner's gives back what it held itself, until the owner has confirmed it.
    """
    case, row = lock_appointment(unit, actor, appointment)
    require(actor, Act.DECLINE, owner=row.organisation)
    if actor.organisation != row.organisation:
        _give_back(unit, actor, case, row)
        return get_appointment(unit, actor, appointment)
    if row.state == AppointmentState.HELD and row.replaces is not None:
        keep(unit, actor, lock_visit(unit, row.replaces), row)
        return get_appointment(unit, actor, appointment)
    if row.state == AppointmentState.HELD and row.wait is not None:
        _decline_offer(unit, actor, case, row)
        return get_appointment(unit, actor, appointment)
    return _decline(unit, actor, case, row)


def _decline(unit: UnitOfWork, actor: Actor, case: Row[Any], row: Row[Any]) -> dict[str, Any]:
    appointment = row.id
    if row.state == AppointmentState.ARRIVED:
        raise Conflict(
            "the car is at the workshop already; decline lines of the repair order instead",
            why="car_is_here_decline",
            state=row.state,
        )
    if row.state in OVER or row.replaces is not None or case.state == CaseState.DECLINED:
        return get_appointment(unit, actor, appointment)
    if row.state == AppointmentState.EXPIRED:
        if case.state != CaseState.OPEN:  # the case has moved on to another visit, which is not meant here
            return get_appointment(unit, actor, appointment)
    else:
        move_appointment(unit, row, AppointmentState.DECLINED, sequence=row.sequence + 1)
    release_visit(unit, row, actor.account)
    end_wait(unit, case.id)
    move_case(unit, case, CaseState.DECLINED)
    tell(unit, case.id, "case_declined", actor.account, appointment=appointment)
    return get_appointment(unit, actor, appointment)


def _give_back(unit: UnitOfWork, actor: Actor, case: Row[Any], row: Row[Any]) -> None:
    holder = open_account(unit, row.booked_by)
    ours = holder is not None and holder.organisation == actor.organisation
    if not ours or row.state not in {AppointmentState.HELD, AppointmentState.DECLINED, AppointmentState.EXPIRED}:
        raise Conflict(
            "your house gives back what it holds itself, and only until its owner confirms",
            why="own_house_gives_back",
            state=row.state,
        )
    if row.state == AppointmentState.HELD:
        give_back(unit, actor, case, row)


def decline_case(unit: UnitOfWork, actor: Actor, case: str) -> dict[str, Any]:
    """Say no to a case before the car arrives, with whatever is held for it. Again is no harm."""
    row = lock_case(unit, find_case(unit, actor, case).id)
    require(actor, Act.DECLINE_CASE, owner=row.organisation)
    live = live_appointment(unit, row.id)
    if live is not None:
        _decline(unit, actor, row, live)
    elif row.state == CaseState.OPEN:
        end_wait(unit, row.id)
        move_case(unit, row, CaseState.DECLINED)
        tell(unit, row.id, "case_declined", actor.account)
    elif row.state != CaseState.DECLINED:
        raise Conflict(f"the case is {row.state}", why="case_stands", told={"case_state": row.state}, state=row.state)
    return get_case(unit, actor, case)


def reschedule(
    unit: UnitOfWork, actor: Actor, vehicles: VehicleDirectory, appointment: str, slot: str
) -> dict[str, Any]:
    """Move a visit to another slot in one step; within its workshop it keeps its parts and its approvals.

    A held visit may go to another workshop, with new parts and a new estimate; a confirmed one may not.
    """
    case, row = lock_appointment(unit, actor, appointment)
    require(actor, Act.RESCHEDULE, owner=row.organisation)
    if row.replaces is not None or row.state not in {AppointmentState.HELD, AppointmentState.CONFIRMED}:
        raise Conflict("only a visit that is held or confirmed can be moved", why="visit_not_movable", state=row.state)
    if row.state == AppointmentState.HELD:
        _check_held(unit, row)
    key = read_slot(slot)
    if key.wish != case.wish:
        raise Invalid(f"this slot is for {key.wish}, but the visit is for {case.wish}", why="slot_for_other_wish")
    if key.workshop == row.workshop:
        _move_within(unit, row, key, Wish(case.wish))
    elif row.state == AppointmentState.CONFIRMED:
        raise Conflict(
            "a confirmed visit moves within its workshop; decline it to go to another one", why="moves_within_workshop"
        )
    else:
        _move_to(unit, actor, vehicles, (case, row), key)
    withdraw_alternative(unit, appointment)
    after_move(unit, actor, row)
    return get_appointment(unit, actor, appointment)


def _accept(unit: UnitOfWork, actor: Actor, alternative: Row[Any]) -> dict[str, Any]:
    visit = lock_visit(unit, alternative.replaces)
    if alternative.state == AppointmentState.TAKEN:
        return get_appointment(unit, actor, visit.id)
    workshop = load_workshop(unit, alternative.workshop)
    lock_day_of(unit, workshop, taken_span(visit), taken_span(alternative))
    _check_held(unit, alternative)
    if visit.state == AppointmentState.HELD:
        _check_held(unit, visit)
    elif visit.state != AppointmentState.CONFIRMED:
        raise Conflict(
            f"the appointment is {visit.state}",
            why="visit_stands",
            told={"visit_state": visit.state},
            state=visit.state,
        )
    accept(unit, actor, visit, alternative)
    return get_appointment(unit, actor, visit.id)


def _decline_offer(unit: UnitOfWork, actor: Actor, case: Row[Any], row: Row[Any]) -> None:
    """Give back a time that was offered to who waits; he waits on, and his case is open as before."""
    move_appointment(unit, row, AppointmentState.DECLINED, sequence=row.sequence + 1)
    release_visit(unit, row, actor.account)
    close_to(unit, case.id, row.workshop_organisation, actor.account)
    wait_on(unit, row.wait)
    move_case(unit, case, CaseState.OPEN, reasons=[reason("waiting_for_slot")])
    tell(unit, case.id, "appointment_kept", actor.account, offer=row.id)


def _keep_parts(unit: UnitOfWork, case: str, lines: Sequence[Line]) -> None:
    """Keep the parts of an estimate without an end; never confirm a visit whose parts have gone back meanwhile."""
    held = {(one.part, one.location): one.quantity for one in stock.keep(unit, case)}
    wanted: dict[tuple[str, str], int] = {}
    for line in lines:
        if line.part is not None:
            key = line.part, line.part_location
            wanted[key] = wanted.get(key, 0) + line.hundredths // 100
    if _lacking(held, wanted):
        for one in stock.waiting(unit, case):
            held[one.part, one.location] = held.get((one.part, one.location), 0) + one.quantity
    if _lacking(held, wanted):
        raise HoldExpired("the parts of this visit were held for a time that is over; please choose a slot again")


def _lacking(held: Mapping[tuple[str, str], int], wanted: Mapping[tuple[str, str], int]) -> bool:
    return any(held.get(key, 0) < quantity for key, quantity in wanted.items())


def _check_held(unit: UnitOfWork, row: Row[Any]) -> None:
    gone = row.state == AppointmentState.EXPIRED or (
        row.state == AppointmentState.HELD and row.expires_at <= unit.now()
    )
    if gone or (row.state == AppointmentState.HELD and not still_occupies(unit, row.id)):
        raise HoldExpired("this visit was held for a time that is over; please choose a slot again")
    if row.state != AppointmentState.HELD:
        raise Conflict(
            f"the appointment is {row.state}", why="visit_stands", told={"visit_state": row.state}, state=row.state
        )


def _move_within(unit: UnitOfWork, row: Row[Any], key: SlotKey, wish: Wish) -> None:
    workshop = load_workshop(unit, row.workshop)
    wanted = replace(same_again(row, wish, unit.now() + LEAD), loaner=key.loaner is not None)
    slot = check_slot(workshop, key, wanted.work, wanted.not_before)
    if row.parts_ready_at is not None and slot.start < row.parts_ready_at:
        raise PartsNotThere("the parts for this visit arrive later", ready_at=row.parts_ready_at.isoformat())

    def move() -> None:
        lock_day_of(unit, workshop, taken_span(row), slot.span)
        told = free_now(unit, slot, wanted)
        vacate(unit, row.id)
        take_slot(unit, row.id, told)
        change_appointment(unit, row.id, **_moved(unit, row, told))

    or_next_best(unit, move, [workshop], wanted)


def _moved(unit: UnitOfWork, row: Row[Any], slot: Slot) -> dict[str, Any]:
    values = {**seat(slot), "sequence": row.sequence + 1}
    if row.state == AppointmentState.HELD:
        values["expires_at"] = expiry(unit.now(), row.expires_at - unit.now(), slot.start)
        stock.keep(unit, row.case, values["expires_at"])
    return values


def _move_to(
    unit: UnitOfWork, actor: Actor, vehicles: VehicleDirectory, held: tuple[Row[Any], Row[Any]], key: SlotKey
) -> None:
    case, row = held
    vehicle = vehicles.get(unit, actor, case.vehicle)
    workshop = workshop_of(unit, key)
    options = bookable(unit, vehicle, case, Wish(case.wish), [workshop])
    wanted = same_again(row, Wish(case.wish), unit.now() + LEAD)
    work, ready = work_of(options.operations), options.parts_ready
    wanted = replace(wanted, work=work, parts_ready=ready, loaner=key.loaner is not None)
    slot = check_slot(workshop, key, wanted.work, wanted.not_before)
    visit = visit_at(unit, case, options, slot)

    def move() -> None:
        place_elsewhere(unit, case, row, replace(visit, slot=free_now(unit, slot, wanted)), actor.account)

    or_next_best(unit, move, [workshop], wanted)
