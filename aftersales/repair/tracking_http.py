"""The HTTP door to tracking links: anybody who holds one may look at one case, its visit and its repair order."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from aftersales.permissions import TRACKED, Act, require
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


def _own_case(unit: UnitOfWork, actor: Actor, case: str) -> None:
    require(actor, Act.SHARE, owner=find_case(unit, actor, case).organisation)
