"""How often one may ask: sign-ins per address and client, writes per account, and requests that nobody vouches for.

Moving windows in the memory of this process, by the machine's clock and not by business time. That is enough because
one installation has one API process; a second one would count for itself.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from forecourt.http import problem
from forecourt.settings import Settings
from foundation.database import Database
from foundation.identity import Actor, address_digest, address_of, digest_of, find_credential
from foundation.refusals import TooMany, Unauthenticated

SIGN_IN_MINUTES = 15
UNCOUNTED = ("/health/", "/static/")  # asked for by supervisors, and by every page
GUESSED = ("/track", "/approve")  # what begins so carries a secret that nothing else of the request vouches for
SESSION_COOKIE = "forecourt_session"  # as in pages/readers.py, which stands above this file
VOUCHED_S = 60.0  # for so long a credential that was found valid is not looked up again; its route does that anyway
MOST_VOUCHED = 10_000
TOKENS = ("bearer", "key", "tracking_link", "approval_link")


class Shown(NamedTuple):
    """What a request shows to be let in, and the kinds of credential that it could be."""

    secret: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in so many minutes; 0 is without limit."""

    name: str
    most: int
    minutes: int = 1


class RateLimits:
    """Counts, and refuses with `TooMany` and the seconds after which it is worth to ask again."""

    def __init__(self, settings: Settings) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._address = Limit("sign_in_address", settings.limit_sign_ins_address, SIGN_IN_MINUTES)
        self._client = Limit("sign_in_client", settings.limit_sign_ins_client, SIGN_IN_MINUTES)
        self._writes = Limit("write", settings.limit_writes)
        self._anonymous = Limit("anonymous", settings.limit_anonymous)

    def sign_in(self, request: Request, address: str) -> None:
        """Count an attempt to show a password, whether or not there is such an address."""
        self._count(self._client, client_of(request.scope))
        self._count(self._address, address_digest(address))

    def show_oneself(self, request: Request, database: Database, actor: Actor) -> None:
        """Count an attempt of somebody signed in to show his password once more."""
        with database.unit() as unit:
            address = address_of(unit, actor.account)
        self.sign_in(request, address)

    def link(self, request: Request) -> None:
        """Count an attempt to sign in by a link, with the passwords that its client tries."""
        self._count(self._client, client_of(request.scope))

    def write(self, account: str) -> None:
        self._count(self._writes, account)

    def anonymous(self, client: str) -> None:
        self._count(self._anonymous, client)

    def _count(self, limit: Limit, who: str) -> None:
        if limit.most == 0:
            return
        window = RateLimitItemPerMinute(limit.most, limit.minutes, namespace=limit.name)
        if not self._windows.hit(window, who):
            ends = self._windows.get_window_stats(window, who).reset_time
            raise TooMany(max(1, round(ends - time.time() + 0.5)))


class KnownCredentials:
    """Whether credentials are valid, asked of the database at most once in a while for each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._until: dict[Shown, float] = {}  # with the digest in the place of the secret

    async def vouch(self, shown: Sequence[Shown]) -> bool:
        """Whether there is a credential and all that are shown are valid."""
        now = time.monotonic()
        asked = [one for one in shown if self._until.get(_digested(one), 0.0) <= now]
        if asked and not await run_in_threadpool(self._find, asked):
            return False
        if len(self._until) > MOST_VOUCHED:
            self._until.clear()
        self._until |= {_digested(one): now + VOUCHED_S for one in asked}
        return bool(shown)

    def _find(self, asked: Sequence[Shown]) -> bool:
        try:
            with self._database.unit() as unit:
                for one in asked:
                    find_credential(unit, one.secret, *one.kinds)
        except Unauthenticated:
            return False
        return True


class AnonymousLimit:
    """The layer before all routes that counts by client every request but those whose every credential is valid.

    What carries a secret of its own, in its form or in a cookie of its pages, is counted in any case.
    """

    def __init__(self, app: ASGIApp, limits: RateLimits, database: Database) -> None:
        self._app = app
        self._limits = limits
        self._known = KnownCredentials(database)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = scope["type"] == "http" and not scope["path"].startswith(UNCOUNTED)
        if counted and (scope["path"].startswith(GUESSED) or not await self._known.vouch(credentials_of(scope))):
            try:
                self._limits.anonymous(client_of(scope))
            except TooMany as refusal:
                answer = problem(HTTPStatus.TOO_MANY_REQUESTS, refusal.code, refusal.detail, refusal.extra)
                answer.headers["Retry-After"] = str(refusal.retry_after)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _digested(one: Shown) -> Shown:
    return Shown(digest_of(one.secret), one.kinds)


def client_of(scope: Scope) -> str:
    """Give the address of the client; a proxy's word for it was taken before, if the proxy is one of ours."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def credentials_of(scope: Scope) -> list[Shown]:
    """Give what a request shows to be let in: the content of its Authorization header, and its session."""
    request = Request(scope)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    shown = [Shown(bearer if scheme.lower() == "bearer" else "", TOKENS)] if scheme else []
    session = request.cookies.get(SESSION_COOKIE)
    return shown if session is None else [*shown, Shown(session, ("session",))]
