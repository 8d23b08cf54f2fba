"""The HTTP door of payments: how one of yours stands, and where providers tell what happened."""

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from foundation.database import Database
from foundation.http import ActorDependency, IdempotencyKey, MoneyView, Named, problem_responses
from foundation.idempotency import once
from foundation.identity import Actor
from foundation.refusals import Invalid, NotFound
from parts_catalog.payments.accepting import accept
from parts_catalog.payments.payment import Payables
from parts_catalog.payments.port import BadCallback
from parts_catalog.payments.providers import Providers
from parts_catalog.payments.refused import ask_again, refused
from parts_catalog.payments.starting import find, refunds_of
from parts_catalog.payments.states import Verdict
from parts_catalog.payments.views import show, show_refund

MOST_BYTES = 64 * 1024
log = structlog.get_logger()


class HowToPay(BaseModel):
    url: str | None = Field(description="The page at which it is paid; one that begins with / is of this house")
    code: str | None = Field(description="What a QR code says that the provider's own app reads")


class PayableView(BaseModel):
    kind: str = Field(examples=["order"])
    id: str


class RefundView(BaseModel):
    id: str
    amount: MoneyView
    state: str
    en: str
    zh: str
    reason: str
    asked_at: datetime
    ended_at: datetime | None


class RefusedView(RefundView):
    payment: str
    payable: PayableView
    provider: str
    why: str = Field(description="In one word, the provider's own where we have none", examples=["not_enough"])
    why_en: str
    why_zh: str


class Refused(BaseModel):
    items: list[RefusedView]


class PaymentView(BaseModel):
    id: str
    payable: PayableView
    provider: str
    amount: MoneyView
    state: str
    en: str
    zh: str
    refunded: MoneyView = Field(description="What went back, and what was asked back")
    due_at: datetime
    paid_at: datetime | None
    pay: HowToPay | None = Field(description="While it waits to be paid; null: the provider is still being asked")
    refunds: list[RefundView]


async def _raw_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Invalid(f"the body is longer than {MOST_BYTES} bytes")
    return body


def router(database: Database, current_actor: ActorDependency, providers: Providers, payables: Payables) -> APIRouter:
    """Give the routes of one's own payments, and of refunds that were refused."""
    routes = APIRouter(prefix="/v1", tags=["payments"])

    @routes.get(
        "/payments/{payment}",
        summary="How a payment of yours stands, and how it is paid",
        responses=problem_responses(401, 404),
        response_model=PaymentView,
    )
    def one_payment(actor: Annotated[Actor, Depends(current_actor)], payment: Named) -> dict[str, Any]:
        with database.unit() as unit:
            found = find(unit, actor, payment)
            return show(found, refunds_of(unit, found), providers)

    @routes.get(
        "/refunds",
        summary="Refunds that your house answers for and that were refused, or of which nothing was heard in the end",
        responses=problem_responses(401, 403),
    )
    def refused_refunds(actor: Annotated[Actor, Depends(current_actor)]) -> Refused:
        with database.unit() as unit:
            return Refused(items=[RefusedView.model_validate(it.shown()) for it in refused(unit, actor, payables)])

    @routes.post(
        "/refunds/{refund}/again",
        summary="Ask for a refund again that was refused; one that is being asked for stays as it is",
        responses=problem_responses(401, 403, 404, 409, 422),
    )
    def once_more(
        actor: Annotated[Actor, Depends(current_actor)], refund: Named, key: IdempotencyKey = None
    ) -> RefundView:
        with database.unit() as unit:

            def act() -> dict[str, Any]:
                found = RefundView.model_validate(show_refund(ask_again(unit, actor, payables, refund)))
                return found.model_dump(mode="json")

            return RefundView.model_validate(once(unit, actor, f"refunds/{refund}/again", key, {}, act))

    return routes


def callbacks(database: Database, providers: Providers, payables: Payables) -> APIRouter:
    """Give the route that providers call, which needs nobody signed in: the notice's signature is what counts."""
    routes = APIRouter(prefix="/v1", tags=["payments"])
    answered: dict[int | str, dict[str, Any]] = {
        400: {"description": "Refused: nobody vouches for it, or it does not fit the payment"},
        409: {"description": "Too early: to be sent again"},
    }
    if any(it.answer(Verdict.ACTED).status == 200 for it in providers.values()):
        answered[200] = {"description": "Alipay is told by the words `success` and `fail`"}

    @routes.post(
        "/payments/callbacks/{provider}",
        summary="What a payment provider tells; answered in its own words",
        status_code=204,
        response_class=Response,
        responses=answered | problem_responses(404, 422),
    )
    def take_notice(provider: Named, request: Request, body: Annotated[bytes, Depends(_raw_body)]) -> Response:
        if (by := providers.get(provider)) is None:
            raise NotFound(f"there is no payment provider {provider} here")
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            notice = by.read_callback(headers, body, database.clock.now())
        except BadCallback as bad:
            verdict = bad.verdict
        else:
            with database.unit() as unit:
                verdict = accept(unit, payables, by.name, notice)
        log.info("payment_notice", provider=by.name, verdict=verdict.value)
        answer = by.answer(verdict)
        return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)

    return routes
