"""The HTTP door of the ground: bearer tokens, the acting account, and the types that every router uses."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Protocol, Self

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from foundation.access import Access
from foundation.database import Database
from foundation.identity import (
    Actor,
    Role,
    actor_of_token,
    add_account,
    address_of,
    end_session,
    issue_link,
    issue_token,
    members,
    revoke_account,
)
from foundation.keys import Key, add_key, list_keys, revoke_key
from foundation.passwords import set_password, sign_in
from foundation.refusals import Conflict, Invalid, NotFound, Stale, Unauthenticated, Unconditional

NO_NUL = r"^[^\x00]*$"
ActorDependency = Callable[..., Actor]
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Repeat with the same key: done once."),
]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="The `ETag` of what was read; another's edit is not undone."),
]

Named = Annotated[str, Path(min_length=1, max_length=200)]  # an id in a path
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Throttle(Protocol):
    """Counts what is asked, and raises `TooMany`."""

    def sign_in(self, request: Request, address: str) -> None: ...

    def show_oneself(self, request: Request, database: Database, actor: Actor) -> None: ...

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


class NewPassword(Body):
    password: str = Field(max_length=1024, description="At least 10 characters, and not the e-mail address")
    current: str | None = Field(default=None, max_length=1024, description="An account without one: sign in afresh")


class KeyWish(Body):
    name: str = Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["fleet system"])
    scopes: list[str] = Field(min_length=1, max_length=100, examples=[["read"], ["cases.read", "desk.book"]])


class KeyView(BaseModel):
    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, key: Key) -> Self:
        return cls.model_validate({**asdict(key), "scopes": list(key.scopes)})


class NewKeyView(KeyView):
    secret: str = Field(description="Used as a bearer token; only its digest is kept")


class KeysView(BaseModel):
    items: list[KeyView]


class Invitation(Body):
    email: str = Field(max_length=320, pattern=NO_NUL, examples=["li.wei@example.com"])
    role: Role
    name: str = Field(default="", max_length=200, pattern=NO_NUL)


class AccountView(BaseModel):
    id: str
    email: str
    name: str
    role: Role


class InvitedView(AccountView):
    link: str = Field(description="Put the address of this house before it; the secret stands behind the #")


class AccountsView(BaseModel):
    items: list[AccountView]


_REFUSED: dict[str, Any] = {"content": {"application/problem+json": {}}, "description": "Refused"}
_bearer = HTTPBearer(auto_error=False, description="A token from `forecourt account add` or POST /v1/tokens")
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]  # of a route that has an actor already


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


def router(
    database: Database,
    throttle: Throttle | None = None,
    current_actor: ActorDependency | None = None,
    scopes: frozenset[str] = frozenset(),
) -> APIRouter:
    """Give the routes of identity: tokens and, with the acting account's dependency, what is done with them."""
    routes = APIRouter(prefix="/v1", tags=["identity"])
    actor = current_actor or bearer_actor(database, throttle)
    _add_tokens(routes, database, throttle, actor)
    _add_keys(routes, database, actor, scopes)
    _add_accounts(routes, database, actor)
    return routes


def _add_tokens(routes: APIRouter, database: Database, throttle: Throttle | None, current: ActorDependency) -> None:
    @routes.post(
        "/tokens",
        status_code=201,
        responses=problem_responses(401, 422, 429),
        summary="Exchange e-mail and password for a bearer token of 30 days",
    )
    def create_token(body: SignIn, request: Request) -> Token:
        if throttle is not None:
            throttle.sign_in(request, body.email)
        actor, token = sign_in(database, body.email, body.password, issue_token)
        return Token(token=token, role=actor.role.value, organisation=actor.organisation)

    @routes.delete(
        "/tokens/current",
        dependencies=[Depends(current)],
        status_code=204,
        responses=problem_responses(401, 403),
        summary="End the token that asks",
    )
    def end_token(given: Bearer) -> None:
        with database.unit() as unit:
            end_session(unit, given.credentials)

    @routes.post(
        "/me/password",
        status_code=204,
        responses=problem_responses(401, 403, 409, 422),
        summary="Set a password: the one before is asked for or, without one, a fresh sign-in; other sign-ins end",
    )
    def change_password(
        body: NewPassword, request: Request, actor: Annotated[Actor, Depends(current)], given: Bearer
    ) -> None:
        if throttle is not None:
            throttle.show_oneself(request, database, actor)
        set_password(database, actor, given.credentials, body.password, body.current)


def _add_keys(routes: APIRouter, database: Database, current: ActorDependency, scopes: frozenset[str]) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/keys", responses=problem_responses(401, 403), summary="Your organisation's keys for integrators")
    def keys(actor: Acting) -> KeysView:
        with database.unit() as unit:
            return KeysView(items=[KeyView.of(key) for key in list_keys(unit, actor)])

    @routes.post(
        "/keys",
        status_code=201,
        responses=problem_responses(401, 403, 422),
        summary="Make a key that reaches as far as its scopes; it is shown this once",
    )
    def make_key(body: KeyWish, actor: Acting) -> NewKeyView:
        with database.unit() as unit:
            made, secret = add_key(unit, actor, body.name, body.scopes, scopes)
        return NewKeyView(secret=secret, **KeyView.of(made).model_dump())

    @routes.delete(
        "/keys/{key}", status_code=204, responses=problem_responses(401, 403, 404), summary="End a key at once"
    )
    def end_key(key: Named, actor: Acting) -> None:
        with database.unit() as unit:
            revoke_key(unit, actor, key)


def _add_accounts(routes: APIRouter, database: Database, current: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/accounts", responses=problem_responses(401, 403), summary="The people of your organisation")
    def accounts(actor: Acting) -> AccountsView:
        with database.unit() as unit:
            people = members(unit, actor.organisation, Role)
            return AccountsView(items=[_account(one, address_of(unit, one.account)) for one in people])

    @routes.post(
        "/accounts",
        status_code=201,
        responses=problem_responses(401, 403, 409, 422),
        summary="Invite somebody: the secret of a sign-in link that works once, shown this once",
    )
    def invite(body: Invitation, actor: Acting) -> InvitedView:
        with database.unit() as unit:
            made = add_account(unit, body.email, body.role, actor.organisation, name=body.name, by=actor.account)
            link = issue_link(unit, made)
            return InvitedView(link=f"/sign-in#{link}", **_account(made, address_of(unit, made.account)).model_dump())

    @routes.delete(
        "/accounts/{account}",
        status_code=204,
        responses=problem_responses(401, 403, 404, 409),
        summary="Close an account and void all its credentials",
    )
    def close(account: Named, actor: Acting) -> None:
        with database.unit() as unit:
            if account not in {one.account for one in members(unit, actor.organisation, Role)}:
                raise NotFound(f"there is no account {account}")
            if account == actor.account:
                raise Conflict("nobody closes his own account here", why="not_own_account")
            revoke_account(unit, account, by=actor.account)


def _account(actor: Actor, email: str) -> "AccountView":
    return AccountView(id=actor.account, email=email, name=actor.name, role=actor.role)


def etag_of(version: int) -> str:
    """Give the ETag of a row that counts its versions."""
    return f'"{version}"'


def version_in(if_match: str | None) -> int | None:
    """Give the version that an edit is of; None: `*`, whatever it is now.

    Raises `Unconditional` without one, `Stale` for a tag that is none of ours.
    """
    if if_match is None:
        raise Unconditional("say in If-Match which version is edited: the ETag of what was read")
    tag = if_match.strip()
    if tag == "*":
        return None
    number = tag[1:-1]
    if not (tag == f'"{number}"' and number.isascii() and number.isdigit() and len(number) < 10):
        raise Stale("this was changed since it was read")
    return int(number)


def problem_responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Document refusals in OpenAPI: `responses=problem_responses(404, 409)`."""
    return dict.fromkeys(codes, _REFUSED)


def behind(
    after: Annotated[int, Query(ge=0, description="The number of the last event that was seen")] = 0,
    last_event_id: Annotated[str | None, Header(description="Sent by a browser that comes back")] = None,
) -> int:
    """Give the number of the event behind which a stream of one subject goes on."""
    if last_event_id is None or not last_event_id.strip():
        return after
    if not (last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) <= 18):
        raise Invalid("Last-Event-ID is the number of an event")
    return int(last_event_id)
