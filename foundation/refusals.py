"""Refusals: what a caller may not have or do, as exceptions that carry a code.

    Refusal
    ├── Unauthenticated   nobody is signed in, or the token is void
    ├── Forbidden         his own object, but his role may not do this
    ├── NotFound          it does not exist, or not for him
    ├── Invalid           the request makes no sense as it stands
    ├── TooMany           asked too often; worth asking again after some seconds
    ├── Stale             it was changed since the caller read what he edits
    ├── Unconditional     an edit that does not say which version it edits
    └── Conflict          it made sense, but the world has moved on
        ├── KeyReused         an Idempotency-Key came back with another body
        └── …                 rooms add their own: a taken slot, missing stock

`forecourt/http.py` maps codes to RFC 9457 problem documents; anything else that is raised is a fault and stays loud.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Refusal(Exception):  # noqa: N818 - a refusal is no error of ours
    """A named refusal. `detail` is one sentence for people; `extra` goes into the problem document as it is.

    `why` names the reason where a code has several: a page finds its words by it in the reader's language, and what
    they name in `told` and in `extra`. Neither goes into the problem document, which says it by its `detail`.
    """

    code = "refused"

    def __init__(self, detail: str, *, why: str = "", told: Mapping[str, Any] = _NOTHING, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.why = why
        self.told = told
        self.extra = extra


class Unauthenticated(Refusal):
    code = "unauthenticated"


class Forbidden(Refusal):
    code = "forbidden"


class NotFound(Refusal):
    code = "not_found"


class Invalid(Refusal):
    code = "invalid"


class TooMany(Refusal):
    """Asked too often. `retry_after` is in seconds, and an answer's `Retry-After`."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"this was asked too often; ask again in {retry_after} s", retry_after=retry_after)
        self.retry_after = retry_after


class Stale(Refusal):
    code = "stale"


class Unconditional(Refusal):
    code = "precondition_required"


class Conflict(Refusal):
    code = "conflict"


class KeyReused(Conflict):
    code = "idempotency_key_reused"
