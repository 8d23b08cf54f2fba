"""Proposing a visit for a case: the earliest completion that parts and urgency allow, held at once."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from aftersales.cases import Wish
from aftersales.moves import DESK, tell
from aftersales.operations import work_of
from aftersales.tables import appointments, cases
from aftersales.telling.messages import himself_or_owners, notify, owners_of, place_and_time
from aftersales.telling.notices import Words
from aftersales.visits.holds import DESK_HOLD, Visit, lock_day_of, place
from aftersales.visits.occupancy import SlotTaken, attempt, days_of
from aftersales.visits.parts_choice import PartsPlan
from aftersales.visits.planning import Options, evidence_of, operations_of, options_for
from aftersales.visits.reasons import Question, Reason, reason
from aftersales.visits.slots import Slot, Wanted, free_slots, why_none
from aftersales.workshop.workshops import Workshop
from diagnostics.findings import Urgency
from foundation.database import UnitOfWork
from ingest.vehicles import Vehicle
from parts_catalog.stock import OutOfStock

NOTICE = timedelta(hours=4)  # an owner wants to see a proposal before its day is over
NOTICE_STOPPED = timedelta(hours=1)
TRIES = 10  # each that fails means that another case got its visit


def propose(unit: UnitOfWork, case: Row[Any], vehicle: Vehicle) -> Workshop | None:
    """Hold the best visit for an open case and give where, or let the case say why not (None); never half of one."""
    for _ in range(TRIES):
        # Planned anew each time: what another case took meanwhile, a slot or a last part, is no longer on offer.
        options = options_for(unit, vehicle, operations_of(case, vehicle))
        feasible = [one for one in options.workshops if not options.parts[one.id].missing]
        if not feasible:
            plan = options.parts[options.workshops[0].id] if options.workshops else PartsPlan()
            _wait(unit, case, plan.missing or [reason("no_workshop_equipped", skills="-")], plan.questions)
            return None
        wanted = _wanted(unit, case, options)
        first = _best(unit, feasible, wanted)
        if first is None:
            _wait(unit, case, [why_none(feasible, wanted.work, wanted)])
            return None
        try:
            held = attempt(unit, _holding(unit, case, options, (feasible, wanted, first)))
        except (SlotTaken, OutOfStock):
            continue
        return _tell_owners(unit, held, feasible)
    raise SlotTaken("every slot was taken while it was being held; try again")


def _wanted(unit: UnitOfWork, case: Row[Any], options: Options) -> Wanted:
    stopped = case.urgency == Urgency.S0
    overdue = case.latest_day is not None and case.latest_day < unit.now().date()
    return Wanted(
        work_of(options.operations),
        Wish(case.wish),
        unit.now() + (NOTICE_STOPPED if stopped else NOTICE),
        options.parts_ready,
        # A stopped car is towed and waits at the workshop, and what is overdue is late already: then the first slot
        # there is, is the right one.
        None if stopped or overdue else case.latest_day,
        options.near,
    )


def _holding(
    unit: UnitOfWork, case: Row[Any], options: Options, found: tuple[Sequence[Workshop], Wanted, Slot]
) -> Callable[[], str]:
    """Give the act that locks the days of the slot found, looks again, and holds what is best on them."""
    workshops, wanted, first = found

    def hold_best() -> str:
        lock_day_of(unit, first.workshop, first.span)
        best = _best(unit, workshops, wanted)
        if best is None or _days(best) != _days(first):
            raise SlotTaken("this day has just been filled")
        visit = Visit(options.operations, evidence_of(unit, case), options.parts[best.workshop.id], best)
        return place(unit, case, visit, DESK, DESK_HOLD)

    return hold_best


def _best(unit: UnitOfWork, workshops: Sequence[Workshop], wanted: Wanted) -> Slot | None:
    return next(iter(free_slots(unit, workshops, wanted, limit=1)), None)


def _days(slot: Slot) -> list[tuple[str, date]]:
    return [(slot.workshop.id, day) for day in days_of(slot.span, slot.workshop.zone)]


def _tell_owners(unit: UnitOfWork, held: str, workshops: Sequence[Workshop]) -> Workshop:
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == held)).one()
    workshop = next(one for one in workshops if one.id == visit.workshop)
    fields = place_and_time(workshop, when=visit.during.lower, until=visit.expires_at)
    notify(unit, owners_of(unit, visit), "visit_proposed", held, visit.case, **fields)
    return workshop


def _wait(unit: UnitOfWork, case: Row[Any], reasons: Sequence[Reason], questions: Sequence[Question] = ()) -> None:
    told = {"reasons": list(reasons), "questions": list(questions)}
    unit.connection.execute(update(cases).where(cases.c.id == case.id).values(**told, updated_at=unit.now()))
    tell(unit, case.id, "case_waiting", DESK, reasons=list(reasons))
    asked = [one["attribute"] for one in questions if one["attribute"] is not None]
    if asked:
        tell(unit, case.id, "question_asked", DESK, attributes=asked)
        people = himself_or_owners(unit, DESK, case.organisation)
        # Told once for the same questions, however often the case is planned anew.
        notify(unit, people, "question_asked", f"{case.id} {' '.join(asked)}", case.id, question=_first(questions))


def _first(questions: Sequence[Question]) -> Words:
    question = next(one for one in questions if one["attribute"] is not None)
    return Words(question["en"], question["zh"])
