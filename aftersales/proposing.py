"""Proposing a visit for a case: the earliest completion that parts and urgency allow, held at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from aftersales.cases import Wish
from aftersales.holds import DESK_HOLD, Visit, lock_day_of, place
from aftersales.moves import tell
from aftersales.occupancy import SlotTaken, attempt, local_day
from aftersales.operations import Operation, diagnosis_for_fault, operations_for_fault, operations_for_wish, work_of
from aftersales.parts_choice import PartsPlan, choose_parts, survey
from aftersales.reasons import Question, Reason, reason
from aftersales.slots import Slot, Wanted, free_slots, reachable, why_none
from aftersales.tables import case_findings, cases
from aftersales.workshops import Workshop, load_workshops
from diagnostics.findings import Urgency
from foundation.database import UnitOfWork
from ingest.vehicles import Vehicle
from parts_catalog.stock import OutOfStock

NOTICE = timedelta(hours=4)  # an owner wants to see a proposal before its day is over
NOTICE_STOPPED = timedelta(hours=1)
TRIES = 5
DESK = "desk"


@dataclass(frozen=True, slots=True)
class Options:
    """What a vehicle's visit could be at each workshop within reach."""

    operations: tuple[Operation, ...]
    workshops: tuple[Workshop, ...]
    parts: dict[str, PartsPlan]
    near: tuple[float, float] | None


def options_for(
    unit: UnitOfWork, vehicle: Vehicle, operations: Sequence[Operation], workshops: Sequence[Workshop] | None = None
) -> Options:
    """Plan the parts of the operations at the workshops (None: all within reach of where the car is kept)."""
    near = place_of(vehicle)
    every = list(load_workshops(unit).values())
    chosen = tuple(reachable(every, near) if workshops is None else workshops)
    needs = [need for operation in operations for need in operation.needs]
    found = survey(unit, vehicle.config, needs, every)
    now = unit.now()
    plans = {workshop.id: choose_parts(found, workshop, now) for workshop in chosen}
    return Options(tuple(operations), chosen, plans, near)


def place_of(vehicle: Vehicle) -> tuple[float, float] | None:
    if vehicle.latitude is None or vehicle.longitude is None:
        return None
    return vehicle.latitude, vehicle.longitude


def operations_of(case: Row[Any], vehicle: Vehicle) -> tuple[Operation, ...]:
    """Give the work of a case: after its fault and how sure that is, or after the owner's wish."""
    if case.fault is None:
        return operations_for_wish(Wish(case.wish), vehicle.config.fuel)
    return operations_for_fault(case.fault, case.probability)


def diagnosis_of(case: Row[Any], vehicle: Vehicle) -> tuple[Operation, ...]:
    """Give the work that can be done in any event: looking at it first."""
    return operations_of(case, vehicle) if case.fault is None else diagnosis_for_fault(case.fault)


def evidence_of(unit: UnitOfWork, case: Row[Any]) -> dict[str, Any]:
    """Give what the labour lines of a case rest on: the latest finding's numbers, or the owner's wish."""
    document = unit.connection.execute(
        select(case_findings.c.document)
        .where(case_findings.c.case == case.id)
        .order_by(case_findings.c.merged_at.desc(), case_findings.c.finding)
        .limit(1)
    ).scalar_one_or_none()
    if document is None:
        return {"wish": case.wish}
    told = ("id", "fault", "probability", "severity", "first_seen", "confirmed", "predictor", "evidence")
    return {name: document[name] for name in told}


def propose(unit: UnitOfWork, case: Row[Any], vehicle: Vehicle) -> str | None:
    """Hold the best visit for an open case and give its id; None: the case now says why there is none."""
    options = options_for(unit, vehicle, operations_of(case, vehicle))
    feasible = [one for one in options.workshops if not options.parts[one.id].missing]
    if not feasible:
        plan = options.parts[options.workshops[0].id] if options.workshops else PartsPlan()
        return _wait(unit, case, plan.missing or (reason("no_workshop_equipped", skills="-"),), plan.questions)
    stopped = case.urgency == Urgency.S0
    wanted = Wanted(
        work_of(options.operations),
        Wish(case.wish),
        unit.now() + (NOTICE_STOPPED if stopped else NOTICE),
        {id: plan.ready_at for id, plan in options.parts.items() if plan.ready_at is not None},
        # A stopped car is towed and waits at the workshop: the first slot there is, however late, is the right one.
        None if stopped else case.latest_day,
        options.near,
    )
    evidence = evidence_of(unit, case)

    def hold_best(first: Slot) -> str:
        lock_day_of(unit, first.workshop, first.start)
        best = _best(unit, feasible, wanted)
        if best is None or _day(best) != _day(first):
            raise SlotTaken("this day has just been filled")
        visit = Visit(options.operations, evidence, options.parts[best.workshop.id], best)
        return place(unit, case, visit, DESK, DESK_HOLD)

    for _ in range(TRIES):
        first = _best(unit, feasible, wanted)
        if first is None:
            return _wait(unit, case, [why_none(feasible, wanted.work, wanted)])
        try:
            return attempt(unit, lambda slot=first: hold_best(slot))
        except SlotTaken:
            continue
        except OutOfStock:
            feasible.remove(first.workshop)  # its parts went to somebody else between the look and the hold
            if not feasible:
                return _wait(unit, case, [reason("part_out_of_stock", part_type=case.fault)])
    return _wait(unit, case, [why_none(feasible, wanted.work, wanted)])


def _best(unit: UnitOfWork, workshops: Sequence[Workshop], wanted: Wanted) -> Slot | None:
    return next(iter(free_slots(unit, workshops, wanted, limit=1)), None)


def _day(slot: Slot) -> tuple[str, object]:
    return slot.workshop.id, local_day(slot.start, slot.workshop.zone)


def _wait(unit: UnitOfWork, case: Row[Any], reasons: Sequence[Reason], questions: Sequence[Question] = ()) -> None:
    unit.connection.execute(
        update(cases)
        .where(cases.c.id == case.id)
        .values(reasons=list(reasons), questions=list(questions), updated_at=unit.now())
    )
    tell(unit, case.id, "case_waiting", DESK, reasons=list(reasons))
