"""Facets and filters: what is counted is what is found, and each filter keeps what it says."""

from collections import Counter

import pytest
from sqlalchemy import select

from foundation.database import Database
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.search import Facets, Filters, PartHit, count_facets, find
from parts_catalog.search.facets import MOST
from parts_catalog.tables import brands

ETIOS = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5)
NOTHING = Filters()


def found(
    catalogue: Database, text: str, config: VehicleConfig | None = None, filters: Filters = NOTHING
) -> list[PartHit]:
    with catalogue.unit() as unit:
        return find(unit, text, config, 2000, filters=filters).items


def counted(catalogue: Database, text: str, config: VehicleConfig | None = None, filters: Filters = NOTHING) -> Facets:
    with catalogue.unit() as unit:
        return count_facets(unit, text, config, filters)


def qualities(catalogue: Database) -> dict[str, str]:
    with catalogue.unit() as unit:
        return {row.name: row.quality for row in unit.connection.execute(select(brands))}


@pytest.mark.parametrize(
    ("text", "config", "filters"),
    [
        ("belt", None, NOTHING),
        ("belt", ETIOS, NOTHING),
        ("etios alternator", None, NOTHING),
        ("水温高", ETIOS, Filters(in_stock=True)),
        ("8808", None, NOTHING),
        ("altenator", None, Filters(quality="economy")),
        ("nowhere", None, NOTHING),
        ("...", None, NOTHING),
    ],
)
def test_what_is_counted_is_what_is_found(
    catalogue: Database, text: str, config: VehicleConfig | None, filters: Filters
) -> None:
    hits, facets = found(catalogue, text, config, filters), counted(catalogue, text, config, filters)
    assert (facets.hits, facets.more) == (len(hits), False)
    assert facets.brands == Counter(hit.part.brand for hit in hits)
    assert facets.part_types == Counter(hit.part.part_type for hit in hits)
    quality = qualities(catalogue)
    assert facets.qualities == Counter(quality[hit.part.brand] for hit in hits)
    assert facets.in_stock == sum(hit.available > 0 for hit in hits)
    priced = [hit.price.net.amount for hit in hits if hit.price]
    assert sum(facets.prices.values()) == len(priced)
    for (begin, below), number in facets.prices.items():
        assert number == sum(begin <= amount < (below or amount + 1) for amount in priced)


def test_of_more_than_a_thousand_the_first_thousand_are_counted(catalogue: Database) -> None:
    facets = counted(catalogue, "")
    assert (facets.hits, facets.more, sum(facets.brands.values())) == (MOST, True, MOST)
    assert set(facets.brands) == set(facets.brands_zh)
    first = Counter(hit.part.brand for hit in found(catalogue, "")[:MOST])
    assert facets.brands == first


@pytest.mark.parametrize("text", ["belt", "水泵", "8808", "2014 Etios 发电机"])
@pytest.mark.parametrize("config", [None, ETIOS])
def test_each_filter_keeps_what_it_says_and_nothing_else(
    catalogue: Database, text: str, config: VehicleConfig | None
) -> None:
    everything = found(catalogue, text, config)
    quality = qualities(catalogue)
    first = everything[-1].part
    below = sorted(hit.price.net.amount for hit in everything if hit.price)[len(everything) // 2]

    def kept(filters: Filters) -> list[str]:
        return sorted(hit.part.id for hit in found(catalogue, text, config, filters))

    def wanted(*tests: bool) -> list[str]:
        return sorted(hit.part.id for hit, test in zip(everything, tests, strict=True) if test)

    assert kept(Filters(brand=first.brand)) == wanted(*(hit.part.brand == first.brand for hit in everything))
    assert kept(Filters(part_type=first.part_type)) == wanted(
        *(hit.part.part_type == first.part_type for hit in everything)
    )
    assert kept(Filters(quality="economy")) == wanted(*(quality[hit.part.brand] == "economy" for hit in everything))
    assert kept(Filters(in_stock=True)) == wanted(*(hit.available > 0 for hit in everything))
    assert kept(Filters(price_from=below)) == wanted(
        *(hit.price is not None and hit.price.net.amount >= below for hit in everything)
    )
    both = Filters(brand=first.brand, price_below=below)
    assert kept(both) == wanted(
        *(
            hit.part.brand == first.brand and hit.price is not None and hit.price.net.amount < below
            for hit in everything
        )
    )
    assert kept(Filters(brand="no such brand")) == []
