"""The steps of a return: its seller approves, receives and inspects, piece by piece; its buyer may call it off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.money import Money
from foundation.refusals import Forbidden, Invalid
from parts_catalog import payments, stock
from parts_catalog.payments import Reason
from parts_catalog.returns.returning import check, lock_return, move
from parts_catalog.returns.states import STEPS, ReturnState
from parts_catalog.shop.feed import tell as tell_order
from parts_catalog.shop.shipments import give_up, settle_state


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of the pieces of one line: back on the shelf, to scrap, or back to their buyer unpaid."""

    number: int
    restock: int = 0
    scrap: int = 0
    reject: int = 0


def take_step(unit: UnitOfWork, actor: Actor, key: str, name: str, answer: str = "") -> None:
    """Take one step that moves no piece and no money: approve, refuse, withdraw, receive.

    A refusal says why. Raises `Forbidden` for the other side of the return, `ReturnMoved` when its state forbids it.
    """
    step = STEPS[name]
    _, row = lock_return(unit, actor, key)
    if actor.organisation != (row.seller if step.by_seller else row.organisation):
        raise Forbidden(f"this is for the {'seller' if step.by_seller else 'buyer'} of the return to do")
    if step.target is ReturnState.REFUSED and not answer.strip():
        raise Invalid("a refusal says why", why="refusal_says_why")
    move(unit, row, step.target, actor.account, answer.strip() or None)


def inspect(unit: UnitOfWork, actor: Actor, key: str, findings: Sequence[Finding], answer: str = "") -> None:
    """Say what becomes of every piece that came back, and send back what the accepted ones cost, tax included.

    Raises `Invalid` unless each piece is judged once, `Forbidden` for the buyer, `ReturnMoved` by its state.
    """
    order, row = lock_return(unit, actor, key)
    if actor.organisation != row.seller:
        raise Forbidden("this is for the seller of the return to do")
    check(row, ReturnState.INSPECTED)
    lines = unit.rows(_LINES, {"id": key})
    spread = _spread(lines, findings)
    if any(finding.reject for finding in findings) and not answer.strip():
        raise Invalid("who takes a piece not back says why", why="refusal_says_why")
    for line, finding in spread:
        _note(unit, key, line, finding)
    _to_the_shelf(unit, actor, key, spread)
    owed = _owed(unit, order, findings)
    _end(unit, actor, (order, row), owed, answer)


_LINES = "SELECT * FROM return_lines WHERE return_id = %(id)s ORDER BY part, location, number"


def _spread(lines: Sequence[Any], findings: Sequence[Finding]) -> list[tuple[Any, Finding]]:
    """Give (line, finding) per place: pieces of one line that came from several places are told apart by nobody."""
    judged = {finding.number: finding for finding in findings}
    numbers = {line.number for line in lines}
    if len(judged) < len(findings) or set(judged) != numbers:
        raise Invalid("every line of the return is judged once", why="lines_judged_once", lines=sorted(numbers))
    left = {number: [one.restock, one.scrap, one.reject] for number, one in judged.items()}
    for number, three in left.items():
        there = sum(line.quantity for line in lines if line.number == number)
        if min(three) < 0 or sum(three) != there:
            raise Invalid(
                f"line {number} has {there} pieces, and each of them is judged",
                why="pieces_all_judged",
                told={"there": there},
                number=number,
            )
    spread = []
    for line in lines:
        taken, room = [], line.quantity
        for place, pieces in enumerate(left[line.number]):
            taken.append(min(pieces, room))
            left[line.number][place] -= taken[-1]
            room -= taken[-1]
        spread.append((line, Finding(line.number, *taken)))
    return spread


def _note(unit: UnitOfWork, key: str, line: Any, finding: Finding) -> None:
    at = {"id": key, "number": line.number, "location": line.location}
    said = {"restocked": finding.restock, "scrapped": finding.scrap, "rejected": finding.reject}
    unit.rows(_JUDGE, {**at, **said})


_JUDGE = """
    UPDATE return_lines SET restocked = %(restocked)s, scrapped = %(scrapped)s, rejected = %(rejected)s
    WHERE return_id = %(id)s AND number = %(number)s AND location = %(location)s
"""


def _to_the_shelf(unit: UnitOfWork, actor: Actor, key: str, spread: Sequence[tuple[Any, Finding]]) -> None:
    # In the order of the shelves, as everybody locks them.
    for line, finding in spread:
        for pieces, restock in ((finding.restock, True), (finding.scrap, False)):
            if pieces:
                stock.take_back(unit, line.part, line.location, pieces, key, restock=restock, account=actor.account)


def _owed(unit: UnitOfWork, order: Any, findings: Sequence[Finding]) -> Money:
    accepted: Mapping[int, int] = {one.number: one.restock + one.scrap for one in findings if one.restock + one.scrap}
    return give_up(unit, order.id, accepted) if accepted else Money(0, order.currency)


def _end(unit: UnitOfWork, actor: Actor, held: tuple[Any, Any], owed: Money, answer: str) -> None:
    order, row = held
    refund = None
    if owed.amount and order.payment is not None:
        refund = payments.refund(unit, actor, order.payment, owed, Reason.RETURNED, f"return:{row.id}").id
    to = ReturnState.INSPECTED if refund is not None else ReturnState.CLOSED
    told = {"id": row.id, "refund": refund, "amount": owed.amount}
    unit.rows("UPDATE returns SET refund = %(refund)s, refund_amount = %(amount)s WHERE id = %(id)s", told)
    move(unit, row, to, actor.account, answer.strip() or None)
    if owed.amount:
        settle_state(unit, order)
        tell_order(unit, order.id, "pieces_returned", actor.account, **{"return": row.id})
