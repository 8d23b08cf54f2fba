"""Searching free slots: for a case, for a vehicle, or for a wish alone; a holder's own hold hides no slot from him."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from aftersales.cases import AppointmentState, Wish
from aftersales.operations import Work, operations_for_wish, work_of
from aftersales.scope import find_case
from aftersales.visits.holds import LEAD, live_appointment
from aftersales.visits.planning import Options, bookable, place_of
from aftersales.visits.slots import Slot, Wanted, free_slots, rank_s, reachable
from aftersales.workshop.calendars import reckonable
from aftersales.workshop.workshops import Place, Workshop, load_workshop, load_workshops
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict
from ingest.vehicles import Vehicle, VehicleDirectory


@dataclass(frozen=True, slots=True)
class SlotQuery:
    """What an owner asks for; everything may be left out. `after`: not before this instant."""

    near: Place | None = None
    workshop: str | None = None
    wish: Wish | None = None
    case: str | None = None
    vehicle: str | None = None
    after: datetime | None = None
    limit: int = 50
    loaner: bool = False


def find_slots(unit: UnitOfWork, actor: Actor, vehicles: VehicleDirectory, query: SlotQuery) -> list[dict[str, Any]]:
    """Give free slots as JSON, the earliest completion first."""
    workshops = [load_workshop(unit, query.workshop)] if query.workshop else None
    if query.case is not None:
        case = find_case(unit, actor, query.case)
        vehicle = vehicles.get(unit, actor, case.vehicle)
        slots = _for_case(unit, case, vehicle, workshops, query)
        return [slot.to_json(query.near or place_of(vehicle)) for slot in slots]
    wish = query.wish or Wish.MAINTENANCE
    not_before = _not_before(unit, query)
    if query.vehicle is not None:
        vehicle = vehicles.get(unit, actor, query.vehicle)
        options = bookable(unit, vehicle, None, wish, _within(unit, workshops, query.near))
        near = query.near or options.near
        wanted = _wanted(options, wish, not_before, near, query)
        return [slot.to_json(near) for slot in free_slots(unit, options.workshops, wanted, query.limit)]
    # Without a vehicle the fuel is unknown; a wish takes the same hours for all of them.
    work = work_of(operations_for_wish(wish, None))
    wanted = Wanted(work, wish, not_before, {}, near=query.near, loaner=query.loaner)
    every = workshops or list(load_workshops(unit).values())
    return [slot.to_json(query.near) for slot in free_slots(unit, every, wanted, query.limit)]


def work_of_appointment(appointment: Row[Any]) -> Work:
    skills, equipment = frozenset(appointment.skills), frozenset(appointment.equipment)
    return Work(appointment.minutes, skills, equipment, appointment.before_min, appointment.after_min)


def same_again(appointment: Row[Any], wish: Wish, not_before: datetime) -> Wanted:
    """Ask for another time of a visit at its own workshop, where its parts are or will be."""
    ready = {appointment.workshop: appointment.parts_ready_at} if appointment.parts_ready_at else {}
    return Wanted(
        work_of_appointment(appointment),
        wish,
        not_before,
        ready,
        apart_from_case=appointment.case,
        loaner=appointment.loaner is not None,
    )


def _for_case(
    unit: UnitOfWork, case: Row[Any], vehicle: Vehicle, workshops: list[Workshop] | None, query: SlotQuery
) -> list[Slot]:
    wish = Wish(case.wish)
    near = query.near or place_of(vehicle)
    not_before = _not_before(unit, query)
    live = live_appointment(unit, case.id)
    if live is None:
        options = bookable(unit, vehicle, case, wish, _within(unit, workshops, query.near))
        return free_slots(unit, options.workshops, _wanted(options, wish, not_before, near, query), query.limit)
    if live.state == AppointmentState.ARRIVED:
        raise Conflict("the car is at the workshop already", why="car_is_here")
    own = load_workshop(unit, live.workshop)
    found: list[Slot] = []
    if workshops is None or own.id == workshops[0].id:
        again = same_again(live, wish, not_before)
        found += free_slots(unit, [own], replace(again, loaner=again.loaner or query.loaner), query.limit)
    if live.state == AppointmentState.HELD:
        others = workshops or reachable(load_workshops(unit).values(), near)
        options = bookable(unit, vehicle, case, wish, [one for one in others if one.id != own.id])
        wanted = replace(_wanted(options, wish, not_before, near, query), apart_from_case=case.id)
        found += free_slots(unit, options.workshops, wanted, query.limit)
    return sorted(found, key=lambda slot: _rank(slot, near))[: query.limit]


def _rank(slot: Slot, near: Place | None) -> tuple[float, str]:
    return slot.completion.timestamp() + rank_s(slot.workshop, near), slot.workshop.id


def _within(unit: UnitOfWork, workshops: list[Workshop] | None, near: Place | None) -> list[Workshop] | None:
    if workshops is None and near is not None:
        return reachable(load_workshops(unit).values(), near)
    return workshops


def _wanted(options: Options, wish: Wish, not_before: datetime, near: Place | None, query: SlotQuery) -> Wanted:
    work = work_of(options.operations)
    return Wanted(work, wish, not_before, options.parts_ready, near=near, loaner=query.loaner)


def _not_before(unit: UnitOfWork, query: SlotQuery) -> datetime:
    earliest = unit.now() + LEAD
    if query.after is None:
        return earliest
    reckonable(query.after.date())
    return max(earliest, query.after)
