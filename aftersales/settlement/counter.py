"""Money that is taken at the counter, in cash or by the card terminal, and given back there: written down as it is.

No provider is asked: a taking is a fact, with the receipt that the customer was given, who took it, and when. It may be
a part of what is owed; the rest is taken like it, or paid by a provider. Nothing is edited: what was taken by mistake
is given back.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from aftersales.cases import TO_PAY, BillState, RepairOrderState, TakingWay
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import lock_order
from aftersales.settlement.bills import bill_of, change_bill, close_pending, received, taken_of
from aftersales.tables import takings
from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Conflict, Invalid, NotFound

MOST_RECEIPT = 60


class ReceiptKnown(Conflict):
    """This receipt is written down with the order already: it was taken once, and is not taken twice."""

    code = "receipt_known"


class TooMuch(Conflict):
    """More than is owed, or than there is to give back; `left` says how much that is, in minor units."""

    code = "too_much"


def take(unit: UnitOfWork, actor: Actor, order: str, way: TakingWay, amount: int, receipt: str) -> None:
    """Write down money that was taken at the counter, at most what is still owed; with the last of it the bill is paid.

    A payment that waits at a provider is closed: what is owed has changed. Should it have been paid by then, it goes
    back by itself.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.TAKE_MONEY, owner=row.organisation, workshop=row.workshop_organisation)
    bill = _bill(unit, row)
    if bill.state not in TO_PAY:
        raise Conflict(
            f"the bill is {bill.state.replace('_', ' ')}; there is nothing to pay",
            why="nothing_to_pay",
            told={"bill_state": bill.state},
            state=bill.state,
        )
    left = bill.amount - taken_of(unit, row.id)
    if amount > left:
        raise TooMuch(
            "more is taken than is owed; what is given as change is not taken", why="more_than_owed", left=left
        )
    _note(unit, actor, row, (way, amount, receipt), None)
    close_pending(unit, row.id)
    if amount == left:
        change_bill(unit, row.id, state=BillState.PAID.value, paid_at=unit.now())
        tell(unit, case.id, "bill_paid", actor.account, repair_order=row.id)
    else:
        tell(unit, case.id, "bill_paid_in_part", actor.account, repair_order=row.id)


def give_back(unit: UnitOfWork, actor: Actor, order: str, taking: str, amount: int, receipt: str) -> None:
    """Write down that money of a taking was given back the way it came: what is too much, or all of it.

    Once the car is handed over, or a provider has paid the rest, it is what is too much alone: a corrected sheet says
    how much that is. Before that the bill is open again by what was given back.
    """
    case, row = lock_order(unit, actor, order)
    require(actor, Act.TAKE_MONEY, owner=row.organisation, workshop=row.workshop_organisation)
    bill = _bill(unit, row)
    chosen = select(takings).where(takings.c.order == row.id, takings.c.id == taking, takings.c.gives_back.is_(None))
    first = unit.connection.execute(chosen).one_or_none()
    if first is None:
        raise NotFound(f"nothing was taken for this repair order as {taking}")
    free = first.amount - _given_back(unit, first.id)
    too_much = received(unit, bill) - bill.amount
    if bill.payment is not None or (bill.state == BillState.PAID and _gone(row)):
        free = min(free, max(too_much, 0))
    if amount > free:
        raise TooMuch("more is given back than there is to give back of this", why="more_than_given", left=free)
    _note(unit, actor, row, (TakingWay(first.way), -amount, receipt), first.id)
    if bill.state == BillState.PAID and too_much - amount < 0:
        close_pending(unit, row.id)
        change_bill(unit, row.id, state=BillState.OPEN.value, paid_at=None)
    tell(unit, case.id, "money_given_back", actor.account, repair_order=row.id)


def takings_by_way(unit: UnitOfWork, workshop: str, span: tuple[datetime, datetime]) -> list[dict[str, Any]]:
    """Give what a workshop took at its counter within a span, and gave back, by way and currency."""
    of, sums = takings.c, defaultdict[tuple[str, str], list[int]](lambda: [0, 0])
    rows = select(of.way, of.currency, of.amount).where(of.workshop == workshop, of.at >= span[0], of.at < span[1])
    for row in unit.connection.execute(rows):
        sums[row.way, row.currency][row.amount < 0] += abs(row.amount)
    return [
        {
            "way": way,
            "taken": Money(taken, currency).to_json(),
            "given_back": Money(back, currency).to_json(),
            "net": Money(taken - back, currency).to_json(),
        }
        for (way, currency), (taken, back) in sorted(sums.items())
    ]


def _bill(unit: UnitOfWork, order: Row[Any]) -> Row[Any]:
    bill = bill_of(unit, order.id)
    if bill is None:
        raise Conflict("there is nothing to pay before the settlement", why="pay_after_settlement", state=order.state)
    return bill


def _gone(order: Row[Any]) -> bool:
    return order.state in {RepairOrderState.RELEASED, RepairOrderState.CLOSED_DECLINED}


def _given_back(unit: UnitOfWork, taking: str) -> int:
    total = select(func.coalesce(func.sum(takings.c.amount), 0)).where(takings.c.gives_back == taking)
    return -int(unit.connection.execute(total).scalar_one())


def _note(
    unit: UnitOfWork, actor: Actor, order: Row[Any], money: tuple[TakingWay, int, str], gives_back: str | None
) -> None:
    way, amount, receipt = money
    number = receipt.strip()
    if not amount or not number or len(number) > MOST_RECEIPT:
        raise Invalid("money at the counter has an amount, and the number of its receipt", why="amount_and_receipt")
    known = select(takings.c.id).where(takings.c.order == order.id, takings.c.receipt == number)
    if unit.connection.execute(known).first() is not None:
        raise ReceiptKnown("this receipt is written down already", receipt=number)
    bill = _bill(unit, order)
    unit.connection.execute(
        takings.insert().values(
            id=new_id("tak"),
            organisation=order.organisation,
            order=order.id,
            workshop=order.workshop,
            way=way.value,
            amount=amount,
            currency=bill.currency,
            receipt=number,
            gives_back=gives_back,
            taken_by=actor.account,
            at=unit.now(),
        )
    )
