"""Planning a visit: which operations, and which parts at which workshop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import Wish
from aftersales.operations import Operation, diagnosis_for_fault, operations_for_fault, operations_for_wish
from aftersales.tables import case_findings
from aftersales.visits.parts_choice import PartsPlan, choose_parts, survey
from aftersales.visits.slots import reachable
from aftersales.workshop.workshops import Place, Workshop, load_workshops
from foundation.database import UnitOfWork
from ingest.vehicles import Vehicle
from parts_catalog.prices import Buyer, Channel


@dataclass(frozen=True, slots=True)
class Options:
    """What a vehicle's visit could be at each workshop within reach."""

    operations: tuple[Operation, ...]
    workshops: tuple[Workshop, ...]
    parts: dict[str, PartsPlan]
    near: Place | None

    @property
    def parts_ready(self) -> dict[str, datetime]:
        return {workshop: plan.ready_at for workshop, plan in self.parts.items() if plan.ready_at is not None}


def options_for(
    unit: UnitOfWork, vehicle: Vehicle, operations: Sequence[Operation], workshops: Sequence[Workshop] | None = None
) -> Options:
    """Plan the parts of the operations at the workshops (None: all within reach of where the car is kept)."""
    near = place_of(vehicle)
    chosen = tuple(reachable(load_workshops(unit).values(), near) if workshops is None else workshops)
    needs = [need for operation in operations for need in operation.needs]
    found = survey(unit, vehicle.config, needs, chosen, Buyer(vehicle.organisation, Channel.COUNTER))
    now = unit.now()
    plans = {workshop.id: choose_parts(found, workshop, now) for workshop in chosen}
    return Options(tuple(operations), chosen, plans, near)


def place_of(vehicle: Vehicle) -> Place | None:
    if vehicle.latitude is None or vehicle.longitude is None:
        return None
    return vehicle.latitude, vehicle.longitude


def operations_of(case: Row[Any], vehicle: Vehicle) -> tuple[Operation, ...]:
    """Give the work of a case: after its fault and how sure that is, or after the owner's wish."""
    if case.fault is None:
        return operations_for_wish(Wish(case.wish), vehicle.config.fuel)
    return operations_for_fault(case.fault, case.probability)


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


def bookable(
    unit: UnitOfWork,
    vehicle: Vehicle,
    case: Row[Any] | None,
    wish: Wish,
    workshops: Sequence[Workshop] | None = None,
) -> Options:
    """Plan what an owner can book himself.

    A fault is booked where its parts can be had; where they cannot anywhere, its diagnosis can. A wish is booked in
    any event, and what cannot be had is said.
    """
    if case is None or case.fault is None:
        return options_for(unit, vehicle, operations_for_wish(wish, vehicle.config.fuel), workshops)
    options = options_for(unit, vehicle, operations_of(case, vehicle), workshops)
    feasible = tuple(one for one in options.workshops if not options.parts[one.id].missing)
    if feasible:
        return replace(options, workshops=feasible)
    told = {key: PartsPlan((), plan.missing, plan.questions) for key, plan in options.parts.items()}
    return replace(options, operations=diagnosis_for_fault(case.fault), parts=told)
