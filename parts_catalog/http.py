"""The HTTP door of the catalogue: search, one part, and what fits a car."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from foundation.database import Database, UnitOfWork
from foundation.http import ActorDependency, Body, problem_responses
from foundation.identity import Actor
from foundation.paging import MAXIMUM_LIMIT
from ingest.vehicles import VehicleConfig, VehicleDirectory
from parts_catalog.part_types import part_type_of
from parts_catalog.permissions import EXPECTING
from parts_catalog.prices import Buyer
from parts_catalog.search import MAXIMUM_TEXT, Filters
from parts_catalog.search_view import FacetsOfParts
from parts_catalog.stock import expect
from parts_catalog.views import Fitment, PartsPage, PartView, find_facets, find_page, fit_parts, show_part

Text = Annotated[
    str,
    Query(
        max_length=MAXIMUM_TEXT,
        description="A part number in any spelling or a piece of it, or words in Chinese or English; empty: all parts",
        examples=["66717-88087", "刹车片", "etios alternator"],
    ),
]
Car = Annotated[str | None, Query(max_length=64, description="Id of a car: every part answers whether it fits")]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
PartTypeName = Annotated[
    str, Query(max_length=100, description="Part type, by name or in words", examples=["alternator", "发电机"])
]
Position = Annotated[str | None, Query(max_length=40, description="Keep one position only", examples=["front"])]
PartId = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$", description="Id of a part")]
MOST_MONEY = 2**31 - 1
REFUSED = problem_responses(401, 404, 422)


class Expected(Body):
    location: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", examples=["loc_shanghai_pudong"])
    expected: date = Field(examples=["2026-12-03"], description="The day on which the pieces come")


def _chosen(
    brand: Annotated[str | None, Query(max_length=200, description="Keep one brand", examples=["Velmora"])] = None,
    part_type: Annotated[
        str | None,
        Query(max_length=100, description="Keep one part type, by name or in words", examples=["alternator"]),
    ] = None,
    quality: Annotated[
        Literal["original", "aftermarket", "economy"] | None, Query(description="Keep one quality")
    ] = None,
    in_stock: Annotated[bool, Query(description="Keep what is in stock somewhere")] = False,
    price_from: Annotated[int | None, Query(ge=0, le=MOST_MONEY, description="Least net price in minor units")] = None,
    price_below: Annotated[
        int | None, Query(ge=0, le=MOST_MONEY, description="Net price in minor units that is too much")
    ] = None,
) -> Filters:
    kind = part_type_of(part_type).name if part_type else None
    return Filters(brand or None, kind, quality, in_stock, price_from, price_below)


Chosen = Annotated[Filters, Depends(_chosen)]


def router(database: Database, current_actor: ActorDependency, vehicles: VehicleDirectory) -> APIRouter:
    """Give the routes of the catalogue. Parts are everybody's; a car is looked up as the actor may see it."""
    routes = APIRouter(prefix="/v1", tags=["parts"], responses=REFUSED)
    acting = Annotated[Actor, Depends(current_actor)]

    def config_of(unit: UnitOfWork, actor: Actor, vehicle: str | None) -> VehicleConfig | None:
        return vehicles.get(unit, actor, vehicle).config if vehicle else None

    @routes.get("/parts", summary="Search parts", response_model=PartsPage)
    def search_parts(
        actor: acting, chosen: Chosen, q: Text = "", vehicle: Car = None, cursor: Cursor = None, limit: Limit = 20
    ) -> Response:
        with database.unit() as unit:
            page = find_page(unit, q, config_of(unit, actor, vehicle), limit, cursor, chosen, Buyer.of(actor))
        # Written at once: FastAPI would check the page and take it apart again before it writes it.
        return Response(page.model_dump_json(), media_type="application/json")

    @routes.get(
        "/parts/facets", summary="Count brands, types, prices and stock of a search", response_model=FacetsOfParts
    )
    def search_facets(actor: acting, chosen: Chosen, q: Text = "", vehicle: Car = None) -> dict[str, Any]:
        with database.unit() as unit:
            return find_facets(unit, q, config_of(unit, actor, vehicle), chosen)

    @routes.get("/parts/{part}", summary="Show one part with price and stock", response_model=PartView)
    def one_part(actor: acting, part: PartId, vehicle: Car = None) -> dict[str, Any]:
        with database.unit() as unit:
            return show_part(unit, part, config_of(unit, actor, vehicle), Buyer.of(actor))

    @routes.get("/fitment", summary="Ask which parts of a type fit a car", response_model=Fitment)
    def fitment(
        actor: acting,
        vehicle: Annotated[str, Query(max_length=64, description="Id of a car")],
        part_type: PartTypeName,
        position: Position = None,
    ) -> dict[str, Any]:
        with database.unit() as unit:
            config = vehicles.get(unit, actor, vehicle).config
            return fit_parts(unit, config, part_type, position, Buyer.of(actor))

    @routes.post(
        "/parts/{part}/expected",
        responses=problem_responses(401, 403, 404, 422),
        summary="Say that one's own pieces of a part come on a later day; visits that need them are told",
    )
    def expected(actor: acting, part: PartId, body: Expected) -> dict[str, Any]:
        actor.must_be(*EXPECTING)
        with database.unit() as unit:
            touched = expect(unit, actor.organisation, part, body.location, body.expected)
            return {"part": part, "location": body.location, "expected": body.expected, "holds_touched": touched}

    return routes
