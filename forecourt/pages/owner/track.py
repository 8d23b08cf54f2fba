"""Following one visit by its tracking link, without an account, live: what is done, replaced and owed, nothing else.

The link's secret stands behind the #, which no log has seen; the page sends it once, and the browser keeps it from then
on in a cookie for the pages of this one case.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from aftersales.permissions import TRACKED, Act, require
from aftersales.scope import find_case
from aftersales.settlement.sheets import sheet
from aftersales.views import get_case, get_repair_order
from forecourt.pages.acting import act
from forecourt.pages.live import Watch, opens_more, told
from forecourt.pages.readers import Posted, Reader, anybody, open_reader, opened_by_link, own_form, posted
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.events import Cursor, end_of_log
from foundation.identity import Actor, actor_of_token
from foundation.keys import MOST_DAYS, add_tracking_link
from foundation.refusals import NotFound, Unauthenticated

COOKIE = "forecourt_tracking"


def router(site: Site) -> APIRouter:
    """Give the routes of tracking links."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Anybody = Annotated[Reader, Depends(anybody(site))]  # noqa: N806 - a type

    @routes.get("/track")
    def ask(reader: Anybody) -> Response:
        """Take the secret from behind the #, and send it as a form."""
        return reader.page("track_link.html", void=False)

    @routes.post("/cases/{case}/links")
    def share(case: str, form: Annotated[Posted, Depends(posted(site))]) -> Response:
        reader, links = form.reader, list[str]()
        act(form, lambda unit: _share(unit, reader, case, links))
        # Shown in this answer and never again: only its digest is kept.
        link = f"{reader.request.base_url}track#{links[0]}" if links else ""
        return reader.page("owner/share.html", case=case, link=link, days=MOST_DAYS)

    @routes.post("/track")
    async def enter(request: Request) -> Response:
        fields = await own_form(request)
        return await run_in_threadpool(_enter, site, request, fields.get("secret", "").strip())

    @routes.get("/track/{case}")
    def show(case: str, reader: Anybody) -> Response:
        with reader.unit() as unit:
            # Taken before the page's content is read: what happens meanwhile comes again by the stream.
            cursor = end_of_log(unit)
            try:
                tracked = _tracked(unit, _holder(unit, reader, case), case)
            except (Unauthenticated, NotFound):
                return reader.page("track_link.html", 401, void=True)
            return reader.page("track.html", cursor=cursor, **tracked)

    @routes.get("/track/{case}/now")
    def show_again(case: str, reader: Anybody) -> Response:
        with reader.unit() as unit:
            try:
                tracked = _tracked(unit, _holder(unit, reader, case), case)
            except (Unauthenticated, NotFound):
                return reader.page("track_ended.html", 401)
            return reader.page("track_now.html", **tracked)

    _live(routes, site)
    return routes


def _live(routes: APIRouter, site: Site) -> None:
    def watch(
        case: str,
        reader: Annotated[Reader, Depends(anybody(site))],
        after: str | None = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Watch:
        written = last_event_id or after
        with reader.unit() as unit:
            _subjects(unit, reader, case)
            begun = Cursor.parse(written) if written else end_of_log(unit)
        followed = lambda unit: _subjects(unit, reader, case)  # noqa: E731
        return Watch(site, followed, followed, begun, opens_more)

    @routes.get("/track/{case}/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[Watch, Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        async for event in told(watched):
            yield event


def _share(unit: UnitOfWork, reader: Reader, case: str, links: list[str]) -> None:
    """Make a link to a case of one's own; it goes into `links`, not into what is stored."""
    require(reader.actor, Act.SHARE, owner=find_case(unit, reader.actor, case).organisation)
    _, secret = add_tracking_link(unit, reader.actor, case, MOST_DAYS, TRACKED)
    links.append(secret)


def _enter(site: Site, request: Request, secret: str) -> Response:
    reader = open_reader(site, request)
    with reader.unit() as unit:
        try:
            case = _case_of(actor_of_token(unit, secret))
        except Unauthenticated:
            return reader.page("track_link.html", 401, void=True)
    return opened_by_link(site, request, COOKIE, f"/track/{quote(case)}", secret)


def _holder(unit: UnitOfWork, reader: Reader, case: str) -> Actor:
    """Give who holds the link of a case, by the cookie of its pages."""
    actor = actor_of_token(unit, reader.request.cookies.get(COOKIE, ""))
    if _case_of(actor) != case:
        raise Unauthenticated("this link is another case's")
    return actor


def _case_of(actor: Actor) -> str:
    if actor.only is None:
        raise Unauthenticated("this is no tracking link")
    return actor.only


def _subjects(unit: UnitOfWork, reader: Reader, case: str) -> list[str]:
    order = get_case(unit, _holder(unit, reader, case), case)["repair_order"]
    return [case, order] if order else [case]


def _tracked(unit: UnitOfWork, actor: Actor, key: str) -> dict[str, Any]:
    case = get_case(unit, actor, key)
    order = get_repair_order(unit, actor, case["repair_order"]) if case["repair_order"] else None
    settled = sheet(unit, actor, order["id"]) if order is not None and order["settlement"] else None
    return {"case": case, "visit": case["appointment"], "order": order, "sheet": settled}
