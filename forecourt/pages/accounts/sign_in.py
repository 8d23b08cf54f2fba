"""Signing in and out: a one-time link, or e-mail and password; and the switch of the language."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from forecourt.pages.language import COOKIE as LANGUAGE_COOKIE
from forecourt.pages.language import LANGUAGES
from forecourt.pages.readers import (
    SESSION_COOKIE,
    Posted,
    Reader,
    anybody,
    keep_session,
    open_reader,
    own_form,
    own_path,
    posted,
    to,
)
from forecourt.pages.refused import carried, page_route
from forecourt.pages.site import Site
from foundation.identity import end_session, open_session, session_of, start_session
from foundation.passwords import sign_in
from foundation.refusals import Invalid, Unauthenticated

# A form that waits for its person to sign in again: where it goes, and the prefix of its fields.
_PATH = "carried_path"
_CARRIED = "carried-"


def router(site: Site) -> APIRouter:
    """Give the routes of signing in."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/sign-in")
    def show(reader: Annotated[Reader, Depends(anybody(site))], next: str = "/", done: str = "") -> Response:  # noqa: A002 - as in the URL
        return reader.page("sign_in.html", next=own_path(next), email="", problem=None, done=done)

    @routes.post("/sign-in")
    async def with_password(request: Request) -> Response:
        fields = await own_form(request)
        return await run_in_threadpool(_with_password, site, request, fields)

    @routes.post("/sign-in/link")
    async def with_link(request: Request) -> Response:
        fields = await own_form(request)
        return await run_in_threadpool(_with_link, site, request, fields)

    @routes.post("/sign-in/resume")
    async def resume(request: Request) -> Response:
        fields = await own_form(request)
        return await run_in_threadpool(_resume, site, request, fields)

    @routes.post("/sign-out")
    def leave(form: Annotated[Posted, Depends(posted(site))]) -> Response:
        with form.reader.unit() as unit:
            end_session(unit, form.reader.request.cookies[SESSION_COOKIE])
        answer = to("/sign-in")
        answer.delete_cookie(SESSION_COOKIE, path="/")
        return answer

    @routes.post("/language")
    async def switch_language(request: Request) -> Response:
        fields = await own_form(request)
        wish = fields.get("language", "")
        if wish not in LANGUAGES:
            raise Invalid("pages are written in English and Chinese", why="not_of_this_page")
        answer = to(own_path(fields.get("next")))
        answer.set_cookie(
            LANGUAGE_COOKIE,
            wish,
            max_age=365 * 86400,
            path="/",
            secure=site.secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return answer

    return routes


def _with_password(site: Site, request: Request, fields: dict[str, str]) -> Response:
    email = fields.get("email", "")
    site.throttle.sign_in(request, email)
    try:
        _, secret = sign_in(site.database, email, fields.get("password", ""), start_session)
    except Unauthenticated:
        reader = open_reader(site, request)
        if _waiting(fields):
            return carried(reader, 401, fields[_PATH], _waiting(fields))
        return reader.page(
            "sign_in.html", 401, next=own_path(fields.get("next")), email=email, problem="password", done=""
        )
    return _enter(site, request, secret, fields)


def _with_link(site: Site, request: Request, fields: dict[str, str]) -> Response:
    site.throttle.link(request)
    # A person may paste the whole link; its secret is what stands behind the #.
    link = unquote(fields.get("secret", "").strip().rpartition("#")[2])
    try:
        with site.database.unit() as unit:
            secret = open_session(unit, link)
    except Unauthenticated:
        reader = open_reader(site, request)
        return reader.page("sign_in.html", 401, next=own_path(fields.get("next")), email="", problem="link", done="")
    return _enter(site, request, secret, fields)


def _enter(site: Site, request: Request, secret: str, fields: dict[str, str]) -> Response:
    """Give the first answer of a new session; the one that this browser had before ends."""
    with site.database.unit() as unit:
        if (old := request.cookies.get(SESSION_COOKIE)) is not None:
            end_session(unit, old)
        reader = Reader(site, request, session_of(unit, secret), unit.now())
    answer: Response = to(own_path(fields.get("next")))
    if _waiting(fields):
        answer = carried(reader, 200, fields[_PATH], _waiting(fields))
    keep_session(answer, site, request, secret)
    return answer


def _resume(site: Site, request: Request, fields: dict[str, str]) -> Response:
    """Take up a form again after its person has signed in, here or in another tab."""
    reader = open_reader(site, request)
    return carried(reader, 200 if reader.session else 401, fields.get(_PATH, "/"), _waiting(fields))


def _waiting(fields: dict[str, str]) -> dict[str, str]:
    if _PATH not in fields:
        return {}
    return {name.removeprefix(_CARRIED): value for name, value in fields.items() if name.startswith(_CARRIED)}
