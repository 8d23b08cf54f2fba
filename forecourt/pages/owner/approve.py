"""Deciding on one repair order by the link of a letter, without signing in: line by line, on just what is shown.

The link's secret stands behind the #, as a tracking link's does, and is kept in a cookie for the pages of this one
order. Whoever holds it acts in the name of the person it was sent to, and does nothing else: paying, signing the sheet,
reviewing and all other visits are for who signs in. What he ticks is bound to the hash of the line as it was shown.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from secrets import compare_digest
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from aftersales.cases import OVER
from aftersales.repair.approval_links import LINK_DAYS
from aftersales.repair.approvals import approve
from aftersales.repair.decisions import APPROVED, DECLINED, Heard, Way
from aftersales.repair.looking_http import photo_response
from aftersales.repair.photos import get_photo
from aftersales.scope import find_order
from aftersales.views import get_repair_order
from forecourt.http import STATUS
from forecourt.pages import language
from forecourt.pages.acting import KEY_FIELD
from forecourt.pages.live import Watch, told
from forecourt.pages.owner.repairs import shown_of_repair
from forecourt.pages.readers import CSRF_FIELD, Reader, anybody, open_reader, opened_by_link, own_form, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.events import Cursor, end_of_log
from foundation.idempotency import once
from foundation.identity import Session, holder_of
from foundation.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Unauthenticated

COOKIE = "forecourt_approval"
LINE, WAS, EVERY = "line-", "was-", "all"  # fields of the form: a line with its hash, and how it was shown in words


class OtherLink(Forbidden):
    """A form of another link's page, or of nobody's: nothing was done with it."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a form says: the decision on each line, its hash as it was shown, and how that looked."""

    decisions: Mapping[str, str]
    shown: Mapping[str, str]
    was: Mapping[str, str]


def router(site: Site) -> APIRouter:
    """Give the routes of approval links."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    _entering(routes, site)
    _showing(routes, site)
    _live(routes, site)

    @routes.post("/approve/{order}")
    async def decide(order: str, request: Request) -> Response:
        fields = await own_form(request)
        return await run_in_threadpool(_decide, open_reader(site, request), order, fields)

    return routes


def _entering(routes: APIRouter, site: Site) -> None:
    @routes.get("/approve")
    def ask(reader: Annotated[Reader, Depends(anybody(site))]) -> Response:
        """Take the secret from behind the #, and send it as a form."""
        return reader.page("approve/link.html", void=False)

    @routes.post("/approve")
    async def enter(request: Request) -> Response:
        site.throttle.link(request)
        fields = await own_form(request)
        # Pasted by hand it may be the whole address.
        return await run_in_threadpool(_enter, site, request, fields.get("secret", "").strip().rpartition("#")[2])


def _showing(routes: APIRouter, site: Site) -> None:
    Anybody = Annotated[Reader, Depends(anybody(site))]  # noqa: N806 - a type

    @routes.get("/approve/{order}")
    def show(order: str, reader: Anybody, done: str = "") -> Response:
        with reader.unit() as unit:
            try:
                return _page(unit, reader, _holder(unit, reader, order), order, done=done)
            except Unauthenticated:
                return _ended(reader)

    @routes.get("/approve/{order}/now")
    def show_again(order: str, reader: Anybody) -> Response:
        with reader.unit() as unit:
            try:
                holder = _holder(unit, reader, order)
                shown = _shown(unit, holder, order)
            except Unauthenticated:
                return reader.page("approve/ended_now.html", 401, days=LINK_DAYS, done=False)
            return reader.page("approve/now.html", tongue=_tongue(reader, holder), **_NOTHING, **shown)

    @routes.get("/approve/{order}/photos/{photo}")
    def picture(order: str, photo: str, reader: Anybody) -> Response:
        with reader.unit() as unit:
            found = get_photo(unit, _holder(unit, reader, order).actor, order, photo)
        if found.point is None:
            raise NotFound("by a link one sees what was looked at, and no papers or signatures")
        return photo_response(site.photos, found)


def _live(routes: APIRouter, site: Site) -> None:
    def watch(
        order: str,
        reader: Annotated[Reader, Depends(anybody(site))],
        after: str | None = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Watch:
        written = last_event_id or after

        def followed(unit: UnitOfWork) -> list[str]:
            return [order, find_order(unit, _holder(unit, reader, order).actor, order).case]

        with reader.unit() as unit:
            followed(unit)
            begun = Cursor.parse(written) if written else end_of_log(unit)
        return Watch(site, followed, followed, begun)

    @routes.get("/approve/{order}/live", response_class=EventSourceResponse)
    async def follow(watched: Annotated[Watch, Depends(watch)]) -> AsyncIterator[ServerSentEvent]:
        async for event in told(watched):
            yield event


def _enter(site: Site, request: Request, secret: str) -> Response:
    reader = open_reader(site, request)
    with reader.unit() as unit:
        try:
            order = str(holder_of(unit, secret).actor.only)
        except Unauthenticated:
            return reader.page("approve/link.html", 401, void=True)
    return opened_by_link(site, request, COOKIE, f"/approve/{quote(order)}", secret)


def _holder(unit: UnitOfWork, reader: Reader, order: str) -> Session:
    """Give who holds the link of an order, by the cookie of its pages, while there is anything to decide."""
    holder = holder_of(unit, reader.request.cookies.get(COOKIE, ""))
    if holder.actor.only != order or find_order(unit, holder.actor, order).state in OVER:
        raise Unauthenticated("this link is another order's, or its order is over")
    return holder


def _decide(reader: Reader, order: str, fields: Mapping[str, str]) -> Response:
    """Take the decisions of a form together or not at all; what was refused is shown with what was ticked."""
    try:
        with reader.unit() as unit:
            holder = _holder(unit, reader, order)
        reader.site.throttle.write(holder.actor.account)
        try:
            _take(reader, holder, order, fields)
        except (Conflict, Invalid, Forbidden, NotFound) as refusal:
            return _refused(reader, order, fields, refusal)
    except Unauthenticated:
        return _ended(reader)
    with reader.unit() as unit:
        try:
            _holder(unit, reader, order)
        except Unauthenticated:  # with nothing left to do the visit has ended, and the link with it
            return _ended(reader, done=True)
    return to(f"/approve/{quote(order)}?done=decided")


def _take(reader: Reader, holder: Session, order: str, fields: Mapping[str, str]) -> None:
    if not compare_digest(fields.get(CSRF_FIELD, "").encode(), holder.csrf.encode()):
        raise OtherLink("this form does not belong to the link that is open")
    choices = read_choices(fields)
    asked = {"decisions": dict(choices.decisions), "shown": dict(choices.shown)}
    key, path = fields.get(KEY_FIELD) or None, reader.request.url.path
    with reader.unit() as unit:
        _holder(unit, reader, order)
        once(unit, holder.actor, path, key, asked, lambda: _act(unit, reader, holder, choices))


def _act(unit: UnitOfWork, reader: Reader, holder: Session, choices: Choices) -> dict[str, Any]:
    ip = reader.request.client.host if reader.request.client else None
    for decision in (APPROVED, DECLINED):
        lines = [line for line, said in choices.decisions.items() if said == decision]
        if lines:
            heard = Heard(Way.LINK, ip=ip)
            approve(unit, holder.actor, str(holder.actor.only), lines, decision, heard, choices.shown)
    return {}


def read_choices(fields: Mapping[str, str]) -> Choices:
    """Read a form whose field `line-LINE:HASH` says `approved` or `declined`, or whose button says so of all lines."""
    decisions, shown, was = dict[str, str](), dict[str, str](), dict[str, str]()
    for name, value in fields.items():
        line, _, digest = name.removeprefix(WAS).partition(":")
        if name.startswith(WAS):
            shown[line], was[line] = digest, value
    for name, value in fields.items():
        line, _, digest = name.removeprefix(LINE).partition(":")
        if name.startswith(LINE):
            decisions[line], shown[line] = value, digest
    if EVERY in fields:
        decisions = dict.fromkeys(shown, fields[EVERY])
    if not decisions or not set(decisions.values()) <= {APPROVED, DECLINED}:
        raise Invalid("each line is approved or declined; at least one of them is ticked", why="tick_a_line")
    return Choices(decisions, shown, was)


def _refused(reader: Reader, order: str, fields: Mapping[str, str], refusal: Refusal) -> Response:
    try:
        choices = read_choices(fields)
    except Invalid:
        choices = Choices({}, {}, {})
    with reader.unit() as unit:
        holder = _holder(unit, reader, order)
        return _page(unit, reader, holder, order, refusal=refusal, ticked=choices)


_NOTHING: Mapping[str, Any] = {"ticked": {}, "was": {}}


def _page(
    unit: UnitOfWork,
    reader: Reader,
    holder: Session,
    order: str,
    *,
    done: str = "",
    refusal: Refusal | None = None,
    ticked: Choices | None = None,
) -> Response:
    # Taken before the page's content is read: what happens meanwhile comes again by the stream.
    cursor = end_of_log(unit)
    shown = _shown(unit, holder, order)
    now = {line["id"]: line["hash"] for line in shown["order"]["lines"]}
    said = dict(_NOTHING)
    if ticked is not None:
        same = {line for line, digest in ticked.shown.items() if now.get(line) == digest}
        said = {
            "ticked": {line: value for line, value in ticked.decisions.items() if line in same},
            "was": {line: value for line, value in ticked.was.items() if line not in same},
        }
    status = int(STATUS.get(refusal.code, 409)) if refusal else 200
    return reader.page(
        "approve/page.html",
        status,
        _tongue(reader, holder),
        cursor=cursor,
        done=done,
        refusal=refusal,
        other=isinstance(refusal, OtherLink),
        **said,
        **shown,
    )


def _shown(unit: UnitOfWork, holder: Session, order: str) -> dict[str, Any]:
    found = get_repair_order(unit, holder.actor, order)
    seen = shown_of_repair(unit, holder.actor, found)
    return {
        **seen,
        "order": found,
        "holder": holder,
        "lines": {line["id"]: line for line in found["lines"]},
        "photos": [one for one in seen["photos"] if one["point"]],
    }


def _ended(reader: Reader, *, done: bool = False) -> Response:
    return reader.page("approve/ended.html", 200 if done else 401, days=LINK_DAYS, done=done)


def _tongue(reader: Reader, holder: Session) -> str:
    """Give the language of the person whom the link was sent to, unless this browser was told another."""
    cookie, accepted = reader.request.cookies.get(language.COOKIE), reader.request.headers.get("accept-language", "")
    return language.choose(cookie, holder.actor.language, accepted, reader.site.language)
