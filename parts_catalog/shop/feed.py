"""What is told of an order, on the order's own feed: in English and Chinese, in the unit of what happened."""

from typing import Any

from foundation.database import UnitOfWork
from foundation.events import append
from parts_catalog.shop.states import MOVES, ORDER_EVENTS

SHOP = "shop"  # the actor of what nobody did in person
WORDS = {**ORDER_EVENTS, **{move.kind: (move.en, move.zh) for move in MOVES.values()}}


def tell(unit: UnitOfWork, order: str, kind: str, actor: str, /, **data: Any) -> int:
    """Append what happened to an order; gives the event's number."""
    en, zh = WORDS[kind]
    return append(unit, order, kind, {"en": en, "zh": zh, **data}, actor)
