"""One request of a signed-in person: who it is, in which language and zone, and what a form of ours carried."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from secrets import compare_digest, token_urlsafe
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from aftersales.telling.messages import count_unread
from forecourt.pages import language
from forecourt.pages.rendering import render
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.http import route_of
from foundation.identity import SESSION_LIFE, Actor, Session, session_of
from foundation.refusals import Forbidden, Unauthenticated
from foundation.sessions import turn_session

SESSION_COOKIE = "forecourt_session"
ZONE_COOKIE = "zone"
CSRF_FIELD = "csrf"
_DEFAULT_ZONE = "Asia/Shanghai"  # until the browser has told its own


class SessionLost(Unauthenticated):
    """A form came in without a valid session; `fields` is what the person had typed."""

    def __init__(self, path: str, fields: Mapping[str, str]) -> None:
        super().__init__("your session has ended")
        self.path = path
        self.fields = fields


class StaleForm(Forbidden):
    """A form of another session, or of nobody's: nothing was done with it."""

    def __init__(self, path: str, fields: Mapping[str, str]) -> None:
        super().__init__("this form does not belong to your session")
        self.path = path
        self.fields = fields


class ForeignForm(Forbidden):
    """Another site made the browser send this."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One request; `session` is None on the pages that need nobody."""

    site: Site
    request: Request
    session: Session | None
    now: datetime
    unread: int = 0  # messages of the signed-in account

    @property
    def actor(self) -> Actor:
        if self.session is None:
            raise Unauthenticated("nobody is signed in")
        return self.session.actor

    @property
    def language(self) -> str:
        return language.choose(
            self.request.cookies.get(language.COOKIE),
            self.session.actor.language if self.session else None,
            self.request.headers.get("accept-language", ""),
            self.site.language,
        )

    @property
    def is_fragment(self) -> bool:
        return self.request.headers.get("hx-request") == "true"

    def unit(self) -> AbstractContextManager[UnitOfWork]:
        return self.site.database.unit()

    def page(self, template: str, status: int = 200, tongue: str | None = None, **context: Any) -> HTMLResponse:
        """Give a page in the reader's language, or in another `tongue` of ours."""
        here = self.request.url.path + (f"?{self.request.url.query}" if self.request.url.query else "")
        content = render(
            tongue or self.language,
            template,
            **{
                "session": self.session,
                "zone": zone_of(self.request),
                "now": self.now,
                "unread": self.unread,
                "here": here if self.request.method == "GET" else "/",
                "form_key": token_urlsafe(16),
                **context,
            },
        )
        return HTMLResponse(content, status)


@dataclass(frozen=True, slots=True)
class Posted:
    """A form that a signed-in person sent from a page of ours: session and token have been checked."""

    reader: Reader
    fields: Mapping[str, str]

    @property
    def key(self) -> str | None:
        """The form's own key: sent twice, it acts once."""
        return self.fields.get("key") or None

    def text(self, name: str) -> str:
        return self.fields.get(name, "").strip()


def anybody(site: Site) -> Callable[[Request], Reader]:
    """Give the dependency of pages that need nobody: signed in or not."""

    def reader(request: Request) -> Reader:
        return open_reader(site, request)

    return reader


def signed_in(site: Site) -> Callable[[Request], Reader]:
    """Give the dependency of pages that need somebody."""

    def reader(request: Request) -> Reader:
        opened = open_reader(site, request)
        if opened.session is None:
            raise Unauthenticated("nobody is signed in")
        site.access.check(opened.session.actor, request.method, route_of(request))
        return opened

    return reader


def posted(site: Site) -> Callable[[Request], Awaitable[Posted]]:
    """Give the dependency of forms: refuses those of other sites, other sessions and lost sessions."""

    async def form(request: Request) -> Posted:
        return await _own(site, request, await own_form(request))

    return form


async def _own(site: Site, request: Request, fields: Mapping[str, str]) -> Posted:
    """Check session and token of a form's fields, and that who sent it may."""
    reader = await run_in_threadpool(open_reader, site, request)
    if reader.session is None:
        raise SessionLost(request.url.path, fields)
    if not compare_digest(fields.get(CSRF_FIELD, "").encode(), reader.session.csrf.encode()):
        raise StaleForm(request.url.path, fields)
    site.throttle.write(reader.session.actor.account)
    site.access.check(reader.session.actor, request.method, route_of(request))
    return Posted(reader, fields)


@dataclass(frozen=True, slots=True)
class WithFile:
    """A form with a file, open for as long as the request; `name` is empty where none was chosen."""

    form: Posted
    name: str
    file: BinaryIO


def posted_file(site: Site, field: str) -> Callable[[Request], AsyncIterator[WithFile]]:
    """Give the dependency of forms with a file; it is not read before somebody is signed in."""

    async def form(request: Request) -> AsyncIterator[WithFile]:
        _refuse_foreign(request)
        if (await run_in_threadpool(open_reader, site, request)).session is None:
            raise SessionLost(request.url.path, {})
        async with request.form() as form:
            posted_ = await _own(site, request, _texts(form))
            sent = form.get(field)
            if isinstance(sent, UploadFile):
                yield WithFile(posted_, sent.filename or "", sent.file)
            else:
                yield WithFile(posted_, "", BytesIO())

    return form


async def own_form(request: Request) -> dict[str, str]:
    """Read a form's text fields; raises `ForeignForm` when the browser says that another site sent it."""
    _refuse_foreign(request)
    async with request.form() as form:
        return _texts(form)


def _refuse_foreign(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignForm("this form was sent by another site")


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def open_reader(site: Site, request: Request) -> Reader:
    secret = request.cookies.get(SESSION_COOKIE)
    with site.database.unit() as unit:
        session = _session(unit, secret) if secret else None
        if secret and session and request.method == "GET":
            request.state.turned_session = turn_session(unit, secret)
        # A fragment shows no menu.
        unread = count_unread(unit, session.actor) if session and "hx-request" not in request.headers else 0
        return Reader(site, request, session, unit.now(), unread)


def keep_session(answer: Response, site: Site, request: Request, secret: str) -> None:
    """Let the browser keep a session's secret."""
    answer.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=site.secure_cookies or request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


def opened_by_link(site: Site, request: Request, cookie: str, path: str, secret: str) -> Response:
    """Lead to the pages of a link, which alone are given its secret, in a cookie that no script reads."""
    answer = to(path)
    secure = site.secure_cookies or request.url.scheme == "https"
    answer.set_cookie(cookie, secret, path=path, secure=secure, httponly=True, samesite="strict")
    return answer


def own_path(path: str | None) -> str:
    """Give a path of this site, or `/`: what a form names as the next page may have been written by anybody."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return "/"


def _session(unit: UnitOfWork, secret: str) -> Session | None:
    try:
        return session_of(unit, secret)
    except Unauthenticated:
        return None


def zone_of(request: Request) -> ZoneInfo:
    """Give the time zone of the browser, as it has told."""
    name = request.cookies.get(ZONE_COOKIE, "").replace("%2F", "/")
    return ZoneInfo(name if name in _zones() else _DEFAULT_ZONE)


@cache
def _zones() -> frozenset[str]:
    """Give the names of all time zones: to find them is to walk through folders, a third of the time of a page."""
    return frozenset(available_timezones())
