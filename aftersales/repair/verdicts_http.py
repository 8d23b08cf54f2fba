"""The HTTP door to what is said of a repair afterwards: verdicts on its findings, answers to reviews, figures."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from aftersales.bodies import VerdictGiven
from aftersales.repair.repair_bodies import ReviewAnswer
from aftersales.repair.reviews import answer_review, list_reviews
from aftersales.repair.verdicts import give_verdict, list_verdicts
from aftersales.routes import REFUSED_GET, REFUSED_POST, Asked, Cursor, Desk, Key, Limit, Listing, View, listing
from aftersales.workshop.figures import figures
from foundation.http import IdempotencyKey, problem_responses
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT

PATH = "/repair-orders/{order}"
REFUSED_OWN = problem_responses(401, 403, 404, 422)
First = Annotated[date | None, Query(alias="from", description="A local day of the workshop; else 89 days before `to`")]
Last = Annotated[date | None, Query(alias="to", description="The last day, included; else today")]


def add_verdicts(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    for add in (_verdicts, _reviews, _figures):
        add(routes, desk)


def _verdicts(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/verdicts", responses=REFUSED_GET, summary="Each finding of its case, and what was found of it")
    def listed(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return list_verdicts(unit, actor, order)

    @routes.post(
        f"{PATH}/verdicts",
        status_code=201,
        responses=REFUSED_POST,
        summary="Say what was found of a finding: it, nothing, or another fault; the last verdict counts",
    )
    def give(actor: Acting, order: Key, body: VerdictGiven, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/verdicts", key, body)
        return desk.act(actor, asked, lambda unit: give_verdict(unit, actor, order, body.finding, body.judged()))


def _reviews(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/review/answer", status_code=201, responses=REFUSED_POST, summary="Answer the owner's review, once"
    )
    def answer(actor: Acting, order: Key, body: ReviewAnswer, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/review/answer", key, body)
        return desk.act(actor, asked, lambda unit: answer_review(unit, actor, order, body.words))

    @routes.get(
        "/workshops/{workshop}/reviews",
        responses=REFUSED_OWN,
        summary="The reviews of one's own workshop, newest first",
    )
    def reviews(
        actor: Acting,
        workshop: Key,
        unanswered: Annotated[bool, Query(description="Only what was not answered yet")] = False,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Listing:
        with desk.database.unit() as unit:
            return listing(list_reviews(unit, actor, workshop, unanswered=unanswered, limit=limit, cursor=cursor))


def _figures(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/workshops/{workshop}/figures",
        responses=REFUSED_OWN,
        summary="Bay use, lead time, first-time fix and the predictor's precision at one's own workshop",
    )
    def shown(actor: Acting, workshop: Key, first: First = None, last: Last = None) -> View:
        with desk.database.unit() as unit:
            return figures(unit, actor, workshop, first, last)
