"""What every step of a return goes through: it is found for its two sides, locked after its order, moved and told."""

from typing import Any

from foundation.database import UnitOfWork
from foundation.events import append
from foundation.identity import Actor
from foundation.refusals import Conflict, NotFound
from parts_catalog.returns.states import EVENTS, MOVES, ReturnState
from parts_catalog.shop.orders import lock_order
from parts_catalog.shop.permissions import SELLING


class ReturnMoved(Conflict):
    """The step is not possible in the state that the return is in."""

    code = "move_blocked"


def find_return(unit: UnitOfWork, actor: Actor, key: str) -> Any:
    """Give the row of a return for its buyer or its seller; raises `NotFound` for everybody else."""
    rows = unit.rows(_FIND, {"id": key, "organisation": actor.organisation, "selling": actor.role in SELLING})
    if not rows:
        raise NotFound(f"there is no return {key}")
    return rows[0]


# Of the house that sold, those see a return who send and take back for it.
SEEN = "(r.organisation = %(organisation)s OR r.seller = %(organisation)s AND %(selling)s)"
_FIND = f"SELECT r.* FROM returns r WHERE r.id = %(id)s AND {SEEN}"  # noqa: S608 - our own words


def note(unit: UnitOfWork, key: str) -> Any:
    """Give the row of a return, locked; its order is locked before it, always."""
    return unit.rows("SELECT * FROM returns WHERE id = %(id)s FOR UPDATE", {"id": key})[0]


def lock_return(unit: UnitOfWork, actor: Actor, key: str) -> tuple[Any, Any]:
    """Give (order, return) of the actor's, locked in this order and as they are now."""
    order = lock_order(unit, find_return(unit, actor, key).order)
    return order, note(unit, key)


def move(unit: UnitOfWork, row: Any, to: ReturnState, actor: str, answer: str | None = None) -> None:
    """Move a locked return and tell it on its order's feed. Raises `ReturnMoved`."""
    check(row, to)
    unit.rows(_MOVE, {"id": row.id, "state": to.value, "answer": answer, "now": unit.now()})
    tell(unit, row.order, to, actor, row.id)


_MOVE = """
    UPDATE returns SET state = %(state)s, version = version + 1, updated_at = %(now)s,
        answer = coalesce(%(answer)s, answer) WHERE id = %(id)s
"""


def check(row: Any, to: ReturnState) -> None:
    if to not in MOVES[ReturnState(row.state)]:
        raise ReturnMoved(f"the return is {row.state} and cannot become {to}", state=row.state)


def tell(unit: UnitOfWork, order: str, state: ReturnState, actor: str, key: str, **more: Any) -> None:
    """Append a step of a return to its order's feed."""
    said = EVENTS[state]
    append(unit, order, said.kind, {"en": said.en, "zh": said.zh, "return": key, "state": state.value, **more}, actor)
