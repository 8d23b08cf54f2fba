"""The HTTP door of a seller's prices: lists, promotions and customer groups, each edited by its ETag."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from foundation.database import Database
from foundation.http import NO_NUL, ActorDependency, IfMatch, etag_of, problem_responses, version_in
from foundation.identity import Actor
from foundation.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT
from parts_catalog.pricing import groups, lists, promotions
from parts_catalog.pricing.bodies import (
    FilledView,
    GroupsPage,
    GroupView,
    ListChange,
    ListPrices,
    ListPricesPage,
    ListPriceView,
    MembersPage,
    MemberView,
    NewGroup,
    NewList,
    NewPromotion,
    PriceListsPage,
    PriceListView,
    PromotionChange,
    PromotionsPage,
    PromotionView,
    Sheet,
)

Key = Annotated[str, Path(max_length=200, pattern=NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
State = Annotated[Literal["active", "ended"] | None, Query(description="Keep one state")]
LISTED = problem_responses(401, 403, 422)
SHOWN = problem_responses(401, 403, 404, 422)
EDITED = problem_responses(401, 403, 404, 412, 422, 428)


def router(database: Database, current_actor: ActorDependency) -> APIRouter:
    """Give the routes; everything that is shown and changed is the actor's own house's."""
    routes = APIRouter(prefix="/v1", tags=["prices"])
    for add in (_lists, _list_prices, _promotions, _groups, _members):
        add(routes, database, current_actor)
    return routes


def _lists(routes: APIRouter, database: Database, current: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/price-lists", responses=LISTED, summary="Your house's price lists")
    def price_lists(
        actor: Acting, state: State = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> PriceListsPage:
        with database.unit() as unit:
            page = lists.list_lists(unit, actor, limit, cursor, state)
        return PriceListsPage(items=[PriceListView.of(one) for one in page.items], next=page.next)

    @routes.post(
        "/price-lists", status_code=201, responses=SHOWN, summary="Add a price list; it has no prices at first"
    )
    def add(actor: Acting, body: NewList, response: Response) -> PriceListView:
        with database.unit() as unit:
            return _list(lists.add_list(unit, actor, lists.ListFacts(**body.model_dump())), response)

    @routes.get("/price-lists/{price_list}", responses=SHOWN, summary="Show a price list")
    def one(actor: Acting, price_list: Key, response: Response) -> PriceListView:
        with database.unit() as unit:
            return _list(lists.get_list(unit, actor, price_list), response)

    @routes.patch("/price-lists/{price_list}", responses=EDITED, summary="Change or end a price list")
    def change(
        actor: Acting, price_list: Key, body: ListChange, response: Response, if_match: IfMatch = None
    ) -> PriceListView:
        given = body.model_dump(exclude_unset=True)
        with database.unit() as unit:
            return _list(lists.change_list(unit, actor, price_list, version_in(if_match), given), response)


def _list_prices(routes: APIRouter, database: Database, current: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/price-lists/{price_list}/prices", responses=SHOWN, summary="The prices of a list, by part")
    def prices(actor: Acting, price_list: Key, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> ListPricesPage:
        with database.unit() as unit:
            page = lists.prices_of(unit, actor, price_list, limit, cursor)
        items = [ListPriceView.model_validate(one, from_attributes=True) for one in page.items]
        return ListPricesPage(items=items, next=page.next)

    @routes.patch("/price-lists/{price_list}/prices", responses=EDITED, summary="Set prices of a list; the others stay")
    def put(
        actor: Acting, price_list: Key, body: ListPrices, response: Response, if_match: IfMatch = None
    ) -> PriceListView:
        wanted = [item.price() for item in body.items]
        with database.unit() as unit:
            return _list(lists.set_prices(unit, actor, price_list, version_in(if_match), wanted), response)

    @routes.post(
        "/price-lists/{price_list}/from-sheet",
        responses=EDITED,
        summary="Fill a list from a price sheet that an import of your house stored",
    )
    def fill(actor: Acting, price_list: Key, body: Sheet, response: Response, if_match: IfMatch = None) -> FilledView:
        version = version_in(if_match)
        with database.unit() as unit:
            kept, taken = lists.fill_from_sheet(unit, actor, price_list, version, body.sheet, body.basis_points)
            return FilledView(taken=taken, **_list(kept, response).model_dump())


def _promotions(routes: APIRouter, database: Database, current: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/promotions", responses=LISTED, summary="Your house's promotions")
    def all_of_them(
        actor: Acting, state: State = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> PromotionsPage:
        with database.unit() as unit:
            page = promotions.list_promotions(unit, actor, limit, cursor, state)
        return PromotionsPage(items=[PromotionView.of(one) for one in page.items], next=page.next)

    @routes.post("/promotions", status_code=201, responses=SHOWN | problem_responses(409), summary="Add a promotion")
    def add(actor: Acting, body: NewPromotion, response: Response) -> PromotionView:
        with database.unit() as unit:
            kept = promotions.add_promotion(unit, actor, promotions.PromotionFacts(**body.model_dump()))
            return _promotion(kept, response)

    @routes.get("/promotions/{promotion}", responses=SHOWN, summary="Show a promotion and how often it was used")
    def one(actor: Acting, promotion: Key, response: Response) -> PromotionView:
        with database.unit() as unit:
            return _promotion(promotions.get_promotion(unit, actor, promotion), response)

    @routes.patch(
        "/promotions/{promotion}", responses=EDITED | problem_responses(409), summary="Change or end a promotion"
    )
    def change(
        actor: Acting, promotion: Key, body: PromotionChange, response: Response, if_match: IfMatch = None
    ) -> PromotionView:
        given = body.model_dump(exclude_unset=True)
        with database.unit() as unit:
            kept = promotions.change_promotion(unit, actor, promotion, version_in(if_match), given)
            return _promotion(kept, response)


def _groups(routes: APIRouter, database: Database, current: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/customer-groups", responses=LISTED, summary="Your house's customer groups")
    def all_of_them(actor: Acting, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> GroupsPage:
        with database.unit() as unit:
            page = groups.list_groups(unit, actor, limit, cursor)
        return GroupsPage(items=[GroupView.of(one) for one in page.items], next=page.next)

    @routes.post(
        "/customer-groups", status_code=201, responses=LISTED | problem_responses(409), summary="Add a customer group"
    )
    def add(actor: Acting, body: NewGroup, response: Response) -> GroupView:
        with database.unit() as unit:
            return _group(groups.add_group(unit, actor, body.name), response)

    @routes.get("/customer-groups/{group}", responses=SHOWN, summary="Show a customer group")
    def one(actor: Acting, group: Key, response: Response) -> GroupView:
        with database.unit() as unit:
            return _group(groups.get_group(unit, actor, group), response)

    @routes.patch(
        "/customer-groups/{group}", responses=EDITED | problem_responses(409), summary="Give a group another name"
    )
    def rename(actor: Acting, group: Key, body: NewGroup, response: Response, if_match: IfMatch = None) -> GroupView:
        with database.unit() as unit:
            return _group(groups.rename_group(unit, actor, group, version_in(if_match), body.name), response)


def _members(routes: APIRouter, database: Database, current: ActorDependency) -> None:
    Acting = Annotated[Actor, Depends(current)]  # noqa: N806 - a type

    @routes.get("/customer-groups/{group}/members", responses=SHOWN, summary="The buyers of a group")
    def members(actor: Acting, group: Key, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> MembersPage:
        with database.unit() as unit:
            page = groups.members_of(unit, actor, group, limit, cursor)
        return MembersPage(items=[MemberView(buyer=one) for one in page.items], next=page.next)

    @routes.put(
        "/customer-groups/{group}/members/{buyer}",
        responses=SHOWN,
        summary="Put a buyer's organisation into a group; it leaves the one it was in",
    )
    def put(actor: Acting, group: Key, buyer: Key) -> MemberView:
        with database.unit() as unit:
            groups.put_member(unit, actor, group, buyer)
        return MemberView(buyer=buyer)

    @routes.delete(
        "/customer-groups/{group}/members/{buyer}",
        status_code=204,
        responses=SHOWN,
        summary="Take a buyer's organisation out of a group",
    )
    def drop(actor: Acting, group: Key, buyer: Key) -> None:
        with database.unit() as unit:
            groups.drop_member(unit, actor, group, buyer)


def _list(kept: lists.PriceList, response: Response) -> PriceListView:
    response.headers["ETag"] = etag_of(kept.version)
    return PriceListView.of(kept)


def _promotion(kept: promotions.KeptPromotion, response: Response) -> PromotionView:
    response.headers["ETag"] = etag_of(kept.version)
    return PromotionView.of(kept)


def _group(kept: groups.Group, response: Response) -> GroupView:
    response.headers["ETag"] = etag_of(kept.version)
    return GroupView.of(kept)
