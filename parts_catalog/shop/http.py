"""The HTTP door of the shop: carts, orders with their live progress, and the shipments of sellers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from foundation.database import Database, UnitOfWork
from foundation.follow import Wakeups
from foundation.http import (
    NO_NUL,
    ActorDependency,
    Bearer,
    IdempotencyKey,
    IfMatch,
    behind,
    etag_of,
    problem_responses,
    version_in,
)
from foundation.idempotency import once
from foundation.identity import Actor, actor_of_token
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT, Page
from foundation.streams_http import EventStream, Watched, stream_of
from ingest.vehicles import VehicleConfig, VehicleDirectory
from parts_catalog.payments.providers import Providers, offered
from parts_catalog.shop import carts, ordering, orders, shipments, views
from parts_catalog.shop.bodies import (
    CartBody,
    CartView,
    LineBody,
    NewCart,
    Nothing,
    OrderBody,
    OrderView,
    PaymentBody,
)
from parts_catalog.shop.carriers import Carrier
from parts_catalog.shop.carts import Cart, LineWish
from parts_catalog.shop.holding import in_unit
from parts_catalog.shop.states import MOVES

View = dict[str, Any]
CheckCase = Callable[[UnitOfWork, Actor, str], object]
Key = Annotated[str, Path(max_length=64, pattern=NO_NUL)]
Filter = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
REFUSED_LIST = problem_responses(401, 403, 422)
REFUSED_GET = problem_responses(401, 403, 404, 422)
REFUSED_POST = problem_responses(401, 403, 404, 409, 422)
REFUSED_EDIT = problem_responses(401, 403, 404, 409, 412, 422)


class Listing(BaseModel):
    """A page of views, and the cursor of the next one."""

    items: list[View]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """What the routes work with. `check_case` raises `NotFound` for a case that the actor may not see."""

    database: Database
    wakeups: Wakeups
    current_actor: ActorDependency
    vehicles: VehicleDirectory
    carrier: Carrier
    check_case: CheckCase
    providers: Providers

    def once(
        self, actor: Actor, route: str, key: str | None, body: BaseModel | None, act: Callable[[UnitOfWork], View]
    ) -> View:
        """Act in one unit of work, once per idempotency key."""
        said = body.model_dump(mode="json") if body is not None and key is not None else {}
        return in_unit(self.database, lambda unit: once(unit, actor, route, key, said, lambda: act(unit)))

    def car(self, unit: UnitOfWork, actor: Actor, vehicle: str | None) -> VehicleConfig | None:
        return self.vehicles.get(unit, actor, vehicle).config if vehicle else None

    def check(self, unit: UnitOfWork, actor: Actor, about: CartBody) -> None:
        """Raise `NotFound` for a car or case that is not the actor's to see."""
        if about.case is not None:
            self.check_case(unit, actor, about.case)
        self.car(unit, actor, about.vehicle)

    def shown(self, unit: UnitOfWork, actor: Actor, cart: Cart) -> View:
        """Give a cart as JSON."""
        view = views.cart_view(unit, cart, self.car(unit, actor, cart.about.vehicle))
        fits = [line["fit"] and line["fit"].model_dump(mode="json") for line in view["lines"]]
        return {**view, "lines": [line | {"fit": fit} for line, fit in zip(view["lines"], fits, strict=True)]}


def router(
    database: Database,
    wakeups: Wakeups,
    current_actor: ActorDependency,
    vehicles: VehicleDirectory,
    carrier: Carrier,
    check_case: CheckCase,
    providers: Providers,
) -> APIRouter:
    """Give the routes of the shop."""
    routes = APIRouter(prefix="/v1", tags=["shop"])
    shop = Shop(database, wakeups, current_actor, vehicles, carrier, check_case, providers)
    for add in (_carts, _lines, _orders, _paying, _progress, _shipments):
        add(routes, shop)
    return routes


def _answer(view: Mapping[str, Any], status: int = 200) -> Response:
    """Write a view at once: FastAPI would check it and take it apart again before it writes it."""
    headers = {"ETag": etag_of(view["version"])} if "version" in view else {}
    words = json.dumps(view, ensure_ascii=False, separators=(",", ":"))
    return Response(words, status, headers, media_type="application/json")


def _version(if_match: str | None) -> int | None:
    """Give the version that an edit of a cart is of, where it says so: a buyer's own last word counts otherwise."""
    return None if if_match is None else version_in(if_match)


def _listing(page: Page[View]) -> Response:
    return _answer({"items": page.items, "next": page.next})


def _carts(routes: APIRouter, shop: Shop) -> None:
    Acting = Annotated[Actor, Depends(shop.current_actor)]  # noqa: N806 - a type

    @routes.get("/carts", responses=REFUSED_LIST, response_model=Listing, summary="Your carts, the newest first")
    def all_carts(actor: Acting, state: Filter = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
        with shop.database.unit() as unit:
            return _listing(views.list_carts(unit, actor, state=state, limit=limit, cursor=cursor))

    @routes.post(
        "/carts",
        status_code=201,
        responses=REFUSED_POST,
        response_model=CartView,
        summary="Open a cart; what is put into it is held for 15 minutes from its last change",
    )
    def open_cart(actor: Acting, body: NewCart, key: IdempotencyKey = None) -> Response:
        def act(unit: UnitOfWork) -> View:
            shop.check(unit, actor, body)
            cart = carts.open_cart(unit, actor, body.about(), [line.wish() for line in body.lines])
            return shop.shown(unit, actor, cart)

        return _answer(shop.once(actor, "carts", key, body, act), 201)

    @routes.get(
        "/carts/{cart}",
        responses=REFUSED_GET,
        response_model=CartView,
        summary="A cart with what it costs now; these are then the prices that were shown",
    )
    def one_cart(actor: Acting, cart: Key) -> Response:
        with shop.database.unit() as unit:
            return _answer(shop.shown(unit, actor, carts.get_cart(unit, actor, cart)))

    @routes.patch(
        "/carts/{cart}",
        responses=REFUSED_EDIT,
        response_model=CartView,
        summary="Say which car, case, region or promotion a cart is for; what is left out stays",
    )
    def change_cart(actor: Acting, cart: Key, body: CartBody, if_match: IfMatch = None) -> Response:
        version = _version(if_match)
        about = body.model_dump(exclude_unset=True)
        with shop.database.unit() as unit:
            shop.check(unit, actor, body)
            return _answer(shop.shown(unit, actor, carts.change(unit, actor, cart, about, version)))


def _lines(routes: APIRouter, shop: Shop) -> None:
    Acting = Annotated[Actor, Depends(shop.current_actor)]  # noqa: N806 - a type
    path = "/carts/{cart}/lines/{part}"

    @routes.put(
        path,
        responses=REFUSED_EDIT,
        response_model=CartView,
        summary="Have so many pieces of a part in a cart: in place of what it had of it, and held from now on",
    )
    def put_line(actor: Acting, cart: Key, part: Key, body: LineBody, if_match: IfMatch = None) -> Response:
        version = _version(if_match)
        wish = LineWish(part, body.quantity, body.back_order)

        def act(unit: UnitOfWork) -> View:
            return shop.shown(unit, actor, carts.put(unit, actor, cart, [wish], version))

        return _answer(in_unit(shop.database, act))

    @routes.delete(
        path, responses=REFUSED_EDIT, response_model=CartView, summary="Take a part out of a cart; again is no harm"
    )
    def remove_line(actor: Acting, cart: Key, part: Key, if_match: IfMatch = None) -> Response:
        version = _version(if_match)
        with shop.database.unit() as unit:
            return _answer(shop.shown(unit, actor, carts.remove(unit, actor, cart, part, version)))


def _orders(routes: APIRouter, shop: Shop) -> None:
    Acting = Annotated[Actor, Depends(shop.current_actor)]  # noqa: N806 - a type

    @routes.get("/orders", responses=REFUSED_LIST, response_model=Listing, summary="Your orders, the newest first")
    def all_orders(
        actor: Acting,
        state: Filter = None,
        case: Filter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response:
        with shop.database.unit() as unit:
            page = views.list_orders(unit, actor, state=state, case=case, limit=limit, cursor=cursor)
            return _listing(page)

    @routes.post(
        "/orders",
        status_code=201,
        responses=REFUSED_POST,
        response_model=OrderView,
        summary="Order what lies in a cart, at the prices that were shown; it is held until its payment is due",
    )
    def place_order(actor: Acting, body: OrderBody, key: IdempotencyKey = None) -> Response:
        offered(shop.providers, body.payment.provider)

        def act(unit: UnitOfWork) -> View:
            order = ordering.place(unit, actor, shop.carrier, body.wish())
            return views.order_view(unit, actor, order)

        return _answer(shop.once(actor, "orders", key, body, act), 201)

    @routes.get(
        "/orders/{order_id}", responses=REFUSED_GET, response_model=OrderView, summary="One order with its shipments"
    )
    def one_order(actor: Acting, order_id: Key) -> Response:
        with shop.database.unit() as unit:
            return _answer(views.order_view(unit, actor, order_id))


def _paying(routes: APIRouter, shop: Shop) -> None:
    Acting = Annotated[Actor, Depends(shop.current_actor)]  # noqa: N806 - a type

    @routes.post(
        "/orders/{order_id}/payments",
        status_code=201,
        responses=REFUSED_POST,
        response_model=OrderView,
        summary="Pay an order in another way, or once more when the first payment came to nothing",
    )
    def pay_again(actor: Acting, order_id: Key, body: PaymentBody, key: IdempotencyKey = None) -> Response:
        offered(shop.providers, body.provider)

        def act(unit: UnitOfWork) -> View:
            orders.pay_again(unit, actor, order_id, body.provider)
            return views.order_view(unit, actor, order_id)

        return _answer(shop.once(actor, f"orders/{order_id}/payments", key, body, act), 201)

    @routes.post(
        "/orders/{order_id}/cancel",
        responses=REFUSED_POST,
        response_model=OrderView,
        summary="Call an order off before anything of it is on its way; what was paid goes back",
    )
    def cancel(actor: Acting, order_id: Key, body: Nothing | None = None, key: IdempotencyKey = None) -> Response:
        def act(unit: UnitOfWork) -> View:
            orders.cancel(unit, actor, order_id)
            return views.order_view(unit, actor, order_id)

        return _answer(shop.once(actor, f"orders/{order_id}/cancel", key, body, act))


def _progress(routes: APIRouter, shop: Shop) -> None:
    Acting = Annotated[Actor, Depends(shop.current_actor)]  # noqa: N806 - a type

    def watched(_: Acting, given: Bearer, order_id: Key) -> Watched:
        def may(unit: UnitOfWork) -> None:
            orders.find_order(unit, actor_of_token(unit, given.credentials), order_id)

        with shop.database.unit() as unit:
            return Watched.begin(unit, order_id, may)

    @routes.get(
        "/orders/{order_id}/progress",
        response_class=EventStream,
        responses=REFUSED_GET,
        summary="Live progress of an order as server-sent events; resumes by Last-Event-ID",
    )
    async def progress(
        followed: Annotated[Watched, Depends(watched)], after: Annotated[int, Depends(behind)]
    ) -> EventStream:
        return stream_of(shop.database, shop.wakeups, followed, after)


def _shipments(routes: APIRouter, shop: Shop) -> None:
    Acting = Annotated[Actor, Depends(shop.current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/shipments", responses=REFUSED_LIST, response_model=Listing, summary="What your house sends, the newest first"
    )
    def all_shipments(
        actor: Acting,
        state: Filter = None,
        location: Filter = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response:
        asked = {"state": state, "location": location}
        with shop.database.unit() as unit:
            return _listing(views.list_shipments(unit, actor, **asked, limit=limit, cursor=cursor))

    @routes.get("/shipments/{shipment}", responses=REFUSED_GET, summary="One shipment with its next moves")
    def one_shipment(actor: Acting, shipment: Key) -> View:
        with shop.database.unit() as unit:
            return views.shipment_view(unit, actor, shipment)

    def add_move(name: str, words: str) -> None:
        @routes.post(f"/shipments/{{shipment}}/{name}", responses=REFUSED_POST, summary=words, name=f"{name}_shipment")
        def taken(actor: Acting, shipment: Key, body: Nothing | None = None, key: IdempotencyKey = None) -> View:
            number = None
            if name == "ship":
                number = shipments.number_of(shop.database, actor, shop.carrier, shipment)

            def act(unit: UnitOfWork) -> View:
                shipments.take_move(unit, actor, shipment, name, number)
                return views.shipment_view(unit, actor, shipment)

            return shop.once(actor, f"shipments/{shipment}/{name}", key, body, act)

    for move in MOVES.values():
        add_move(move.name, f"Move a shipment: {move.en}")
