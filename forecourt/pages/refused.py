"""Refusals as pages: what went wrong in words, what was typed kept, and no page without its security headers."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from forecourt.http import STATUS, note_refused
from forecourt.pages.readers import CSRF_FIELD, Reader, SessionLost, StaleForm, keep_session, open_reader, own_path, to
from forecourt.pages.site import Site
from foundation.refusals import Forbidden, Invalid, Refusal, TooMany, Unauthenticated

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
# Fields that a carried form shows for checking; the others are ids and go along unseen.
TYPED = ("words", "note", "mileage_km", "rating")

NOT_CARRIED = frozenset({CSRF_FIELD, "password", "again", "current"})  # no page holds a password


def page_route(site: Site) -> type[APIRoute]:
    """Give the route class of the pages: refusals become pages, and every answer carries the headers above."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    response = await handle(request)
                except Refusal as refusal:
                    response = await run_in_threadpool(refused, site, request, refusal)
                    if isinstance(refusal, TooMany):
                        response.headers["Retry-After"] = str(refusal.retry_after)
                except RequestValidationError:
                    unreadable = Invalid(
                        "this address has something in it that does not belong there", why="not_of_this_page"
                    )
                    response = await run_in_threadpool(refused, site, request, unreadable)
                if (turned := getattr(request.state, "turned_session", None)) is not None:
                    keep_session(response, site, request, turned)
                response.headers.update(HEADERS)
                response.headers.setdefault("Cache-Control", "no-store")
                return response

            return answer

    return PageRoute


def refused(site: Site, request: Request, refusal: Refusal) -> Response:
    reader = open_reader(site, request)
    if isinstance(refusal, Forbidden) and reader.session:
        note_refused(site.database, reader.session.actor, request.method, request.url.path)
    status = int(STATUS.get(refusal.code, 409))
    if reader.is_fragment:
        # A fragment's place on the page keeps what it shows; the sentence goes above the page.
        notice = reader.page("refused/notice.html", status, refusal=refusal)
        notice.headers.update({"HX-Retarget": "#notice", "HX-Reswap": "innerMorph"})
        if isinstance(refusal, StaleForm):
            # Its person has signed in again beside it: the page comes anew, and shows the draft of what was typed.
            notice.headers["HX-Refresh"] = "true"
        return notice
    if isinstance(refusal, SessionLost | StaleForm):
        return carried(reader, status, refusal.path, dict(refusal.fields))
    if isinstance(refusal, Unauthenticated) and request.method == "GET":
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return to(f"/sign-in?{urlencode({'next': here})}")
    return reader.page("refused/page.html", status, refusal=refusal)


def carried(reader: Reader, status: int, path: str, fields: dict[str, str]) -> HTMLResponse:
    """Show a form that could not be taken, with all that was typed, to be sent again by the right person."""
    kept = {name: value for name, value in fields.items() if name not in NOT_CARRIED}
    template = "refused/carried.html" if reader.session else "refused/session_lost.html"
    return reader.page(template, status, path=own_path(path), fields=kept, typed=TYPED)
