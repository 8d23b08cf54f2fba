"""What is shown of a search beside its hits: how its text was understood, and its facets."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, Field
from sqlalchemy import select, tuple_

from foundation.database import UnitOfWork
from parts_catalog.part_types import part_type_of
from parts_catalog.search import Facets
from parts_catalog.search.asking import Asked, NamedCar
from parts_catalog.search.symptoms import SAYINGS
from parts_catalog.tables import vehicle_configurations as configurations

QUALITIES: Mapping[str, tuple[str, str]] = {
    "original": ("Original", "原厂件"),
    "aftermarket": ("Aftermarket", "品牌件"),
    "economy": ("Economy", "经济型"),
}
_CURRENCY = "CNY"


class MoneyShown(BaseModel):
    amount: int = Field(examples=[5000], description="Minor units")
    currency: str = Field(examples=["CNY"], description="ISO 4217")


class NamedType(BaseModel):
    name: str = Field(examples=["alternator"])
    en: str = Field(examples=["Alternator"])
    zh: str = Field(examples=["发电机"])


class NamedCarShown(BaseModel):
    en: str = Field(examples=["Volkswagen Golf 2015"])
    zh: str = Field(examples=["大众高尔夫2015"])
    year: int | None = Field(examples=[2015])


class Understood(BaseModel):
    """What the words of a search were taken for; hits are for the named car only, and without the misspelt words."""

    car: NamedCarShown | None = Field(description="A car named among the words")
    part_types: list[NamedType] = Field(description="Named by the words, or led to by the symptom")
    symptom: str | None = Field(examples=["水温高"])
    corrected: dict[str, str] = Field(
        examples=[{"altenator": "alternator"}], description="Words that no part has, and what was looked for instead"
    )
    text_en: str = Field(examples=["For Volkswagen Golf 2015 · shown for “alternator” instead of “altenator”"])
    text_zh: str = Field(examples=["适用于大众高尔夫2015 · 已按“alternator”搜索，您写的是“altenator”"])


class FacetValue(BaseModel):
    """A value to filter by, in words, and how many of the counted hits have it."""

    value: str = Field(examples=["Velmora"])
    en: str = Field(examples=["Velmora"])
    zh: str = Field(examples=["维摩拉"])
    count: int = Field(examples=[12])


class PriceBand(BaseModel):
    """Net prices from one amount up to below another; null: without end."""

    price_from: MoneyShown
    price_below: MoneyShown | None
    count: int = Field(examples=[7])


class FacetsOfParts(BaseModel):
    """How the first 1,000 hits spread, the most frequent values first; `more`: there are hits beyond those."""

    hits: int = Field(examples=[1000])
    more: bool
    brands: list[FacetValue]
    part_types: list[FacetValue]
    qualities: list[FacetValue]
    price_bands: list[PriceBand]
    in_stock: int = Field(examples=[640])
    understood: Understood | None


def understood_view(unit: UnitOfWork, asked: Asked | None) -> Understood | None:
    """Show how a text was understood; None for a text without a word."""
    if asked is None:
        return None
    car = _car(unit, asked.car) if asked.car else None
    types = [part_type_of(name) for name in (*asked.types, *_of_symptom(asked))]
    named = [NamedType(name=one.name, en=one.en, zh=one.zh) for one in dict.fromkeys(types)]
    corrected = dict(asked.corrected)
    understood = Understood(
        car=car, part_types=named, symptom=asked.symptom, corrected=corrected, text_en="", text_zh=""
    )
    understood.text_en = " · ".join(_said_en(understood))
    understood.text_zh = " · ".join(_said_zh(understood))
    return understood


def facets_view(unit: UnitOfWork, facets: Facets) -> FacetsOfParts:
    """Show facets."""
    types = [(part_type_of(name), count) for name, count in facets.part_types.items()]
    return FacetsOfParts(
        hits=facets.hits,
        more=facets.more,
        brands=[
            FacetValue(value=name, en=name, zh=facets.brands_zh[name] or name, count=count)
            for name, count in facets.brands.items()
        ],
        part_types=[FacetValue(value=kind.name, en=kind.en, zh=kind.zh, count=count) for kind, count in types],
        qualities=[
            FacetValue(value=name, en=QUALITIES[name][0], zh=QUALITIES[name][1], count=count)
            for name, count in facets.qualities.items()
        ],
        price_bands=[
            PriceBand(price_from=_money(begin), price_below=None if below is None else _money(below), count=count)
            for (begin, below), count in facets.prices.items()
        ],
        in_stock=facets.in_stock,
        understood=understood_view(unit, facets.asked),
    )


def _money(amount: int) -> MoneyShown:
    return MoneyShown(amount=amount, currency=_CURRENCY)


def _of_symptom(asked: Asked) -> tuple[str, ...]:
    return SAYINGS[asked.symptom] if asked.symptom else ()


def _said_en(understood: Understood) -> Iterator[str]:
    if understood.car:
        yield f"For {understood.car.en}"
    if understood.symptom:
        yield f"“{understood.symptom}”: {', '.join(one.en for one in understood.part_types)}"
    for said, shown in understood.corrected.items():
        yield f"shown for “{shown}” instead of “{said}”" if shown else f"without “{said}”, which no part has"


def _said_zh(understood: Understood) -> Iterator[str]:
    if understood.car:
        yield f"适用于{understood.car.zh}"
    if understood.symptom:
        yield f"“{understood.symptom}”：{'、'.join(one.zh for one in understood.part_types)}"
    for said, shown in understood.corrected.items():
        yield f"已按“{shown}”搜索，您写的是“{said}”" if shown else f"已略去“{said}”，没有配件含此词"


def _car(unit: UnitOfWork, car: NamedCar) -> NamedCarShown:
    """Name a car as the catalogue writes it; one that only a code list knows goes by its keys."""
    table = configurations.c
    named = [line for line in car.lines if line[1]]
    makes = [make for make, _ in car.lines]
    chosen = tuple_(table.make_key, table.model_line_key).in_(named) if named else table.make_key.in_(makes)
    query = select(
        table.make_key, table.make, table.make_zh, table.model_line_key, table.model_line, table.model_line_zh
    )
    rows = {
        (row.make_key, row.model_line_key if named else ""): row for row in unit.connection.execute(query.where(chosen))
    }
    en, zh = [], []
    for make, model in car.lines:
        row = rows.get((make, model))
        names = (row.make, row.model_line) if row else (make.title(), model.title())
        names_zh = (row.make_zh, row.model_line_zh) if row else names
        en.append(" ".join(names if model else names[:1]))
        zh.append("".join(names_zh if model else names_zh[:1]))
    year = "" if car.year is None else f"{car.year}"
    return NamedCarShown(
        en=f"{' / '.join(dict.fromkeys(en))} {year}".strip(), zh=f"{'、'.join(dict.fromkeys(zh))}{year}", year=car.year
    )
