"""The HTTP door to webhooks: addresses, their secrets, the log of what was sent, and sending again."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from forecourt.webhooks.collecting import replay_one, replay_since
from forecourt.webhooks.delivery_log import list_deliveries
from forecourt.webhooks.endpoints import (
    Endpoint,
    add_endpoint,
    change_endpoint,
    get_endpoint,
    list_endpoints,
    remove_endpoint,
)
from forecourt.webhooks.secret_changes import change_secret, end_old_secrets, old_until
from foundation.clock import SystemClock
from foundation.database import Database, UnitOfWork
from foundation.http import ActorDependency, Body, Named, problem_responses
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT

Kinds = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        max_length=100,
        examples=[["repair_order", "case.case_opened"]],
        description="`vehicle`, `case`, `repair_order`, `order`, or one of them with a dot and a kind; none: all",
    ),
]
Url = Annotated[str, Field(max_length=2000, examples=["https://fleet.example/hooks/forecourt"])]


class WebhookWish(Body):
    url: Url
    kinds: Kinds = Field(default=[])


class WebhookChange(Body):
    url: Url | None = None
    kinds: Kinds | None = None
    active: bool | None = Field(default=None, description="False: paused; true: on again, from where it stood")


class SecretWish(Body):
    keep_old: bool = Field(
        default=True,
        description="True: what signed until now signs, too, for 24 hours; false: it has leaked, and ends at once",
    )


class WebhookView(BaseModel):
    id: str
    url: str
    kinds: list[str]
    state: str = Field(description="`active`, `paused`, or `disabled` by us: then `why` is `failing` or `gone`")
    why: str | None
    failing_since: datetime | None
    created_at: datetime
    old_secret_until: datetime | None = Field(
        description="The secret was changed: until then what signed before signs, too, in the same header"
    )

    @classmethod
    def of(cls, endpoint: Endpoint, old_until: datetime | None = None) -> Self:
        told = {**asdict(endpoint), "kinds": list(endpoint.kinds), "old_secret_until": old_until}
        return cls.model_validate(told)


class NewWebhookView(WebhookView):
    secret: str = Field(description="Verify `webhook-signature` with it, as Standard Webhooks says; shown this once")


class WebhooksView(BaseModel):
    items: list[WebhookView]


class AttemptView(BaseModel):
    number: int
    at: datetime
    took_ms: int
    status: int | None = Field(description="What the receiver answered")
    error: str | None = Field(
        description="Why it did not: `no_address`, `private_address`, `unreachable`, `tls`, `timeout`, `broken_off`"
    )


class DeliveryView(BaseModel):
    id: int
    message: str = Field(description="The `webhook-id`: the same for every attempt and replay of an event")
    type: str
    subject: str
    number: int
    state: str = Field(description="`waiting`, `delivered`, `given_up`, or `withdrawn`: not to be seen any more")
    replay_of: int | None
    due_at: datetime | None
    ended_at: datetime | None
    attempts: list[AttemptView]


class DeliveriesView(BaseModel):
    items: list[DeliveryView]
    next: str | None


class ReplayWish(Body):
    since: AwareDatetime | None = Field(default=None, description="Everything from the first event of this instant on")
    delivery: int | None = Field(default=None, ge=1, lt=2**63, description="Or one delivery")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.since is None) == (self.delivery is None):
            raise ValueError("say since when, or which delivery")
        return self


class ReplayView(BaseModel):
    begun: bool = Field(description="False: nothing has happened since")


def router(database: Database, current_actor: ActorDependency, *, private: bool) -> APIRouter:
    """Give the routes of webhooks; `private`: they may go to private addresses."""
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    _addresses(routes, database, current_actor, private=private)
    _secrets(routes, database, current_actor)
    _sent(routes, database, current_actor)
    return routes


def _addresses(routes: APIRouter, database: Database, current_actor: ActorDependency, *, private: bool) -> None:
    Acting = Annotated[Actor, Depends(current_actor)]  # noqa: N806 - a type

    @routes.get("", responses=problem_responses(401, 403), summary="Your organisation's webhooks")
    def webhooks(actor: Acting) -> WebhooksView:
        with database.unit() as unit:
            until = old_until(unit, actor, SystemClock())
            return WebhooksView(items=[WebhookView.of(one, until.get(one.id)) for one in list_endpoints(unit, actor)])

    @routes.post(
        "",
        status_code=201,
        responses=problem_responses(401, 403, 409, 422),
        summary="Name an address to which what happens is sent, signed; its secret is shown this once",
    )
    def add(actor: Acting, body: WebhookWish) -> NewWebhookView:
        with database.unit() as unit:
            made, secret = add_endpoint(unit, actor, body.url, body.kinds, private=private)
        return NewWebhookView(secret=secret, **WebhookView.of(made).model_dump())

    @routes.get("/{webhook}", responses=problem_responses(401, 403, 404), summary="One webhook")
    def show(actor: Acting, webhook: Named) -> WebhookView:
        with database.unit() as unit:
            return _seen(unit, actor, get_endpoint(unit, actor, webhook))

    @routes.patch(
        "/{webhook}", responses=problem_responses(401, 403, 404, 422), summary="Change, pause, or switch on again"
    )
    def change(actor: Acting, webhook: Named, body: WebhookChange) -> WebhookView:
        with database.unit() as unit:
            changed = change_endpoint(unit, actor, webhook, **body.model_dump(), private=private)
            return _seen(unit, actor, changed)

    @routes.delete(
        "/{webhook}", status_code=204, responses=problem_responses(401, 403, 404), summary="Take a webhook away"
    )
    def remove(actor: Acting, webhook: Named) -> None:
        with database.unit() as unit:
            remove_endpoint(unit, actor, webhook)


def _secrets(routes: APIRouter, database: Database, current_actor: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current_actor)]  # noqa: N806 - a type

    @routes.post(
        "/{webhook}/secret",
        status_code=201,
        responses=problem_responses(401, 403, 404, 409, 422),
        summary="Give a webhook a new secret, shown this once; for a day both it and the one before sign",
    )
    def change_one(actor: Acting, webhook: Named, body: SecretWish | None = None) -> NewWebhookView:
        keep_old = (body or SecretWish()).keep_old
        with database.unit() as unit:
            changed, secret = change_secret(unit, actor, webhook, SystemClock(), keep_old=keep_old)
            return NewWebhookView(secret=secret, **_seen(unit, actor, changed).model_dump())

    @routes.delete(
        "/{webhook}/old-secrets",
        status_code=204,
        responses=problem_responses(401, 403, 404),
        summary="Let the secret that was given last alone sign from now on",
    )
    def end_old(actor: Acting, webhook: Named) -> None:
        with database.unit() as unit:
            end_old_secrets(unit, actor, webhook)


def _seen(unit: UnitOfWork, actor: Actor, endpoint: Endpoint) -> WebhookView:
    return WebhookView.of(endpoint, old_until(unit, actor, SystemClock()).get(endpoint.id))


def _sent(routes: APIRouter, database: Database, current_actor: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/{webhook}/deliveries",
        responses=problem_responses(401, 403, 404, 422),
        summary="What was sent or waits, the newest first, with every attempt: when, how long, what was answered",
    )
    def deliveries(
        actor: Acting,
        webhook: Named,
        limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> DeliveriesView:
        with database.unit() as unit:
            page = list_deliveries(unit, actor, webhook, limit, cursor)
            return DeliveriesView.model_validate({"items": page.items, "next": page.next})

    @routes.post(
        "/{webhook}/replays",
        status_code=202,
        responses=problem_responses(401, 403, 404, 422),
        summary="Send again: everything since an instant, or one delivery",
    )
    def replay(actor: Acting, webhook: Named, body: ReplayWish) -> ReplayView:
        with database.unit() as unit:
            if body.delivery is not None:
                replay_one(unit, actor, webhook, body.delivery, SystemClock())
                return ReplayView(begun=True)
            return ReplayView(begun=body.since is not None and replay_since(unit, actor, webhook, body.since))
