"""Reviews of parts: by those who bought and got them, one per buyer and part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Conflict, Invalid
from parts_catalog.fitment import get_part
from parts_catalog.tables import part_reviews

MOST_WORDS = 2000
Bought = Callable[[UnitOfWork, str, str], bool]  # whether an organisation bought a part, and got it


class NotBought(Conflict):
    code = "not_bought"


class ReviewedAlready(Conflict):
    code = "already_reviewed"


@dataclass(frozen=True, slots=True)
class PartReview:
    """`words` are empty where nothing was said, or where who said it was erased."""

    part: str
    organisation: str
    rating: int
    words: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """What buyers think of a part: how many, and the sum of their ratings from 1 to 5."""

    count: int
    total: int

    @property
    def average(self) -> float:
        """To two decimals, as it is shown."""
        return round(self.total / self.count, 2)


def review_part(unit: UnitOfWork, actor: Actor, part: str, rating: int, words: str, bought: Bought) -> PartReview:
    """Rate a part from 1 to 5, once. Raises `NotFound`, `NotBought`, `ReviewedAlready`, `Invalid`."""
    get_part(unit, part)
    if not 1 <= rating <= 5:
        raise Invalid("a rating is a number from 1 to 5", why="rating_range")
    if len(words) > MOST_WORDS:
        raise Invalid(f"a review has at most {MOST_WORDS} characters", why="text_too_long", told={"most": MOST_WORDS})
    if not bought(unit, actor.organisation, part):
        raise NotBought("a part is reviewed by those to whom it was delivered")
    said = {"rating": rating, "words": words.strip(), "reviewed_by": actor.account, "reviewed_at": unit.now()}
    row = unit.connection.execute(
        insert(part_reviews)
        .values(part=part, organisation=actor.organisation, **said)
        .on_conflict_do_nothing()
        .returning(part_reviews)
    ).one_or_none()
    if row is None:
        raise ReviewedAlready("this part has your review already")
    return _review(row)


def reviews_of(unit: UnitOfWork, part: str, limit: int, cursor: str | None = None) -> Page[PartReview]:
    """List a part's reviews, the newest first; raises `NotFound` for a part that is not there."""
    get_part(unit, part)
    place = tuple_(part_reviews.c.reviewed_at, part_reviews.c.organisation)
    chosen = select(part_reviews).where(part_reviews.c.part == part)
    if cursor is not None:
        chosen = chosen.where(place < tuple_(*_place_in(cursor)))
    latest = part_reviews.c.reviewed_at.desc(), part_reviews.c.organisation.desc()
    rows = unit.connection.execute(chosen.order_by(*latest).limit(limit + 1)).all()
    page = cut(rows, limit, lambda row: [row.reviewed_at.isoformat(), row.organisation])
    return Page([_review(row) for row in page.items], page.next)


def ratings_of(unit: UnitOfWork, parts: Sequence[str]) -> dict[str, Rating]:
    """Give the ratings of parts; those without a review are left out."""
    return {row.part: Rating(row.count, row.total) for row in unit.rows(_RATINGS, {"parts": list(parts)})}


_RATINGS = """
    SELECT part, count(*) AS count, sum(rating) AS total FROM part_reviews
    WHERE part = ANY(%(parts)s::text[]) GROUP BY part
"""


def own_reviews(unit: UnitOfWork, actor: Actor, parts: Sequence[str]) -> dict[str, PartReview]:
    """Give what the actor's organisation has said of parts; those that it has not reviewed are left out."""
    mine = part_reviews.c.part.in_(parts), part_reviews.c.organisation == actor.organisation
    return {row.part: _review(row) for row in unit.connection.execute(select(part_reviews).where(*mine))}


def _place_in(cursor: str) -> tuple[datetime, str]:
    key = read_cursor(cursor)
    try:
        at, organisation = datetime.fromisoformat(key[0]), key[1]
    except (TypeError, ValueError, IndexError) as error:
        raise Invalid("this page cursor is not valid", why="no_cursor") from error
    if at.tzinfo is None or not isinstance(organisation, str) or "\0" in organisation or len(key) != 2:
        raise Invalid("this page cursor is not valid", why="no_cursor")
    return at, organisation


def _review(row: Row[Any]) -> PartReview:
    return PartReview(row.part, row.organisation, row.rating, row.words, row.reviewed_at)
