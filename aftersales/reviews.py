"""Reviews: one per settled repair order, by its owner's side."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import RepairOrderState
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import find_order, lock_order
from aftersales.tables import reviews
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import Conflict, Invalid, NotFound

MAXIMUM_WORDS = 2000


class AlreadyReviewed(Conflict):
    code = "already_reviewed"


def review(unit: UnitOfWork, actor: Actor, order: str, rating: int, words: str = "") -> dict[str, Any]:
    """Rate a settled repair from 1 to 5, once."""
    case, row = lock_order(unit, actor, order)
    require(actor, Act.REVIEW, owner=row.organisation)
    if not 1 <= rating <= 5:
        raise Invalid("a rating is a number from 1 to 5")
    if len(words) > MAXIMUM_WORDS:
        raise Invalid(f"a review has at most {MAXIMUM_WORDS} characters")
    if row.state != RepairOrderState.SETTLED:
        raise Conflict("a review is written after the settlement", state=row.state)
    stored = unit.connection.execute(
        insert(reviews)
        .values(
            order=row.id,
            organisation=row.organisation,
            workshop=row.workshop,
            rating=rating,
            words=words.strip(),
            reviewed_by=actor.account,
            reviewed_at=unit.now(),
        )
        .on_conflict_do_nothing()
        .returning(reviews.c.order)
    ).one_or_none()
    if stored is None:
        raise AlreadyReviewed("this repair has its review already")
    tell(unit, case.id, "reviewed", actor.account, repair_order=row.id, rating=rating)
    return get_review(unit, actor, order)


def get_review(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    found = find_order(unit, actor, order)
    row = unit.connection.execute(select(reviews).where(reviews.c.order == found.id)).one_or_none()
    if row is None:
        raise NotFound("this repair order has no review yet")
    return {
        "repair_order": row.order,
        "workshop": row.workshop,
        "rating": row.rating,
        "words": row.words,
        "reviewed_at": row.reviewed_at.isoformat(),
    }
