"""What the API, the command line and the pages show of parts: JSON views with fit, price and stock."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from foundation.database import UnitOfWork
from foundation.money import Money
from ingest.vehicles import VehicleConfig
from parts_catalog.fit_view import FitOfPart, fit_view
from parts_catalog.fitment import fit_of, fitting_parts, get_part
from parts_catalog.part_reviews import Rating, ratings_of
from parts_catalog.part_types import part_type_of
from parts_catalog.parts import FitAnswer, Part, Price, StockOffer
from parts_catalog.prices import Buyer, price_of
from parts_catalog.search import Filters, count_facets, find
from parts_catalog.search_view import Understood, facets_view, understood_view
from parts_catalog.stock import offers

NO_FILTERS = Filters()


class MoneyOfPart(BaseModel):
    amount: int = Field(examples=[118000], description="Minor units")
    currency: str = Field(examples=["CNY"], description="ISO 4217")


class PriceOfPart(BaseModel):
    """The price of one piece."""

    net: MoneyOfPart
    gross: MoneyOfPart
    tax_basis_points: int = Field(examples=[1300], description="1300 = 13 %")


class OfferOfPart(BaseModel):
    """What one workshop or warehouse can give."""

    location: str = Field(examples=["loc_central_warehouse"])
    available: int = Field(examples=[12])
    expected: date | None = Field(description="When more pieces are expected")


class RatingOfPart(BaseModel):
    """What buyers think of it."""

    average: float = Field(examples=[4.5], description="1 to 5")
    count: int = Field(examples=[12])

    @classmethod
    def of(cls, rating: Rating) -> Self:
        return cls(average=rating.average, count=rating.count)


class PartView(BaseModel):
    """A spare part with its price for who asks and what is in stock; `fit` is null when no car was named."""

    id: str = Field(examples=["part_3f0c"])
    brand: str = Field(examples=["Velmora"])
    number: str = Field(examples=["66717-88087"])
    part_type: str = Field(examples=["alternator"])
    part_type_en: str = Field(examples=["Alternator"])
    part_type_zh: str = Field(examples=["发电机"])
    name_en: str = Field(examples=["Alternator (2NR-FE)"])
    name_zh: str = Field(examples=["发电机（2NR-FE）"])
    price: PriceOfPart | None = Field(description="From the lists that are for who asks; a quote tells promotions")
    rating: RatingOfPart | None = Field(description="null: nobody has reviewed it yet")
    available: int = Field(examples=[12], description="Pieces in stock over all locations")
    offers: list[OfferOfPart]
    fit: FitOfPart | None


class PartsPage(BaseModel):
    """Parts in the order of the search, the cursor of the next page, and how the text was understood."""

    items: list[PartView]
    next: str | None
    understood: Understood | None = Field(description="null where the text has no word")


class Fitment(BaseModel):
    """The parts of one type that fit, fit on conditions, or may fit, the best first."""

    part_type: str = Field(examples=["alternator"])
    part_type_en: str = Field(examples=["Alternator"])
    part_type_zh: str = Field(examples=["发电机"])
    items: list[PartView]


def find_page(
    unit: UnitOfWork,
    text: str,
    config: VehicleConfig | None = None,
    limit: int = 20,
    cursor: str | None = None,
    filters: Filters = NO_FILTERS,
    buyer: Buyer | None = None,
) -> PartsPage:
    """Search parts; gives one page. What is filtered by price is filtered by the base list's."""
    page = find(unit, text, config, limit, cursor, filters)
    ids = [hit.part.id for hit in page.items]
    own = price_of(unit, ids, buyer=buyer) if ids and buyer is not None else {}
    ratings = ratings_of(unit, ids) if ids else {}
    views = [
        _view(hit.part, own.get(hit.part.id, hit.price), hit.offers, hit.fit, ratings.get(hit.part.id))
        for hit in page.items
    ]
    return PartsPage(items=views, next=page.next, understood=understood_view(unit, page.asked))


def find_parts(unit: UnitOfWork, text: str, config: VehicleConfig | None = None) -> dict[str, Any]:
    """Give the first page of a search as JSON."""
    return find_page(unit, text, config).model_dump(mode="json")


def find_facets(
    unit: UnitOfWork, text: str, config: VehicleConfig | None = None, filters: Filters = NO_FILTERS
) -> dict[str, Any]:
    """Count the facets of the same search; gives a `FacetsOfParts` as JSON."""
    return facets_view(unit, count_facets(unit, text, config, filters)).model_dump(mode="json")


def show_part(
    unit: UnitOfWork, part: str, config: VehicleConfig | None = None, buyer: Buyer | None = None
) -> dict[str, Any]:
    """Give one part as a `PartView` in JSON; raises `NotFound`."""
    found = get_part(unit, part)
    fit = fit_of(unit, part, config) if config is not None else None
    price, stocked = price_of(unit, [part], buyer=buyer).get(part), offers(unit, [part])[part]
    return _view(found, price, stocked, fit, ratings_of(unit, [part]).get(part)).model_dump(mode="json")


def fit_parts(
    unit: UnitOfWork,
    config: VehicleConfig,
    part_type: str,
    position: str | None = None,
    buyer: Buyer | None = None,
) -> dict[str, Any]:
    """Ask what fits; gives a `Fitment` as JSON. Raises `NotFound` for an unknown part type."""
    kind = part_type_of(part_type)
    answers = fitting_parts(unit, config, kind.name, position)
    ids = [answer.part.id for answer in answers]
    prices, stocked, ratings = price_of(unit, ids, buyer=buyer), offers(unit, ids), ratings_of(unit, ids)
    views = [_view(a.part, prices.get(a.part.id), stocked[a.part.id], a, ratings.get(a.part.id)) for a in answers]
    fitment = Fitment(part_type=kind.name, part_type_en=kind.en, part_type_zh=kind.zh, items=views)
    return fitment.model_dump(mode="json")


def _view(
    part: Part, price: Price | None, stocked: Sequence[StockOffer], fit: FitAnswer | None, rating: Rating | None
) -> PartView:
    kind = part_type_of(part.part_type)
    return PartView(
        id=part.id,
        brand=part.brand,
        number=part.number,
        part_type=part.part_type,
        part_type_en=kind.en,
        part_type_zh=kind.zh,
        name_en=part.name_en,
        name_zh=part.name_zh,
        price=_price(price) if price else None,
        rating=RatingOfPart.of(rating) if rating else None,
        available=sum(offer.available for offer in stocked),
        offers=[OfferOfPart(location=o.location, available=o.available, expected=o.expected) for o in stocked],
        fit=fit_view(fit) if fit else None,
    )


def _price(price: Price) -> PriceOfPart:
    return PriceOfPart(net=_money(price.net), gross=_money(price.gross), tax_basis_points=price.tax_basis_points)


def _money(money: Money) -> MoneyOfPart:
    return MoneyOfPart(amount=money.amount, currency=money.currency)
