"""Handing the car over: its final check is passed and its sheet written by then, and its bill is settled."""

from typing import Any

from sqlalchemy import Row

from aftersales.cases import LETS_GO, BillState, RepairOrderState, move_of
from aftersales.permissions import Act, require
from aftersales.repair.guards import why_blocked
from aftersales.repair.progress import StepBlocked, advance
from aftersales.scope import lock_order
from aftersales.settlement.accounts import on_account
from aftersales.settlement.bills import bill_of, change_bill, close_pending, taken_of
from aftersales.views import get_repair_order
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict


def release(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    """Hand the car of a settled order over; gives the order. Again is no harm. Raises `StepBlocked` before it is paid.

    The car of a declined order goes when that is closed (`close_declined`).
    """
    _, row = lock_order(unit, actor, order)
    require(actor, Act.RELEASE, owner=row.organisation, workshop=row.workshop_organisation)
    if row.state != RepairOrderState.RELEASED:
        move = move_of(row.state, "release")
        if move is None:
            raise StepBlocked(
                f"no car is handed over while the repair order is {row.state}", why="not_handed_over", state=row.state
            )
        take_on_account(unit, row)
        if blocked := why_blocked(unit, row, move):
            raise blocked
        advance(unit, row, RepairOrderState.RELEASED, "release", actor.account)
    return get_repair_order(unit, actor, order)


def take_on_account(unit: UnitOfWork, order: Row[Any]) -> None:
    """Put an open bill on account if its customer came to be one of those after it was opened."""
    bill = bill_of(unit, order.id)
    if bill is not None and bill.state == BillState.OPEN and on_account(unit, order.workshop, order.organisation):
        change_bill(unit, order.id, state=BillState.ON_ACCOUNT.value)


def end_fee(unit: UnitOfWork, order: Row[Any], outcome: str) -> None:
    """Check that an inspection fee is settled as a declined order is closed, or waive it."""
    bill = bill_of(unit, order.id)
    if outcome == "settled":
        if not order.inspection_fee:
            raise Conflict(
                "no inspection fee was announced before the owner decided; there is none to settle",
                why="no_fee_announced",
            )
        take_on_account(unit, order)
        now = bill_of(unit, order.id)
        if now is None or now.state not in LETS_GO:
            raise StepBlocked("the inspection fee is not settled yet", why="fee_not_settled", state=order.state)
    elif bill is not None and bill.state == BillState.PAID:
        raise Conflict("the inspection fee was paid; it is settled, or given back by a corrected sheet", why="fee_paid")
    elif bill is not None and taken_of(unit, order.id):
        raise Conflict(
            "a part of the inspection fee was taken at the counter; give it back before it is waived",
            why="fee_partly_taken",
        )
    elif bill is not None:
        close_pending(unit, order.id)
        change_bill(unit, order.id, state=BillState.WAIVED.value)
