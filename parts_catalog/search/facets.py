"""Facets: how hits spread over brands, part types, qualities, prices and stock, counted in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from foundation.database import UnitOfWork
from ingest.vehicles import VehicleConfig
from parts_catalog.search.asking import Asked, Filters
from parts_catalog.search.planning import Wanted, plan

MOST = 1000  # hits that are counted
# Net prices in minor units at which a new band begins; the first band begins at 0.
BANDS = (5_000, 10_000, 20_000, 50_000, 100_000, 200_000)


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts among the first hits, each facet's most frequent value first; `more`: there are hits beyond those.

    `prices` by (from, below) in minor units, the lowest first; None below: without end. What has no price is in none.
    """

    hits: int
    more: bool
    brands: Mapping[str, int]
    brands_zh: Mapping[str, str]
    part_types: Mapping[str, int]
    qualities: Mapping[str, int]
    prices: Mapping[tuple[int, int | None], int]
    in_stock: int
    asked: Asked | None


def count_facets(unit: UnitOfWork, said: str, config: VehicleConfig | None, filters: Filters) -> Facets:
    """Count what `find` finds for the same. Raises `Invalid` for a text too long."""
    wanted = Wanted(said, config, filters)
    wanted.check()
    if wanted.senseless:
        return _facets((), None)
    asked, rows = _counted(unit, wanted, cars=True)
    if not rows and asked.car is not None:
        asked, rows = _counted(unit, wanted, cars=False)
    return _facets(rows, asked)


def _counted(unit: UnitOfWork, wanted: Wanted, *, cars: bool) -> tuple[Asked, list[Any]]:
    planned = plan(unit, wanted, MOST + 1, cars=cars)
    if planned.empty:
        return planned.asked, []
    statement = planned.query.counting(planned.tiers, planned.given, planned.fitting)
    return planned.asked, unit.rows(statement, planned.query.values | {"most": MOST, "bands": list(BANDS)})


_BRAND, _TYPE, _QUALITY, _PRICE, _STOCK = 0b01111, 0b10111, 0b11011, 0b11101, 0b11110  # what is not grouped by


def _facets(rows: Any, asked: Asked | None) -> Facets:
    of: dict[int, list[Any]] = {facet: [] for facet in (_BRAND, _TYPE, _QUALITY, _PRICE, _STOCK)}
    for row in sorted(rows, key=lambda row: -row.parts):
        of[row.facet].append(row)
    hits = rows[0].hits if rows else 0
    bands = sorted((row.band, row.parts) for row in of[_PRICE] if row.band is not None)
    return Facets(
        hits=min(hits, MOST),
        more=hits > MOST,
        brands=_counts((row.brand, row.parts) for row in of[_BRAND]),
        brands_zh=MappingProxyType({row.brand: row.brand_zh for row in of[_BRAND]}),
        part_types=_counts((row.part_type, row.parts) for row in of[_TYPE]),
        qualities=_counts((row.quality, row.parts) for row in of[_QUALITY]),
        prices=_counts((_bounds(band), parts) for band, parts in bands),
        in_stock=sum(row.parts for row in of[_STOCK] if row.stocked),
        asked=asked,
    )


def _bounds(band: int) -> tuple[int, int | None]:
    return (BANDS[band - 1] if band else 0, BANDS[band] if band < len(BANDS) else None)


def _counts(pairs: Any) -> Mapping[Any, int]:
    return MappingProxyType(dict(pairs))
