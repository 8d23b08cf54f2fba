"""The HTTP door of the ground: bearer tokens, the acting account, and the types that every router uses."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from foundation.access import Access
from foundation.database import Database
from foundation.identity import Actor, actor_of_token, issue_token, note_failed_sign_in, sign_in
from foundation.refusals import Unauthenticated

ActorDependency = Callable[..., Actor]
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Repeat with the same key: done once."),
]


READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Throttle(Protocol):
    """Counts what is asked, and raises `TooMany`."""

    def sign_in(self, request: Request, address: str) -> None: ...

    def write(self, account: str) -> None: ...


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class MoneyView(BaseModel):
    amount: int = Field(examples=[12345], description="Minor units")
    currency: str = Field(examples=["CNY"], description="ISO 4217")


class SignIn(Body):
    email: str = Field(examples=["li.wei@example.com"], max_length=320)
    password: str = Field(max_length=1024)


class Token(BaseModel):
    token: str
    token_type: str = "bearer"  # noqa: S105 - the OAuth name of the kind, not a secret
    role: str
    organisation: str


_REFUSED: dict[str, Any] = {"content": {"application/problem+json": {}}, "description": "Refused"}
_bearer = HTTPBearer(auto_error=False, description="A token from `forecourt account add` or POST /v1/tokens")


def bearer_actor(database: Database, throttle: Throttle | None = None, access: Access | None = None) -> ActorDependency:
    """Give the dependency that turns the Authorization header into an actor, or refuses.

    With the table of access it also refuses, before any query, what the role may do in no relation.
    """

    def current_actor(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Actor:
        if credentials is None:
            raise Unauthenticated("this needs a bearer token")
        with database.unit() as unit:
            actor = actor_of_token(unit, credentials.credentials)
        if throttle is not None and request.method not in READS:
            throttle.write(actor.account)
        request.state.actor = actor  # for the audit trail, should he be refused
        if access is not None:
            access.check(actor, request.method, route_of(request))
        return actor

    return current_actor


def route_of(request: Request) -> str:
    """Give the path of the route that was reached, with its parameters' names: the key of the table of access."""
    return str(request.scope["route"].path)


def router(database: Database, throttle: Throttle | None = None) -> APIRouter:
    """Give the routes of identity."""
    routes = APIRouter(prefix="/v1", tags=["identity"])

    @routes.post(
        "/tokens",
        status_code=201,
        responses=problem_responses(401, 422, 429),
        summary="Exchange e-mail and password for a bearer token",
    )
    def create_token(body: SignIn, request: Request) -> Token:
        if throttle is not None:
            throttle.sign_in(request, body.email)
        try:
            with database.unit() as unit:
                actor = sign_in(unit, body.email, body.password)
                token = issue_token(unit, actor)
        except Unauthenticated:
            with database.unit() as unit:
                note_failed_sign_in(unit, body.email)
            raise
        return Token(token=token, role=actor.role.value, organisation=actor.organisation)

    return routes


def problem_responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Document refusals in OpenAPI: `responses=problem_responses(404, 409)`."""
    return dict.fromkeys(codes, _REFUSED)
