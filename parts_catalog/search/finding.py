"""Finding: the hits of a text, page by page, each with its price, its stock, and whether it fits the car.

Tier by tier (planning.py), within each by the brand's rank; on a page, what fits stands before what may fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.database import UnitOfWork
from foundation.money import Money
from foundation.paging import cut, read_cursor
from foundation.refusals import Invalid
from ingest.vehicles import VehicleConfig
from parts_catalog.fitment import fits_of
from parts_catalog.parts import FitAnswer, Part, Price, StockOffer
from parts_catalog.search.asking import Asked, Filters
from parts_catalog.search.planning import Wanted, plan
from parts_catalog.search.tiers import Place
from parts_catalog.verdicts import place
from parts_catalog.warehouse.coming import offer_of

_NO_FILTERS = Filters()
Rows = list[Any]  # of one hit: a row for each place where it is in stock


@dataclass(frozen=True, slots=True)
class PartHit:
    """A part that was found; `fit` is None when no car was named."""

    part: Part
    price: Price | None
    offers: tuple[StockOffer, ...]
    fit: FitAnswer | None

    @property
    def available(self) -> int:
        """Pieces over all locations."""
        return sum(offer.available for offer in self.offers)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits, the cursor of the next, and how the text was understood."""

    items: list[PartHit]
    next: str | None
    asked: Asked | None


def find(
    unit: UnitOfWork,
    said: str,
    config: VehicleConfig | None = None,
    limit: int = 20,
    cursor: str | None = None,
    filters: Filters = _NO_FILTERS,
) -> Found:
    """Find parts by number, words, car or symptom; an empty text gives all parts.

    Raises `Invalid` for a text too long and for a cursor not of ours.
    """
    wanted = Wanted(said, config, filters)
    wanted.check()
    after, cars = _after(cursor) if cursor is not None else (None, True)
    if wanted.senseless:
        return Found([], None, None)
    asked, rows = _rows(unit, wanted, limit, after, cars=cars)
    if not rows and cars and asked.car is not None and after is None:
        cars = False
        asked, rows = _rows(unit, wanted, limit, after, cars=cars)
    page = cut(rows, limit, lambda rows: [rows[0].tier, rows[0].rank, rows[0].no, int(cars)])
    return Found(_hits(unit, page.items, config), page.next, asked)


def _rows(
    unit: UnitOfWork, wanted: Wanted, limit: int, after: Place | None, *, cars: bool
) -> tuple[Asked, Sequence[Rows]]:
    planned = plan(unit, wanted, limit + 1, after, cars=cars)
    if planned.empty:
        return planned.asked, ()
    statement = planned.query.statement(planned.tiers, planned.given, planned.fitting)
    found: dict[int, Rows] = {}
    for row in unit.rows(statement, planned.query.values | {"now": unit.now(), "holder": None}):
        found.setdefault(row.no, []).append(row)
    return planned.asked, list(found.values())


def _after(cursor: str) -> tuple[Place, bool]:
    key = read_cursor(cursor)
    if [type(value) for value in key] != [int] * 4 or not all(0 <= value < 2**31 for value in key):
        raise Invalid("this page cursor is not valid", why="no_cursor")
    tier, rank, part, cars = key
    return (tier, rank, part), bool(cars)


def _hits(unit: UnitOfWork, found: Sequence[Rows], config: VehicleConfig | None) -> list[PartHit]:
    fits = fits_of(unit, [rows[0].id for rows in found], config) if found and config is not None else {}
    hits = [_hit(rows, fits) for rows in found]
    if fits:
        tiers = {rows[0].id: rows[0].tier for rows in found}
        hits.sort(key=lambda hit: (tiers[hit.part.id], place(hit.fit.verdict) if hit.fit is not None else 0))
    return hits


def _hit(rows: Rows, fits: Mapping[str, FitAnswer]) -> PartHit:
    row = rows[0]
    priced, stocked = row.net_amount is not None, row.location is not None
    return PartHit(
        Part(row.id, row.brand, row.number, row.part_type, row.name_en, row.name_zh),
        Price(row.id, Money(row.net_amount, row.currency), row.tax_basis_points) if priced else None,
        tuple(offer_of(one.id, one) for one in rows) if stocked else (),
        fits.get(row.id),
    )
