"""Moving a visit on the calendar: bay and technician are the desk's to choose, another time is its owner's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from aftersales.cases import AppointmentState, Wish
from aftersales.moves import change_appointment, tell
from aftersales.permissions import Act, require
from aftersales.scope import lock_appointment
from aftersales.telling.messages import notify, owners_of, place_and_time
from aftersales.visits.alternatives import after_move, hold_alternative, withdraw_alternative
from aftersales.visits.chosen_slots import PartsNotThere, check_free, or_next_best
from aftersales.visits.holds import DESK_HOLD, expiry, lock_day_of, seat, take_slot, taken_span
from aftersales.visits.occupancy import vacate
from aftersales.visits.reasons import Binding
from aftersales.visits.slot_ids import SlotKey
from aftersales.visits.slot_search import same_again
from aftersales.visits.slots import Slot, check_slot
from aftersales.workshop.calendars import reckonable
from aftersales.workshop.workshops import Workshop, load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid
from parts_catalog import stock

ARRANGED, MOVED, OFFERED = "arranged", "moved", "offered"
SET_BY_DESK = Binding("set_by_workshop")
MOVABLE = frozenset({AppointmentState.HELD, AppointmentState.CONFIRMED})


class NotOffered(Invalid):
    """No visit lies like this: it is closed then, or the bay or technician is away or unfit for the work."""

    code = "not_offered"


class OverlapsItself(Conflict):
    """The visit keeps its time until its owner accepts another one: the two cannot share a bay or technician."""

    code = "overlaps_itself"


def rearrange(unit: UnitOfWork, actor: Actor, appointment: str, bay: str, technician: str, start: datetime) -> str:
    """Give a visit another bay or technician, or another time; gives what was done.

    A time that its owner has confirmed is not taken from him: the new one is held beside it, and he accepts it or
    keeps his own. Raises `SlotTaken` when something is in the way, `Invalid` for a bay or technician unfit for the
    work or a start that is never offered.
    """
    case, row = lock_appointment(unit, actor, appointment)
    require(actor, Act.ARRANGE, owner=row.organisation, workshop=row.workshop_organisation)
    if row.replaces is not None:
        raise Conflict("this time is only on offer; move the visit itself", why="only_on_offer", visit=row.replaces)
    held = row.state == AppointmentState.HELD
    if row.state not in MOVABLE or (held and row.expires_at <= unit.now()):
        raise Conflict("only a visit that is held or confirmed can be moved", why="visit_not_movable", state=row.state)
    workshop = load_workshop(unit, row.workshop)
    reckonable(start.date())
    key = SlotKey(row.workshop, start.astimezone(UTC), row.minutes, Wish(case.wish), bay, technician, row.loaner)
    if start == row.during.lower:
        same = {"reason_en": row.reason_en, "reason_zh": row.reason_zh}
        _place(unit, row, workshop, key, lambda slot: _change(unit, row, workshop, slot, **same))
        tell(unit, case.id, "appointment_arranged", actor.account, appointment=appointment)
        return ARRANGED
    if held:
        _place(unit, row, workshop, key, lambda slot: _change(unit, row, workshop, slot, **_later(unit, row, slot)))
        withdraw_alternative(unit, appointment)
        after_move(unit, actor, row)
        return MOVED
    _place(unit, row, workshop, key, lambda slot: _offer(unit, row, workshop, slot))
    return OFFERED


def _place(unit: UnitOfWork, row: Row[Any], workshop: Workshop, key: SlotKey, take: Callable[[Slot], object]) -> None:
    """Check the place that is asked for and take it, or refuse with the next best ones."""
    # What stays at its time may begin sooner than anybody could book.
    not_before = min(unit.now(), row.during.lower) if key.start == row.during.lower else unit.now()
    wanted = same_again(row, key.wish, not_before)
    try:
        slot = replace(check_slot(workshop, key, wanted.work, wanted.not_before), bound=SET_BY_DESK)
    except Invalid as refusal:
        raise NotOffered("closed then, or this bay or technician is away or unfit for the work") from refusal
    if row.parts_ready_at is not None and slot.start < row.parts_ready_at:
        raise PartsNotThere("the parts for this visit arrive later", ready_at=row.parts_ready_at.isoformat())
    or_next_best(unit, lambda: take(slot), [workshop], wanted)


def _change(unit: UnitOfWork, row: Row[Any], workshop: Workshop, slot: Slot, **values: Any) -> None:
    lock_day_of(unit, workshop, taken_span(row), slot.span)
    check_free(unit, slot, row.case)
    vacate(unit, row.id)
    take_slot(unit, row.id, slot)
    change_appointment(unit, row.id, **(seat(slot) | values))
    if "expires_at" in values:
        stock.keep(unit, row.case, values["expires_at"])


def _later(unit: UnitOfWork, row: Row[Any], slot: Slot) -> dict[str, Any]:
    life = row.expires_at - unit.now()
    return {"sequence": row.sequence + 1, "expires_at": expiry(unit.now(), life, slot.start)}


def _offer(unit: UnitOfWork, row: Row[Any], workshop: Workshop, slot: Slot) -> None:
    shared = slot.bay.id == row.bay or slot.technician.id == row.technician or row.loaner is not None
    (begin, end), (old_begin, old_end) = slot.span, taken_span(row)
    if shared and begin < old_end and old_begin < end:
        raise OverlapsItself("the visit keeps its time until its owner answers; choose another bay and technician")
    lock_day_of(unit, workshop, taken_span(row), slot.span)
    withdraw_alternative(unit, row.id)  # one time on offer at most: the newest
    check_free(unit, slot, row.case)
    offer = hold_alternative(unit, row, slot, DESK_HOLD)
    until = expiry(unit.now(), DESK_HOLD, min(slot.start, row.during.lower))
    fields = place_and_time(workshop, when=slot.start, until=until, old=row.during.lower)
    notify(unit, owners_of(unit, row), "time_proposed", offer, row.case, **fields)
