"""Asking for a return: of pieces that were delivered and not returned yet, to the house that sold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.database import UnitOfWork, new_id
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound
from parts_catalog.returns.returning import move, note, tell
from parts_catalog.returns.states import CALLED_OFF, WITHOUT_REASON_FOR, ReturnReason, ReturnState
from parts_catalog.shop.orders import find_order, lock_order


class NotReturnable(Conflict):
    """More pieces than can be returned; `lines` lists all of them: number, wanted, returnable."""

    code = "not_returnable"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a buyer sends back: pieces by the order's line. No reason: the visit they were for does not take place."""

    order: str
    pieces: Mapping[int, int]
    reason: ReturnReason | None = None
    words: str = ""


def returnable(unit: UnitOfWork, order: str) -> list[Any]:
    """Give per line and place of an order how many pieces can be returned: number, location, part, seller, pieces."""
    return list(unit.rows(_RETURNABLE, {"order": order, "off": [one.value for one in CALLED_OFF]}))


_RETURNABLE = """
    SELECT l.number, l.part, l.organisation AS seller, s.location, s.delivered_at,
        i.quantity - coalesce((
            SELECT sum(b.quantity) FROM return_lines b JOIN returns r ON r.id = b.return_id
            WHERE b."order" = l."order" AND b.number = l.number AND b.location = s.location
            AND r.state <> ALL(%(off)s::text[])
        ), 0) AS pieces
    FROM order_lines l JOIN shipment_lines i ON i."order" = l."order" AND i.number = l.number
    JOIN shipments s ON s.id = i.shipment
    WHERE l."order" = %(order)s AND s.state = 'delivered'
    ORDER BY l.number, s.location
"""


def ask(unit: UnitOfWork, actor: Actor, wanted: Wanted, *, declined: bool) -> str:
    """Ask for a return of one's own order; gives its id. `declined`: the case of the order was declined.

    What was bought for a declined case is approved at once. Raises `NotFound` for another's order or a line that it
    has not, `NotReturnable`, and `Invalid` for lines of two sellers or a reason that is missing.
    """
    find_order(unit, actor, wanted.order)
    order = lock_order(unit, wanted.order)
    rows = returnable(unit, order.id)
    chosen = _choose(unit, order.id, rows, wanted.pieces)
    reason = _reason(unit, wanted, chosen, declined=declined)
    sellers = sorted({row.seller for row, _ in chosen})
    if len(sellers) > 1:
        raise Invalid(
            "these lines were sold by different houses; each takes its own back", why="several_sellers", sellers=sellers
        )
    key = new_id("ret")
    _write(unit, (key, order, sellers[0], actor.account), chosen, reason, wanted.words)
    tell(unit, order.id, ReturnState.ASKED, actor.account, key, reason=reason.value)
    if reason is ReturnReason.CASE_DECLINED:
        move(unit, note(unit, key), ReturnState.APPROVED, actor.account)
    return key


def _choose(unit: UnitOfWork, order: str, rows: Sequence[Any], pieces: Mapping[int, int]) -> list[tuple[Any, int]]:
    """Give (row, pieces): of a line that came from several places, as many of each as can be had, in their order."""
    if not pieces or any(quantity < 1 for quantity in pieces.values()):
        raise Invalid("a return is of at least one piece", why="at_least_one_piece")
    lines = unit.rows('SELECT number FROM order_lines WHERE "order" = %(order)s', {"order": order})
    if unknown := sorted(set(pieces) - {row.number for row in lines}):
        raise NotFound(f"this order has no line {', '.join(map(str, unknown))}")
    there = {number: sum(row.pieces for row in rows if row.number == number) for number in pieces}
    if short := [number for number in sorted(pieces) if there[number] < pieces[number]]:
        told = [{"number": one, "wanted": pieces[one], "returnable": int(there[one])} for one in short]
        raise NotReturnable("these pieces were not delivered, or are returned already", lines=told)
    chosen, left = [], dict(pieces)
    for row in rows:
        if taken := min(left.get(row.number, 0), int(row.pieces)):
            chosen.append((row, taken))
            left[row.number] -= taken
    return chosen


def _reason(unit: UnitOfWork, wanted: Wanted, chosen: Sequence[tuple[Any, int]], *, declined: bool) -> ReturnReason:
    reason = wanted.reason or (ReturnReason.CASE_DECLINED if declined else None)
    if reason is None:
        raise Invalid("a return needs a reason", why="return_needs_reason", reasons=[one.value for one in ReturnReason])
    if reason is ReturnReason.CASE_DECLINED and not declined:
        raise Conflict("the visit that this was bought for is not declined", why="visit_not_declined")
    if reason is ReturnReason.NOT_NEEDED and any(
        row.delivered_at + WITHOUT_REASON_FOR < unit.now() for row, _ in chosen
    ):
        raise NotReturnable(f"parts that are not needed go back within {WITHOUT_REASON_FOR.days} days", lines=[])
    return reason


def _write(
    unit: UnitOfWork,
    about: tuple[str, Any, str, str],
    chosen: Sequence[tuple[Any, int]],
    reason: ReturnReason,
    words: str,
) -> None:
    key, order, seller, account = about
    told = {"id": key, "order": order.id, "organisation": order.organisation, "seller": seller, "account": account}
    told |= {"reason": reason.value, "words": words.strip(), "currency": order.currency, "now": unit.now()}
    unit.rows(_NEW, told)
    columns = {
        "numbers": [row.number for row, _ in chosen],
        "locations": [row.location for row, _ in chosen],
        "parts": [row.part for row, _ in chosen],
        "pieces": [pieces for _, pieces in chosen],
    }
    unit.rows(_NEW_LINES, {"id": key, "order": order.id, **columns})


_NEW = """
    INSERT INTO returns (id, "order", organisation, seller, account, state, reason, words, currency, created_at,
        updated_at)
    VALUES (%(id)s, %(order)s, %(organisation)s, %(seller)s, %(account)s, 'asked', %(reason)s, %(words)s, %(currency)s,
        %(now)s, %(now)s)
"""
_NEW_LINES = """
    INSERT INTO return_lines (return_id, "order", number, location, part, quantity)
    SELECT %(id)s, %(order)s, n.number, n.location, n.part, n.pieces
    FROM unnest(%(numbers)s::int[], %(locations)s::text[], %(parts)s::text[], %(pieces)s::int[])
    AS n (number, location, part, pieces)
"""
