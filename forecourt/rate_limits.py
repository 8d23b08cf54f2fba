"""How often one may ask: sign-ins per address and client, writes per account, and requests of nobody in particular.

Moving windows in the memory of this process, by the machine's clock and not by business time. That is enough because
one installation has one API process; a second one would count for itself.
"""

import time
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from forecourt.http import problem
from forecourt.settings import Settings
from foundation.identity import address_digest
from foundation.refusals import TooMany

SIGN_IN_MINUTES = 15
UNCOUNTED = ("/health/", "/static/")  # asked for by supervisors, and by every page
_SESSION_COOKIE = "forecourt_session="


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


class AnonymousLimit:
    """The layer before all routes that counts requests without any credential, by client."""

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(UNCOUNTED) and not _has_credential(scope):
            try:
                self._limits.anonymous(client_of(scope))
            except TooMany as refusal:
                answer = problem(HTTPStatus.TOO_MANY_REQUESTS, refusal.code, refusal.detail, refusal.extra)
                answer.headers["Retry-After"] = str(refusal.retry_after)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def client_of(scope: Scope) -> str:
    """Give the address of the client; a proxy's word for it was taken before, if the proxy is one of ours."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _has_credential(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "authorization" in headers or _SESSION_COOKIE in headers.get("cookie", "")
