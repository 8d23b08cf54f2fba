"""Reviews: one per settled repair order, by its owner's side; the workshop may answer each once."""

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from aftersales.cases import RepairOrderState
from aftersales.listing import newest_first
from aftersales.moves import tell
from aftersales.permissions import Act, require
from aftersales.scope import find_order, lock_order
from aftersales.tables import reviews
from aftersales.telling.messages import himself_or_owners, notify
from aftersales.telling.notices import Words
from aftersales.visits.day_plan import own_workshop
from aftersales.workshop.workshops import load_workshop, note_rating
from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, Page
from foundation.refusals import Conflict, Invalid, NotFound

MAXIMUM_WORDS = 2000
REVIEWABLE = frozenset({RepairOrderState.SETTLED, RepairOrderState.RELEASED})


class AlreadyReviewed(Conflict):
    code = "already_reviewed"


class AlreadyAnswered(Conflict):
    code = "already_answered"


def review(unit: UnitOfWork, actor: Actor, order: str, rating: int, words: str = "") -> dict[str, Any]:
    """Rate a settled repair from 1 to 5, once."""
    case, row = lock_order(unit, actor, order)
    require(actor, Act.REVIEW, owner=row.organisation)
    if not 1 <= rating <= 5:
        raise Invalid("a rating is a number from 1 to 5", why="rating_range")
    if len(words) > MAXIMUM_WORDS:
        raise Invalid(
            f"a review has at most {MAXIMUM_WORDS} characters", why="text_too_long", told={"most": MAXIMUM_WORDS}
        )
    if row.state not in REVIEWABLE:
        raise Conflict("a review is written after the settlement", why="review_after_settlement", state=row.state)
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
    note_rating(unit, row.workshop, rating)
    tell(unit, case.id, "reviewed", actor.account, repair_order=row.id, rating=rating)
    return get_review(unit, actor, order)


def answer_review(unit: UnitOfWork, actor: Actor, order: str, words: str) -> dict[str, Any]:
    """Answer a review in the workshop's name, once; who wrote the review is told. Gives the review."""
    case, row = lock_order(unit, actor, order)
    require(actor, Act.ANSWER_REVIEW, owner=row.organisation, workshop=row.workshop_organisation)
    written = words.strip()
    if not written or len(written) > MAXIMUM_WORDS:
        raise Invalid(
            f"an answer has 1 to {MAXIMUM_WORDS} characters", why="answer_empty_or_long", told={"most": MAXIMUM_WORDS}
        )
    given = _get(unit, row.id)
    if given.answer is not None:
        raise AlreadyAnswered("this review has its answer already")
    said = {"answer": written, "answered_by": actor.account, "answered_at": unit.now()}
    unit.connection.execute(update(reviews).where(reviews.c.order == row.id).values(**said))
    tell(unit, case.id, "review_answered", actor.account, repair_order=row.id)
    people = himself_or_owners(unit, given.reviewed_by, row.organisation)
    workshop = load_workshop(unit, row.workshop)
    notify(unit, people, "review_answered", row.id, case.id, workshop=Words(workshop.name_en, workshop.name_zh))
    return get_review(unit, actor, order)


def list_reviews(
    unit: UnitOfWork,
    actor: Actor,
    workshop: str,
    *,
    unanswered: bool = False,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[dict[str, Any]]:
    """Give a page of the reviews of one's own workshop, the newest first."""
    query = select(reviews).where(reviews.c.workshop == own_workshop(unit, actor, workshop).id)
    if unanswered:
        query = query.where(reviews.c.answer.is_(None))
    rows = newest_first(unit, query, (reviews.c.reviewed_at, reviews.c.order), limit, cursor)
    return Page([_view(row) for row in rows.items], rows.next)


def get_review(unit: UnitOfWork, actor: Actor, order: str) -> dict[str, Any]:
    return _view(_get(unit, find_order(unit, actor, order).id))


def _get(unit: UnitOfWork, order: str) -> Row[Any]:
    row = unit.connection.execute(select(reviews).where(reviews.c.order == order)).one_or_none()
    if row is None:
        raise NotFound("this repair order has no review yet")
    return row


def _view(row: Row[Any]) -> dict[str, Any]:
    return {
        "repair_order": row.order,
        "workshop": row.workshop,
        "rating": row.rating,
        "words": row.words,
        "reviewed_at": row.reviewed_at.isoformat(),
        "answer": row.answer,
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
    }
