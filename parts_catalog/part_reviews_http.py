"""The HTTP door of part reviews: everybody reads them, buyers write them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from foundation.database import Database
from foundation.http import NO_NUL, ActorDependency, Body, IdempotencyKey, problem_responses
from foundation.idempotency import once
from foundation.identity import Actor
from foundation.paging import MAXIMUM_LIMIT
from parts_catalog.part_reviews import MOST_WORDS, Bought, PartReview, ratings_of, review_part, reviews_of
from parts_catalog.views import RatingOfPart

Key = Annotated[str, Path(max_length=64, pattern=NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]


class NewReview(Body):
    rating: int = Field(ge=1, le=5)
    words: str = Field(default="", max_length=MOST_WORDS, pattern=NO_NUL, examples=["Fits, and is quiet."])


class ReviewView(BaseModel):
    """What a buyer says; who he is is told to nobody."""

    rating: int
    words: str
    reviewed_at: datetime
    own: bool = Field(description="Whether your house wrote it")


class ReviewsPage(BaseModel):
    items: list[ReviewView]
    next: str | None
    rating: RatingOfPart | None = Field(description="null: nobody has reviewed it yet")


def router(database: Database, current_actor: ActorDependency, bought: Bought) -> APIRouter:
    """Give the routes of reviews; `bought` says who may write one."""
    routes = APIRouter(prefix="/v1/parts/{part}/reviews", tags=["parts"])
    acting = Annotated[Actor, Depends(current_actor)]

    @routes.get("", responses=problem_responses(401, 404, 422), summary="What buyers say of a part, the newest first")
    def reviews(actor: acting, part: Key, limit: Limit = 20, cursor: Cursor = None) -> ReviewsPage:
        with database.unit() as unit:
            page = reviews_of(unit, part, limit, cursor)
            rating = ratings_of(unit, [part]).get(part)
        return ReviewsPage(
            items=[_view(one, actor) for one in page.items],
            next=page.next,
            rating=RatingOfPart.of(rating) if rating else None,
        )

    @routes.post(
        "",
        status_code=201,
        response_model=ReviewView,
        responses=problem_responses(401, 403, 404, 409, 422),
        summary="Review a part that was delivered to you, once",
    )
    def write(actor: acting, part: Key, body: NewReview, key: IdempotencyKey = None) -> dict[str, Any]:
        with database.unit() as unit:

            def act() -> dict[str, Any]:
                said = review_part(unit, actor, part, body.rating, body.words, bought)
                return _view(said, actor).model_dump(mode="json")

            return once(unit, actor, f"parts/{part}/reviews", key, body.model_dump(), act)

    return routes


def _view(review: PartReview, actor: Actor) -> ReviewView:
    own = review.organisation == actor.organisation
    return ReviewView(rating=review.rating, words=review.words, reviewed_at=review.reviewed_at, own=own)
