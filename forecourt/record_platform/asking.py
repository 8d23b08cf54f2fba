"""Asking a platform: one JSON document there, one back; whatever else happens is folded into the port's two errors."""

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from forecourt.record_platform.port import NoAnswerError, NotTakenError

TIMEOUT_S = 20.0  # for a whole answer, however slowly it comes
MOST_BYTES = 256 * 1024
_LATER = frozenset({408, 425, 429})


def ask(
    url: str, document: Mapping[str, Any], timeout_s: float = TIMEOUT_S, media_type: str = "application/json"
) -> dict[str, Any]:
    """Post a document and give the object that is answered."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Content-Type": f"{media_type}; charset=utf-8", "Accept": "application/json"}
    try:
        with (
            httpx2.Client(trust_env=False, follow_redirects=False, timeout=timeout_s) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            status, content = answer.status_code, _read(answer, time.monotonic() + timeout_s)
    except httpx2.TimeoutException as error:
        raise NoAnswerError("timeout") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NoAnswerError("unreachable") from error
    if status >= 500 or status in _LATER:
        raise NoAnswerError(f"http_{status}")
    if not 200 <= status < 300:
        raise NotTakenError(f"http_{status}")
    return _object(content)


def _read(answer: httpx2.Response, until: float) -> bytes:
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise NoAnswerError("too_long")
        if time.monotonic() > until:
            raise NoAnswerError("timeout")
    return bytes(content)


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NoAnswerError("no_json") from error
    if not isinstance(told, dict):
        raise NoAnswerError("no_json")
    return told
