"""Following one visit by its tracking link, without an account: where the repair stands, and nothing else."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from aftersales.permissions import TRACKED, Act, require
from aftersales.scope import find_case
from aftersales.views import get_case, get_repair_order
from forecourt.pages.acting import act
from forecourt.pages.readers import Posted, Reader, anybody, open_reader, own_form, posted
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.identity import actor_of_token
from foundation.keys import MOST_DAYS, add_tracking_link
from foundation.refusals import Unauthenticated


def router(site: Site) -> APIRouter:
    """Give the routes of tracking links."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/track")
    def ask(reader: Annotated[Reader, Depends(anybody(site))]) -> Response:
        """Take the secret from behind the #, which no log has seen, and send it as a form."""
        return reader.page("track_link.html", void=False)

    @routes.post("/cases/{case}/links")
    def share(case: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        reader, links = form.reader, list[str]()
        act(form, lambda unit: _share(unit, reader, case, links))
        # Shown in this answer and never again: only its digest is kept.
        link = f"{reader.request.base_url}track#{links[0]}" if links else ""
        return reader.page("owner/share.html", case=case, link=link, days=MOST_DAYS)

    @routes.post("/track")
    async def show(request: Request) -> Response:
        fields = await own_form(request)
        return await run_in_threadpool(_show, site, request, fields.get("secret", "").strip())

    return routes


def _share(unit: UnitOfWork, reader: Reader, case: str, links: list[str]) -> None:
    """Make a link to a case of one's own; it goes into `links`, not into what is stored."""
    require(reader.actor, Act.SHARE, owner=find_case(unit, reader.actor, case).organisation)
    _, secret = add_tracking_link(unit, reader.actor, case, MOST_DAYS, TRACKED)
    links.append(secret)


def _show(site: Site, request: Request, secret: str) -> Response:
    reader = open_reader(site, request)
    with reader.unit() as unit:
        try:
            tracked = _tracked(unit, secret)
        except Unauthenticated:
            return reader.page("track_link.html", 401, void=True)
        return reader.page("track.html", secret=secret, **tracked)


def _tracked(unit: UnitOfWork, secret: str) -> dict[str, Any]:
    actor = actor_of_token(unit, secret)
    if actor.only is None:
        raise Unauthenticated("this is no tracking link")
    case = get_case(unit, actor, actor.only)
    order = get_repair_order(unit, actor, case["repair_order"]) if case["repair_order"] else None
    return {"case": case, "visit": case["appointment"], "order": order}
