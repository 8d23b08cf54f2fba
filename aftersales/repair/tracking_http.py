"""The HTTP door to links: anybody who holds a tracking link may look at one case, its visit and its repair order.

Of approval links, which go out in letters only, there is the list, and their end.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from aftersales.permissions import TRACKED, Act, require
from aftersales.repair.approval_links import end_approval_link, list_approval_links
from aftersales.routes import Desk, Key
from aftersales.scope import find_case
from foundation.database import UnitOfWork
from foundation.http import Body, problem_responses
from foundation.identity import Actor
from foundation.keys import MOST_DAYS, add_tracking_link, list_keys, revoke_key


class Tracking(Body):
    days: int = Field(default=MOST_DAYS, ge=1, le=MOST_DAYS, description="After so many days it ends by itself")


class LinkView(BaseModel):
    id: str
    expires_at: datetime | None


class NewLinkView(LinkView):
    link: str = Field(description="Put the address of this house before it; the secret stands behind the #")


class LinksView(BaseModel):
    items: list[LinkView]


def add_tracking(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get("/cases/{case}/links", responses=problem_responses(401, 403, 404), summary="Valid tracking links")
    def links(actor: Acting, case: Key) -> LinksView:
        with desk.database.unit() as unit:
            _own_case(unit, actor, case)
            rows = list_keys(unit, actor, case)
            return LinksView(items=[LinkView(id=row.id, expires_at=row.expires_at) for row in rows])

    @routes.post(
        "/cases/{case}/links",
        status_code=201,
        responses=problem_responses(401, 403, 404, 422),
        summary="Let somebody follow this one case, without an account; the link is shown this once",
    )
    def share(actor: Acting, case: Key, body: Tracking | None = None) -> NewLinkView:
        with desk.database.unit() as unit:
            _own_case(unit, actor, case)
            made, secret = add_tracking_link(unit, actor, case, (body or Tracking()).days, TRACKED)
            return NewLinkView(id=made.id, expires_at=made.expires_at, link=f"/track#{secret}")

    @routes.delete(
        "/cases/{case}/links/{link}",
        status_code=204,
        responses=problem_responses(401, 403, 404),
        summary="End a tracking link at once",
    )
    def end(actor: Acting, case: Key, link: Key) -> None:
        with desk.database.unit() as unit:
            _own_case(unit, actor, case)
            revoke_key(unit, actor, link, case)

    _approvals(routes, desk)


def _approvals(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/repair-orders/{order}/links",
        responses=problem_responses(401, 403, 404),
        summary="Valid links, sent by mail or text message, by which somebody may decide on this order",
    )
    def approval_links(actor: Acting, order: Key) -> LinksView:
        with desk.database.unit() as unit:
            rows = list_approval_links(unit, actor, order)
            return LinksView(items=[LinkView(id=row.id, expires_at=row.expires_at) for row in rows])

    @routes.delete(
        "/repair-orders/{order}/links/{approval_link}",
        status_code=204,
        responses=problem_responses(401, 403, 404),
        summary="End such a link at once",
    )
    def end_approval(actor: Acting, order: Key, approval_link: Key) -> None:
        with desk.database.unit() as unit:
            end_approval_link(unit, actor, order, approval_link)


def _own_case(unit: UnitOfWork, actor: Actor, case: str) -> None:
    require(actor, Act.SHARE, owner=find_case(unit, actor, case).organisation)
