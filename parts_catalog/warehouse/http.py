"""The HTTP door of a house's own stock: what lies where, the ledger, receipts, counts, moves, and what is to come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from foundation.database import Database, UnitOfWork
from foundation.http import (
    NO_NUL,
    ActorDependency,
    IdempotencyKey,
    IfMatch,
    etag_of,
    problem_responses,
    version_in,
)
from foundation.idempotency import once
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT
from parts_catalog.warehouse import counting, deliveries, keeping, lists, locations
from parts_catalog.warehouse.bodies import (
    Adjusted,
    BackOrdersPage,
    BackOrderView,
    ChangeKind,
    ChangesPage,
    ChangeView,
    Counted,
    CountsPage,
    CountState,
    CountsView,
    CountView,
    DeliveriesPage,
    DeliveryChange,
    DeliveryState,
    DeliveryView,
    LocationChange,
    LocationsView,
    LocationView,
    Moved,
    MoveView,
    NewCounts,
    NewDelivery,
    NewLocation,
    Receipt,
    ShelfAfter,
    ShelfView,
    ShelvesPage,
    WaitState,
)
from parts_catalog.warehouse.permissions import KEEPING

Key = Annotated[str, Path(max_length=200, pattern=NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
OfPart = Annotated[str | None, Query(max_length=64, pattern=NO_NUL, description="Keep one part")]
AtLocation = Annotated[str | None, Query(max_length=200, pattern=NO_NUL, description="Keep one location")]
LISTED = problem_responses(401, 403, 422)
SHOWN = problem_responses(401, 403, 404, 422)
DONE = problem_responses(401, 403, 404, 409, 422)
EDITED = problem_responses(401, 403, 404, 412, 422, 428)
View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """What the routes work with."""

    database: Database
    current_actor: ActorDependency

    def once(
        self, actor: Actor, route: str, key: str | None, body: BaseModel | None, act: Callable[[UnitOfWork], BaseModel]
    ) -> View:
        """Act in one unit of work, once per idempotency key."""
        actor.must_be(*KEEPING)
        said = body.model_dump(mode="json") if body is not None else {}
        with self.database.unit() as unit:
            return once(unit, actor, route, key, said, lambda: act(unit).model_dump(mode="json"))


def router(database: Database, current_actor: ActorDependency) -> APIRouter:
    """Give the routes; everything that is shown and changed is the actor's own house's."""
    routes = APIRouter(prefix="/v1", tags=["stock"])
    warehouse = Warehouse(database, current_actor)
    for add in (_shelves, _pieces, _locations, _counts, _deliveries):
        add(routes, warehouse)
    return routes


def _shelves(routes: APIRouter, warehouse: Warehouse) -> None:
    Acting = Annotated[Actor, Depends(warehouse.current_actor)]  # noqa: N806 - a type

    @routes.get("/stock", responses=LISTED, summary="What lies on your house's shelves, by part and location")
    def stock(
        actor: Acting,
        part: OfPart = None,
        location: AtLocation = None,
        number: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="A part number")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> ShelvesPage:
        asked = {"part": part, "location": location, "number": number}
        with warehouse.database.unit() as unit:
            page = lists.list_stock(unit, actor, limit, cursor, asked)
        return ShelvesPage(items=[ShelfView.model_validate(one) for one in page.items], next=page.next)

    @routes.get("/stock/changes", responses=LISTED, summary="Every piece that came or went, the newest first")
    def changes(
        actor: Acting,
        part: OfPart = None,
        location: AtLocation = None,
        kind: ChangeKind | None = None,
        reference: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> ChangesPage:
        asked = {"part": part, "location": location, "kind": kind, "reference": reference}
        with warehouse.database.unit() as unit:
            page = lists.list_changes(unit, actor, limit, cursor, asked)
        return ChangesPage(items=[ChangeView.model_validate(one) for one in page.items], next=page.next)

    @routes.get("/stock/back-orders", responses=LISTED, summary="Who waits for pieces, in the order of asking")
    def waits(
        actor: Acting,
        part: OfPart = None,
        location: AtLocation = None,
        state: WaitState | None = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> BackOrdersPage:
        asked = {"part": part, "location": location, "state": state}
        with warehouse.database.unit() as unit:
            page = lists.list_back_orders(unit, actor, limit, cursor, asked)
        return BackOrdersPage(items=[BackOrderView.model_validate(one) for one in page.items], next=page.next)


def _pieces(routes: APIRouter, warehouse: Warehouse) -> None:
    Acting = Annotated[Actor, Depends(warehouse.current_actor)]  # noqa: N806 - a type

    @routes.post(
        "/stock/receipts",
        status_code=201,
        responses=SHOWN,
        response_model=ShelfAfter,
        summary="Put pieces on a shelf; who waits gets them first",
    )
    def receive(actor: Acting, body: Receipt, key: IdempotencyKey = None) -> View:
        return warehouse.once(actor, "receipts", key, body, lambda unit: keeping.receive(unit, actor, body))

    @routes.post(
        "/stock/moves",
        status_code=201,
        responses=DONE,
        response_model=MoveView,
        summary="Move free pieces between two of your house's locations",
    )
    def move(actor: Acting, body: Moved, key: IdempotencyKey = None) -> View:
        return warehouse.once(actor, "moves", key, body, lambda unit: keeping.move(unit, actor, body))

    @routes.post(
        "/stock/adjustments",
        status_code=201,
        responses=DONE,
        response_model=ShelfAfter,
        summary="Correct the books by some pieces, or scrap them; held pieces stay",
    )
    def adjust(actor: Acting, body: Adjusted, key: IdempotencyKey = None) -> View:
        return warehouse.once(actor, "adjustments", key, body, lambda unit: keeping.adjust(unit, actor, body))


def _locations(routes: APIRouter, warehouse: Warehouse) -> None:
    Acting = Annotated[Actor, Depends(warehouse.current_actor)]  # noqa: N806 - a type

    @routes.get(
        "/stock/locations",
        responses=problem_responses(401, 403),
        summary="Your house's warehouses and workshop shelves",
    )
    def all_locations(actor: Acting) -> LocationsView:
        with warehouse.database.unit() as unit:
            found = locations.list_locations(unit, actor.organisation)
        return LocationsView(items=[LocationView.of(one) for one in found])

    @routes.post(
        "/stock/locations",
        status_code=201,
        responses=LISTED,
        response_model=LocationView,
        summary="Open a warehouse",
    )
    def open_one(actor: Acting, body: NewLocation, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> LocationView:
            return LocationView.of(keeping.open_warehouse(unit, actor, body))

        return warehouse.once(actor, "locations", key, body, act)

    @routes.get("/stock/locations/{location}", responses=SHOWN, summary="Show a location")
    def one(actor: Acting, location: Key, response: Response) -> LocationView:
        with warehouse.database.unit() as unit:
            found = locations.own_location(unit, actor.organisation, location)
        response.headers["ETag"] = etag_of(found.version)
        return LocationView.of(found)

    @routes.patch("/stock/locations/{location}", responses=EDITED, summary="Change or close a location")
    def change(
        actor: Acting, location: Key, body: LocationChange, response: Response, if_match: IfMatch = None
    ) -> LocationView:
        actor.must_be(*KEEPING)
        version = version_in(if_match)
        with warehouse.database.unit() as unit:
            found = keeping.change_location(unit, actor, location, version, body)
        response.headers["ETag"] = etag_of(found.version)
        return LocationView.of(found)


def _counts(routes: APIRouter, warehouse: Warehouse) -> None:
    Acting = Annotated[Actor, Depends(warehouse.current_actor)]  # noqa: N806 - a type

    @routes.get("/stock/counts", responses=LISTED, summary="Your house's counts, the newest first")
    def all_counts(
        actor: Acting,
        part: OfPart = None,
        location: AtLocation = None,
        state: CountState | None = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> CountsPage:
        asked = {"part": part, "location": location, "state": state}
        with warehouse.database.unit() as unit:
            page = lists.list_counts(unit, actor, limit, cursor, asked)
        return CountsPage(items=[CountView.model_validate(one) for one in page.items], next=page.next)

    @routes.post(
        "/stock/counts",
        status_code=201,
        responses=SHOWN,
        response_model=CountsView,
        summary="Begin to count parts at a location",
    )
    def begin(actor: Acting, body: NewCounts, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> CountsView:
            begun = counting.begin_counts(unit, actor, body.location, body.parts)
            return CountsView(items=[CountView.model_validate(one) for one in begun])

        return warehouse.once(actor, "counts", key, body, act)

    @routes.post(
        "/stock/counts/{count}/book",
        responses=DONE,
        response_model=CountView,
        summary="Book what was counted; refused with who holds, when fewer would lie there than are held",
    )
    def book(actor: Acting, count: Key, body: Counted, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> CountView:
            return CountView.model_validate(counting.book_count(unit, actor, count, body.counted))

        return warehouse.once(actor, f"counts/{count}/book", key, body, act)

    @routes.post(
        "/stock/counts/{count}/drop", responses=DONE, response_model=CountView, summary="End a count; nothing is booked"
    )
    def drop(actor: Acting, count: Key, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> CountView:
            return CountView.model_validate(counting.drop_count(unit, actor, count))

        return warehouse.once(actor, f"counts/{count}/drop", key, None, act)


def _deliveries(routes: APIRouter, warehouse: Warehouse) -> None:
    Acting = Annotated[Actor, Depends(warehouse.current_actor)]  # noqa: N806 - a type

    @routes.get("/expected-deliveries", responses=LISTED, summary="What suppliers are to send, by day")
    def all_deliveries(
        actor: Acting,
        part: OfPart = None,
        location: AtLocation = None,
        state: DeliveryState | None = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> DeliveriesPage:
        asked = {"part": part, "location": location, "state": state}
        with warehouse.database.unit() as unit:
            page = lists.list_deliveries(unit, actor, limit, cursor, asked)
        return DeliveriesPage(items=[DeliveryView.model_validate(one) for one in page.items], next=page.next)

    @routes.post(
        "/expected-deliveries",
        status_code=201,
        responses=SHOWN,
        response_model=DeliveryView,
        summary="Note what a supplier is to send; from now on it may be waited for",
    )
    def expect(actor: Acting, body: NewDelivery, key: IdempotencyKey = None) -> View:
        def act(unit: UnitOfWork) -> DeliveryView:
            where = body.part, body.location
            noted = deliveries.expect_delivery(unit, actor.organisation, body.supplier, where, body.quantity, body.day)
            return DeliveryView.model_validate(noted)

        return warehouse.once(actor, "expected-deliveries", key, body, act)

    @routes.get("/expected-deliveries/{delivery}", responses=SHOWN, summary="Show an expected delivery")
    def one(actor: Acting, delivery: Key, response: Response) -> DeliveryView:
        with warehouse.database.unit() as unit:
            found = deliveries.get_delivery(unit, actor.organisation, delivery)
        response.headers["ETag"] = etag_of(found.version)
        return DeliveryView.model_validate(found)

    @routes.patch(
        "/expected-deliveries/{delivery}",
        responses=EDITED | problem_responses(409),
        summary="Change what comes or when, or cancel it; refused with who waits, when it is promised",
    )
    def change(
        actor: Acting, delivery: Key, body: DeliveryChange, response: Response, if_match: IfMatch = None
    ) -> DeliveryView:
        actor.must_be(*KEEPING)
        version = version_in(if_match)
        with warehouse.database.unit() as unit:
            found = keeping.change_delivery(unit, actor, delivery, version, body)
        response.headers["ETag"] = etag_of(found.version)
        return DeliveryView.model_validate(found)
