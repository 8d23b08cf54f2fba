"""Settling: completed work, or the inspection fee of a car of which nothing is repaired; never without a mileage."""

from typing import Any

from sqlalchemy import Row, select

from aftersales.cases import CaseState, RepairOrderState
from aftersales.estimates import lines_of
from aftersales.moves import move_case, tell
from aftersales.permissions import Act, require
from aftersales.repair.decisions import APPROVED, standing
from aftersales.repair.progress import advance
from aftersales.scope import lock_order
from aftersales.settlement.bills import open_bill
from aftersales.settlement.notifying import tell_owners
from aftersales.settlement.records import queue_record
from aftersales.settlement.sheets import append_sheet, fee_sheet, last_sheet, repair_sheet, sheet
from aftersales.tables import appointments
from aftersales.visits.occupancy import vacate
from aftersales.visits.release import close_vehicle
from aftersales.workshop.workshops import load_workshop
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Conflict
from parts_catalog import stock


class NotSettleable(Conflict):
    code = "not_settleable"


def settle(
    unit: UnitOfWork, actor: Actor, order: str, return_old_parts: bool | None = None, plate: str | None = None
) -> dict[str, Any]:
    """Write the sheet of an order whose work is completed, and open its bill; gives the sheet. Again gives the same.

    Of an order that was declined it is the sheet of the inspection fee; the order is closed when that is paid.
    `return_old_parts`: what the customer said now; None: what he chose before. `plate`: as the workshop read it off the
    car, for the repair record. Raises `NotSettleable` before the work is done, or without a mileage.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.SETTLE, owner=row.organisation, workshop=row.workshop_organisation)
    if last_sheet(unit, row.id) is not None:
        return sheet(unit, actor, order)
    declined = row.state == RepairOrderState.DECLINED
    if row.state != RepairOrderState.COMPLETED and not declined:
        raise NotSettleable(
            f"the repair order is {row.state}; only completed work is settled",
            why="settled_when_completed",
            state=row.state,
        )
    if row.mileage_km is None:
        raise NotSettleable("there is no settlement without the car's mileage", why="settled_with_mileage")
    if declined and not row.inspection_fee:
        raise NotSettleable(
            "no inspection fee was announced before the owner decided; there is nothing to settle",
            why="no_fee_announced",
        )
    workshop = load_workshop(unit, row.workshop)
    if declined:
        document = fee_sheet(unit, row, workshop)
    else:
        lines = lines_of(unit, [row.estimate])[row.estimate]
        decided = standing(unit, lines)
        done = [line for line in lines if decided[line.id] == APPROVED]
        document = repair_sheet(unit, row, workshop, done, return_old_parts)
    append_sheet(unit, row, document, actor)
    open_bill(unit, row, Money(**document["totals"]["gross"]))
    if not declined:
        queue_record(unit, row, plate)
        _close(unit, case, row, actor)
    tell_owners(unit, row, "sheet_written", row.id)
    return sheet(unit, actor, order)


def _close(unit: UnitOfWork, case: Row[Any], order: Row[Any], actor: Actor) -> None:
    advance(unit, order, RepairOrderState.SETTLED, "settle", actor.account)
    move_case(unit, case, CaseState.SETTLED)
    vacate(unit, order.appointment)  # work that ends early gives its bay back
    stock.release(unit, case.id)
    visit = unit.connection.execute(select(appointments).where(appointments.c.id == order.appointment)).one()
    close_vehicle(unit, visit, actor.account)
    tell(unit, case.id, "case_settled", actor.account, repair_order=order.id)
