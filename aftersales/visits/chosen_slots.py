"""Taking the slot that an owner chose: is it still free, are the parts there by then, and what else could he have."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row

from aftersales.visits.holds import Visit
from aftersales.visits.occupancy import SetupChanged, SlotTaken, attempt, busy_spans, is_free, taken_quanta
from aftersales.visits.planning import Options, evidence_of
from aftersales.visits.slot_ids import NO_SLOT, SlotKey
from aftersales.visits.slots import Slot, Wanted, bound_by, free_slots, is_untaken
from aftersales.workshop.workshops import Workshop, load_workshops
from foundation.database import UnitOfWork
from foundation.refusals import Conflict, Invalid

T = TypeVar("T")


class PartsNotThere(Conflict):
    """The parts of the repair arrive after the chosen start."""

    code = "parts_not_there"


def workshop_of(unit: UnitOfWork, key: SlotKey) -> Workshop:
    found = load_workshops(unit, [key.workshop])
    if not found:
        raise Invalid(NO_SLOT, why="no_slot")
    return found[key.workshop]


def visit_at(unit: UnitOfWork, case: Row[Any] | None, options: Options, slot: Slot) -> Visit:
    """Build the visit at a chosen slot. A repair waits for its parts; a wish goes on without those that come later."""
    plan = options.parts[slot.workshop.id]
    there = plan.by(slot.start)
    if case is None:
        return Visit(options.operations, {"wish": slot.wish.value}, there, slot)
    if case.fault is not None and len(there.missing) > len(plan.missing):
        raise PartsNotThere("the parts for this repair arrive later", ready_at=str(plan.ready_at))
    return Visit(options.operations, evidence_of(unit, case), there, slot)


def check_free(unit: UnitOfWork, slot: Slot, apart_from_case: str | None = None) -> None:
    """Raise `SlotTaken` unless all it takes is free; final only while its days are locked."""
    busy = busy_spans(unit, [slot.workshop.id], slot.span, apart_from_case)
    if not all(is_free(busy, one, *span) for one, span in slot.takes):
        raise SlotTaken("somebody else has just taken this slot")


def free_now(unit: UnitOfWork, slot: Slot, wanted: Wanted) -> Slot:
    """Give the slot with what binds its time by now. Raises `SlotTaken` like `check_free`, in one look with it."""
    since = min(wanted.not_before, slot.span[0])
    taken = taken_quanta(unit, [slot.workshop.id], (since, slot.span[1]), wanted.apart_from_case)
    if not is_untaken(slot, taken):
        raise SlotTaken("somebody else has just taken this slot")
    return bound_by(slot, wanted, taken)


def or_next_best(unit: UnitOfWork, act: Callable[[], T], workshops: Sequence[Workshop], wanted: Wanted) -> T:
    """Run a booking as one step; when its slot is gone, the refusal offers the next best ones."""
    try:
        return attempt(unit, act)
    except SlotTaken as taken:
        if isinstance(taken, SetupChanged):
            workshops = list(load_workshops(unit, [one.id for one in workshops]).values())
        instead = [slot.to_json(wanted.near) for slot in free_slots(unit, workshops, wanted, limit=5)]
        raise SlotTaken(taken.detail, slots=instead) from taken
