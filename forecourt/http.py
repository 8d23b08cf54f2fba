"""How refusals and faults leave the house: RFC 9457 problem documents from one table."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from foundation.audit import tell
from foundation.database import Database
from foundation.identity import Actor
from foundation.refusals import Forbidden, Refusal, TooMany

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger()

STATUS: Mapping[str, HTTPStatus] = {
    # code of the refusal: status; a code that is not here is a conflict with the world as it is
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_offered": HTTPStatus.UNPROCESSABLE_ENTITY,
    "stale": HTTPStatus.PRECONDITION_FAILED,
    "precondition_required": HTTPStatus.PRECONDITION_REQUIRED,
    "too_many_requests": HTTPStatus.TOO_MANY_REQUESTS,
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "conflict": HTTPStatus.CONFLICT,
    "slot_taken": HTTPStatus.CONFLICT,
    "out_of_stock": HTTPStatus.CONFLICT,
}


def problem(status: HTTPStatus, code: str, detail: str, extra: Mapping[str, Any] | None = None) -> JSONResponse:
    document = {
        "type": f"urn:forecourt:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        **(extra or {}),
    }
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(document, status.value, headers, media_type="application/problem+json")


def _plain(errors: "Sequence[Any]") -> list[dict[str, Any]]:
    # Neither the input nor the context is echoed: they may hold a secret or an object JSON cannot write.
    return [{"where": [str(step) for step in error["loc"]], "what": error["msg"]} for error in errors]


def note_refused(database: Database, actor: Actor, method: str, path: str) -> None:
    """Tell the audit trail who asked for what his role may not have."""
    with database.unit() as unit:
        tell(unit, actor.organisation, "access_refused", actor.account, method=method, path=path[:200])


def install(app: FastAPI, database: Database | None = None) -> None:
    """Make every refusal and fault of the app answer as problem+json; with a database, refused access is told in it."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        actor: Actor | None = getattr(request.state, "actor", None)
        if database is not None and actor is not None and isinstance(refusal, Forbidden):
            await run_in_threadpool(note_refused, database, actor, request.method, request.url.path)
        status = STATUS.get(refusal.code, HTTPStatus.CONFLICT)
        answer = problem(status, refusal.code, refusal.detail, refusal.extra)
        if isinstance(refusal, TooMany):
            answer.headers["Retry-After"] = str(refusal.retry_after)
        return answer

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        extra = {"errors": _plain(error.errors())}
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "the request does not fit its schema", extra)

    @app.exception_handler(DataError)
    async def unstorable(_: Request, error: DataError) -> JSONResponse:
        # Such as a NUL character in a text: PostgreSQL cannot hold it, and nothing was stored.
        log.info("unstorable", kind=type(error.orig).__name__)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "a value in the request cannot be stored")

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        answer = problem(status, status.name.lower(), str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        route = getattr(request.scope.get("route"), "path", "")  # not the path: people write what they like in it
        log.error("fault", route=route, kind=type(error).__name__, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "something broke on our side; it has been logged")
