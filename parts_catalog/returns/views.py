"""What a return looks like to its two sides."""

from datetime import datetime
from typing import Any

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import MAXIMUM_LIMIT, Page, cut, read_cursor
from foundation.refusals import Invalid
from parts_catalog.returns.asking import returnable
from parts_catalog.returns.returning import SEEN, find_return
from parts_catalog.returns.states import LABELS, MOVES, STEPS, ReturnReason, ReturnState
from parts_catalog.shop.orders import find_order
from parts_catalog.shop.permissions import SELLING

View = dict[str, Any]


def return_view(unit: UnitOfWork, actor: Actor, key: str) -> View:
    """Show a return to its buyer or seller; raises `NotFound`."""
    find_return(unit, actor, key)
    return _view(unit.rows(_SHOWN + " WHERE r.id = %(id)s", {"id": key})[0], actor)


_SHOWN = """
    SELECT r.*, (
        SELECT json_agg(json_build_object('number', l.number, 'location', l.location, 'part', l.part,
            'brand', p.brand, 'part_number', p.number, 'name_en', p.name_en, 'name_zh', p.name_zh,
            'quantity', l.quantity, 'restocked', l.restocked, 'scrapped', l.scrapped, 'rejected', l.rejected)
            ORDER BY l.number, l.location)
        FROM return_lines l JOIN parts p ON p.id = l.part WHERE l.return_id = r.id
    ) AS lines FROM returns r
"""
_PAGE = (
    _SHOWN
    + f"""
    WHERE {SEEN}
    AND (NOT %(taken_back)s OR r.seller = %(organisation)s)
    AND (%(state)s::text IS NULL OR r.state = %(state)s::text)
    AND (%(order)s::text IS NULL OR r."order" = %(order)s::text)
    AND (%(at)s::timestamptz IS NULL OR (r.created_at, r.id) < (%(at)s::timestamptz, %(last)s))
    ORDER BY r.created_at DESC, r.id DESC LIMIT %(limit)s
"""
)


def list_returns(
    unit: UnitOfWork,
    actor: Actor,
    *,
    state: str | None,
    order: str | None,
    limit: int,
    cursor: str | None,
    taken_back: bool = False,
) -> Page[View]:
    """List what the actor's organisation sends or takes back, the newest first; or only what it takes back."""
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise Invalid(f"a page has 1 to {MAXIMUM_LIMIT} rows", why="not_of_this_page")
    at, last = _place(cursor)
    asked = {"organisation": actor.organisation, "selling": actor.role in SELLING, "state": state, "order": order}
    asked |= {"at": at, "last": last, "limit": limit + 1, "taken_back": taken_back}
    rows = unit.rows(_PAGE, asked)
    page = cut(rows, limit, lambda row: [row.created_at.isoformat(), row.id])
    return Page([_view(row, actor) for row in page.items], page.next)


def returnable_view(unit: UnitOfWork, actor: Actor, order: str) -> list[View]:
    """Give by line of one's own order how many pieces can be returned, and to whom."""
    find_order(unit, actor, order)
    lines: dict[int, View] = {}
    for row in returnable(unit, order):
        line = lines.setdefault(row.number, {"number": row.number, "part": row.part, "seller": row.seller, "pieces": 0})
        line["pieces"] += int(row.pieces)
    return list(lines.values())


def _place(cursor: str | None) -> tuple[datetime | None, str | None]:
    if cursor is None:
        return None, None
    try:
        at, last = read_cursor(cursor)
        return datetime.fromisoformat(at), str(last)
    except (TypeError, ValueError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error


def _view(row: Any, actor: Actor) -> View:
    en, zh = LABELS[ReturnReason(row.reason)]
    may = MOVES[ReturnState(row.state)]
    selling = actor.organisation == row.seller
    sides = {True} if selling else set()
    sides |= {False} if actor.organisation == row.organisation else set()
    return {
        "id": row.id,
        "order": row.order,
        "seller": row.seller,
        "state": row.state,
        "reason": row.reason,
        "reason_en": en,
        "reason_zh": zh,
        "words": row.words,
        "answer": row.answer,
        "refund": {"amount": row.refund_amount, "currency": row.currency},
        "steps": [step.name for step in STEPS.values() if step.target in may and step.by_seller in sides],
        "lines": row.lines,
        "version": row.version,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }
