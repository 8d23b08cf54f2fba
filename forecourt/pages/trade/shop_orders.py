"""Orders of parts as their buyer follows them: paid, under way and delivered as it happens, sent back, and reviewed."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from aftersales.scope import case_is_declined
from forecourt.http import STATUS
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade.part import shelves
from forecourt.pages.trade.regions import REGIONS
from forecourt.pages.waiting_payment import shown_waiting
from foundation.database import UnitOfWork
from foundation.events import end_of_log, read
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT
from foundation.refusals import Conflict, Invalid, Refusal
from parts_catalog import payments
from parts_catalog.part_reviews import own_reviews, review_part
from parts_catalog.payments.providers import KINDS, offered
from parts_catalog.payments.sandbox import NAME as SANDBOX
from parts_catalog.returns.asking import Wanted, ask
from parts_catalog.returns.judging import take_step
from parts_catalog.returns.states import LABELS, ReturnReason
from parts_catalog.returns.views import list_returns, return_view, returnable_view
from parts_catalog.shop import bought, orders, views
from parts_catalog.shop.states import AHEAD, OrderState, ShipmentState

PIECES = "pieces_"  # before a line's number in the form of a return


def router(site: Site) -> APIRouter:
    """Give the routes of orders."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    _reading(routes, site)
    _deciding(routes, site)
    _returning(routes, site)
    return routes


def _reading(routes: APIRouter, site: Site) -> None:
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type

    @routes.get("/orders")
    def all_orders(reader: Somebody, cursor: Annotated[str | None, Query(max_length=1000)] = None) -> Response:
        with reader.unit() as unit:
            page = views.list_orders(unit, reader.actor, state=None, limit=DEFAULT_LIMIT, cursor=cursor or None)
            return reader.page("shop/orders.html", orders=page.items, next=page.next)

    @routes.get("/orders/{order_id}")
    def one_order(order_id: str, reader: Somebody, done: str = "") -> Response:
        with reader.unit() as unit:
            cursor = end_of_log(unit)
            return reader.page("shop/order.html", cursor=cursor, done=done, **_order(unit, reader, order_id))

    @routes.get("/orders/{order_id}/now")
    def order_now(order_id: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            return reader.page("shop/order_now.html", **_order(unit, reader, order_id))


def _deciding(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.post("/orders/{order_id}/payments")
    def pay_again(order_id: str, form: Form) -> Response:
        provider = form.text("provider")

        def do(unit: UnitOfWork) -> str:
            orders.find_order(unit, form.reader.actor, order_id)
            offered(site.providers, provider)
            return orders.pay_again(unit, form.reader.actor, order_id, provider).id

        payment = act_for(form, do)
        sandbox = provider == SANDBOX
        return to(f"/payments/{quote(payment)}/sandbox" if sandbox else f"/orders/{quote(order_id)}")

    @routes.post("/orders/{order_id}/cancel")
    def cancel(order_id: str, form: Form) -> Response:
        act(form, lambda unit: orders.cancel(unit, form.reader.actor, order_id))
        return to(f"/orders/{quote(order_id)}?done=order_cancelled")

    @routes.post("/orders/{order_id}/reviews")
    def review(order_id: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> None:
            orders.find_order(unit, form.reader.actor, order_id)
            rating = form.text("rating")
            stars = int(rating) if rating in {"1", "2", "3", "4", "5"} else 0
            review_part(unit, form.reader.actor, form.text("part"), stars, form.text("words"), bought)

        act(form, do)
        return to(f"/orders/{quote(order_id)}?done=reviewed")


def _returning(routes: APIRouter, site: Site) -> None:
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/orders/{order_id}/return")
    def choose(order_id: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        return _return_page(reader, order_id, {})

    @routes.post("/orders/{order_id}/return")
    def send_back(order_id: str, form: Form) -> Response:
        try:
            act_for(form, lambda unit: _ask(unit, form, order_id))
        except (Conflict, Invalid) as refusal:
            return _return_page(form.reader, order_id, form.fields, refusal)
        return to(f"/orders/{quote(order_id)}?done=return_asked")

    @routes.post("/returns/{return_id}/withdraw")
    def withdraw(return_id: str, form: Form) -> Response:
        def do(unit: UnitOfWork) -> str:
            take_step(unit, form.reader.actor, return_id, "withdraw")
            return str(return_view(unit, form.reader.actor, return_id)["order"])

        return to(f"/orders/{quote(act_for(form, do))}?done=saved")


def _order(unit: UnitOfWork, reader: Reader, order_id: str) -> dict[str, Any]:
    """Give what an order's page shows; its events stand in the order in which they happened."""
    order = views.order_view(unit, reader.actor, order_id)
    delivered = {line["part"] for one in order["shipments"] if one["state"] == "delivered" for line in one["lines"]}
    parts = list(dict.fromkeys(line["part"] for line in order["lines"] if line["part"] in delivered))
    states = {ShipmentState(one["state"]) for one in order["shipments"]}
    waits = order["state"] == OrderState.AWAITING_PAYMENT
    payment = payments.find(unit, reader.actor, order["payment"]["id"]) if waits and order["payment"] else None
    left = returnable_view(unit, reader.actor, order_id) if delivered else []
    mine = list_returns(unit, reader.actor, state=None, order=order_id, limit=MAXIMUM_LIMIT, cursor=None).items
    return {
        "order": order,
        "lines": {line["number"]: line for line in order["lines"]},
        "events": [event for event in read(unit, order_id) if "en" in event.data],
        "shelves": shelves(unit),
        "regions": REGIONS,
        "waits": shown_waiting(unit, reader, payment) if payment else None,
        "providers": [KINDS[name] for name in reader.site.providers] if waits else [],
        "cancellable": waits or (order["state"] == OrderState.PAID and states <= AHEAD),
        "returnable": any(line["pieces"] for line in left),
        "returns": mine,
        "delivered": {part: next(line for line in order["lines"] if line["part"] == part) for part in parts},
        "reviews": own_reviews(unit, reader.actor, parts),
    }


def _ask(unit: UnitOfWork, form: Posted, order_id: str) -> str:
    actor, written = form.reader.actor, form.text("reason")
    if written and written not in set(ReturnReason):
        raise Invalid("a return has a reason", why="return_needs_reason", reasons=[one.value for one in ReturnReason])
    reason = ReturnReason(written) if written else None
    case = orders.find_order(unit, actor, order_id).case
    declined = reason in {None, ReturnReason.CASE_DECLINED} and case is not None and case_is_declined(unit, actor, case)
    return ask(unit, actor, Wanted(order_id, _wanted(form.fields), reason, form.text("words")), declined=declined)


def _wanted(fields: Mapping[str, str]) -> dict[int, int]:
    """Read how many pieces of which lines go back; none of a line is left out."""
    wanted = {}
    for name, value in fields.items():
        number, pieces = name.removeprefix(PIECES), value.strip() or "0"
        if not name.startswith(PIECES):
            continue
        if not all(it.isascii() and it.isdecimal() and len(it) < 6 for it in (number, pieces)):
            raise Invalid("pieces are counted in whole numbers", why="whole_pieces")
        if int(pieces):
            wanted[int(number)] = int(pieces)
    return wanted


def _return_page(reader: Reader, order_id: str, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    """Show what of an order can go back, one form for each house that sold of it."""
    with reader.unit() as unit:
        order = views.order_view(unit, reader.actor, order_id)
        left = [line for line in returnable_view(unit, reader.actor, order_id) if line["pieces"]]
        lines = {line["number"]: line for line in order["lines"]}
        sellers: dict[str, list[dict[str, Any]]] = {}
        for line in left:
            sellers.setdefault(line["seller"], []).append({**lines[line["number"]], "left": line["pieces"]})
        case = order["case"]
        declined = case is not None and case_is_declined(unit, reader.actor, case)
        reasons = {one: words for one, words in LABELS.items() if declined or one is not ReturnReason.CASE_DECLINED}
        return reader.page(
            "shop/return.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            order=order,
            sellers=sellers,
            reasons=reasons,
            chosen=typed.get("reason", "") or (ReturnReason.CASE_DECLINED if declined else ""),
            typed=typed,
            refusal=refusal,
        )
