"""One part: its pictures, whether it fits the reader's car, what it costs and where it lies, and what buyers say."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from forecourt.http import STATUS
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.pages.trade.parts import Car, car_of, rows_of
from foundation.database import UnitOfWork
from foundation.refusals import Refusal
from parts_catalog.fitment import fit_of, get_part
from parts_catalog.images import get_image, images_of
from parts_catalog.images_http import image_response
from parts_catalog.part_reviews import ratings_of, reviews_of
from parts_catalog.part_sheet import part_sheet
from parts_catalog.part_told import part_told
from parts_catalog.part_types import part_type_of
from parts_catalog.parts import StockOffer
from parts_catalog.prices import Buyer, price_of
from parts_catalog.relations import relations_of
from parts_catalog.search import PartHit
from parts_catalog.shop.carts import current_cart
from parts_catalog.shop.contents import lines_of
from parts_catalog.stock import list_locations, offers
from parts_catalog.words import related_words

ADD = "POST /cart"
REVIEWS = 10  # on one page


def router(site: Site) -> APIRouter:
    """Give the routes of one part."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Cursor = Annotated[str | None, Query(max_length=1000)]  # noqa: N806 - a type

    @routes.get("/parts/{part}")
    def show(part: str, reader: Somebody, vehicle: Car = None, reviews: Cursor = None) -> Response:
        return part_page(reader, part, vehicle, {}, reviews=reviews)

    @routes.get("/parts/{part}/images/{image}")
    def picture(part: str, image: str, reader: Somebody) -> Response:
        with reader.unit() as unit:
            return image_response(site.pictures, get_image(unit, part, image))

    return routes


def part_page(
    reader: Reader,
    part: str,
    vehicle: str | None,
    typed: Mapping[str, str],
    refusal: Refusal | None = None,
    *,
    reviews: str | None = None,
) -> Response:
    """Show a part; what was typed to buy it stays after a refusal."""
    with reader.unit() as unit:
        cars = reader.site.vehicles.list(unit, reader.actor)
        car = car_of(unit, reader, cars, vehicle)
        found = get_part(unit, part)
        fit = fit_of(unit, part, car.config) if car else None
        price = price_of(unit, [part], buyer=Buyer.of(reader.actor)).get(part)
        hit = PartHit(found, price, tuple(offers(unit, [part])[part]), fit)
        related = [(one, related_words(one)) for one in relations_of(unit, [part]).get(part, ())]
        return reader.page(
            "parts/part.html",
            int(STATUS.get(refusal.code, 409)) if refusal else 200,
            cars=cars,
            car=car,
            row=rows_of(reader, car, [hit])[0],
            kind=part_type_of(found.part_type),
            sheet=part_sheet(unit, part),
            told=part_told(unit, part),
            related=related,
            shelves=shelves(unit),
            images=images_of(unit, part),
            rating=ratings_of(unit, [part]).get(part),
            reviews=reviews_of(unit, part, REVIEWS, reviews or None),
            buying=price is not None and reader.actor.role in reader.site.access.by_route[ADD].none,
            comes=comes(hit.offers),
            in_cart=_in_cart(unit, reader, part),
            typed=typed,
            refusal=refusal,
        )


def _in_cart(unit: UnitOfWork, reader: Reader, part: str) -> int:
    """Give how many pieces of a part lie in the reader's cart."""
    cart = current_cart(unit, reader.actor)
    return sum(line.quantity for line in lines_of(unit, cart) if line.part == part) if cart else 0


def comes(of: tuple[StockOffer, ...]) -> date | None:
    """Give the day from which pieces that are on their way can be promised, if some are."""
    return min((offer.coming[0][0] for offer in of if offer.coming), default=None)


def shelves(unit: UnitOfWork) -> dict[str, Any]:
    """Give the places where parts lie, by id."""
    return {one.id: one for one in list_locations(unit)}
