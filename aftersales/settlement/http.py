"""The HTTP door of settlement: sheets, their signature and correction, payment, release, and the repair record."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from aftersales.repair.decisions import Heard, Way
from aftersales.routes import REFUSED_GET, REFUSED_POST, Asked, Desk, Key, Listing, View
from aftersales.settlement.accounts import end_account, list_accounts, put_on_account
from aftersales.settlement.bodies import (
    Correction,
    GivenBack,
    NewAccount,
    OldParts,
    OwnParts,
    PaymentWish,
    RecordMended,
    SettlementWish,
    Signed,
    Taking,
)
from aftersales.settlement.choices import choose_old_parts, note_customer_parts, sign
from aftersales.settlement.correcting import correct
from aftersales.settlement.counter import give_back, take
from aftersales.settlement.paying import pay
from aftersales.settlement.records import mend, show_record
from aftersales.settlement.releasing import release
from aftersales.settlement.settling import settle
from aftersales.settlement.sheets import list_sheets, sheet
from aftersales.views import get_repair_order
from foundation.database import UnitOfWork
from foundation.http import IdempotencyKey, problem_responses
from foundation.identity import Actor
from parts_catalog.payments import Payment, offered, refunds_of, show

PATH = "/repair-orders/{order}"
ACCOUNTS = "/workshops/{workshop}/accounts"
REFUSED_OWN = problem_responses(401, 403, 404, 422)


def add_settlement(routes: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    for add in (_choices, _sheets, _corrections, _paying, _counter, _record, _accounts):
        add(routes, desk)


def _choices(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.put(f"{PATH}/customer-parts", responses=REFUSED_POST, summary="Note the parts that the customer brought")
    def brought(actor: Acting, order: Key, body: OwnParts) -> View:
        with desk.database.unit() as unit:
            note_customer_parts(unit, actor, order, [(one.name, one.quantity) for one in body.parts])
            return get_repair_order(unit, actor, order)

    @routes.post(f"{PATH}/old-parts", responses=REFUSED_POST, summary="Say whether old parts are to be given back")
    def old_parts(actor: Acting, order: Key, body: OldParts, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            choose_old_parts(unit, actor, order, give_back=body.give_back)
            return get_repair_order(unit, actor, order)

        return desk.act(actor, Asked(f"repair-orders/{order}/old-parts", key, body), act)


def _sheets(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/settlement", responses=REFUSED_GET, summary="The settlement sheet in its six groups")
    def settlement(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return sheet(unit, actor, order)

    @routes.get(f"{PATH}/settlement/sheets", responses=REFUSED_GET, summary="Every sheet, also those corrected since")
    def sheets(actor: Acting, order: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=list_sheets(unit, actor, order))

    @routes.post(
        f"{PATH}/settlement",
        status_code=201,
        responses=REFUSED_POST,
        summary="Settle completed work, or the inspection fee of a declined order",
    )
    def settle_order(actor: Acting, order: Key, body: SettlementWish | None = None, key: IdempotencyKey = None) -> View:
        wish = body or SettlementWish()
        asked = Asked(f"repair-orders/{order}/settlement", key, body)
        return desk.act(actor, asked, lambda unit: settle(unit, actor, order, wish.return_old_parts, wish.plate))


def _corrections(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/settlement/signature",
        status_code=201,
        responses=REFUSED_POST,
        summary="Sign the sheet, or take down who signed it at the counter",
    )
    def signed(
        request: Request, actor: Acting, order: Key, body: Signed | None = None, key: IdempotencyKey = None
    ) -> View:
        said = body or Signed()
        counter = said.given_by is not None
        # Over the counter it is the desk's own machine that is asked from, which says nothing of the customer.
        address = request.client.host if request.client is not None and not counter else None
        heard = Heard(Way.COUNTER if counter else Way.APP, address, said.given_by, said.signature)

        def act(unit: UnitOfWork) -> View:
            sign(unit, actor, order, heard)
            return sheet(unit, actor, order)

        return desk.act(actor, Asked(f"repair-orders/{order}/settlement/signature", key, body), act)

    @routes.post(
        f"{PATH}/settlement/corrections",
        status_code=201,
        responses=REFUSED_POST,
        summary="Append a sheet on which lines cost less; what was paid too much goes back",
    )
    def corrected(actor: Acting, order: Key, body: Correction, key: IdempotencyKey = None) -> View:
        nets = {one.line: one.net for one in body.lines}
        asked = Asked(f"repair-orders/{order}/settlement/corrections", key, body)
        return desk.act(actor, asked, lambda unit: correct(unit, actor, order, nets, body.reason))


def _paying(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/payments",
        status_code=201,
        responses=REFUSED_POST,
        summary="Begin to pay the bill; `pay` says how, or GET /v1/payments/{payment} once the provider was asked",
    )
    def begin(actor: Acting, order: Key, body: PaymentWish, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            offered(desk.providers, body.provider)
            return _shown(unit, pay(unit, actor, order, body.provider))

        return desk.act(actor, Asked(f"repair-orders/{order}/payments", key, body), act)

    @routes.post(f"{PATH}/release", status_code=201, responses=REFUSED_POST, summary="Hand the car over")
    def hand_over(actor: Acting, order: Key, key: IdempotencyKey = None) -> View:
        asked = Asked(f"repair-orders/{order}/release", key)
        return desk.act(actor, asked, lambda unit: release(unit, actor, order))

    def _shown(unit: UnitOfWork, payment: Payment) -> View:
        view = show(payment, refunds_of(unit, payment), desk.providers)
        return {name: _written(value) for name, value in view.items()}


def _counter(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.post(
        f"{PATH}/takings",
        status_code=201,
        responses=REFUSED_POST,
        summary="Write down cash or a card payment that was taken at the counter: all that is owed, or a part",
    )
    def taken(actor: Acting, order: Key, body: Taking, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            take(unit, actor, order, body.way, body.amount, body.receipt)
            return get_repair_order(unit, actor, order)

        return desk.act(actor, Asked(f"repair-orders/{order}/takings", key, body), act)

    @routes.post(
        f"{PATH}/takings/{{taking}}/back",
        status_code=201,
        responses=REFUSED_POST,
        summary="Write down what was given back of it at the counter",
    )
    def given_back(actor: Acting, order: Key, taking: Key, body: GivenBack, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            give_back(unit, actor, order, taking, body.amount, body.receipt)
            return get_repair_order(unit, actor, order)

        return desk.act(actor, Asked(f"repair-orders/{order}/takings/{taking}/back", key, body), act)


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _record(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(f"{PATH}/record", responses=REFUSED_OWN, summary="How the electronic repair record stands")
    def record(actor: Acting, order: Key) -> View:
        with desk.database.unit() as unit:
            return show_record(unit, actor, order)

    @routes.post(f"{PATH}/record", responses=REFUSED_POST, summary="Say what the record lacks; or send it once more")
    def mended(actor: Acting, order: Key, body: RecordMended | None = None, key: IdempotencyKey = None) -> View:
        said = body or RecordMended()
        asked = Asked(f"repair-orders/{order}/record", key, body)
        return desk.act(actor, asked, lambda unit: mend(unit, actor, order, said.plate, said.vin))


def _accounts(routes: APIRouter, desk: Desk) -> None:
    Acting = Annotated[Actor, Depends(desk.current_actor)]  # noqa: N806 - a type

    @routes.get(ACCOUNTS, responses=REFUSED_OWN, summary="Customers whose cars go before they are paid for")
    def accounts(actor: Acting, workshop: Key) -> Listing:
        with desk.database.unit() as unit:
            return Listing(items=list_accounts(unit, actor, workshop))

    @routes.post(ACCOUNTS, status_code=201, responses=REFUSED_OWN, summary="Let a customer pay later from now on")
    def agree(actor: Acting, workshop: Key, body: NewAccount, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> View:
            put_on_account(unit, actor, workshop, body.customer)
            return {"items": list_accounts(unit, actor, workshop)}

        return desk.act(actor, Asked(f"workshops/{workshop}/accounts", key, body), act)

    @routes.delete(
        f"{ACCOUNTS}/{{customer}}", responses=REFUSED_OWN, summary="Hand his cars over against payment again"
    )
    def end(actor: Acting, workshop: Key, customer: Key) -> Listing:
        with desk.database.unit() as unit:
            end_account(unit, actor, workshop, customer)
            return Listing(items=list_accounts(unit, actor, workshop))
