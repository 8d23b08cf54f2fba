"""Finding: the hits of a text, page by page, each with its price, its stock, and whether it fits the car.

In order: the very number and numbers that begin so; what fits the car and is of the type that was named, then what fits
and has the words; the same of what does not surely fit; and last, numbers with the text somewhere inside. Within each
by the brand's rank; on a page, what fits stands before what may fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foundation.database import UnitOfWork
from foundation.money import Money
from foundation.paging import cut, read_cursor
from foundation.refusals import Invalid
from ingest.vehicles import VehicleConfig
from parts_catalog.configurations import vehicle_keys
from parts_catalog.fitment import fits_of
from parts_catalog.parts import FitAnswer, Part, Price, StockOffer
from parts_catalog.prices import BASE_LIST
from parts_catalog.rows import rows_of
from parts_catalog.search.asking import Asked, Filters, NamedCar, understand
from parts_catalog.search.terms import tokens
from parts_catalog.search.tiers import Place, Query, Tier
from parts_catalog.spelling import plain
from parts_catalog.stock import offers
from parts_catalog.verdicts import Car, place

MAXIMUM_TEXT = 200
_NUMBERS = 1000  # hits of a piece of a number; who has more of them writes more of it
_WHOLE, _FITTING, _OTHERS, _INSIDE = 0, 1, 3, 5  # tiers; each but the numbers' has a second one for the loose hits
_NO_FILTERS = Filters()


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
    if len(said) > MAXIMUM_TEXT:
        raise Invalid(f"a search text has at most {MAXIMUM_TEXT} characters")
    after, cars = _after(cursor) if cursor is not None else (None, True)
    if said.strip() and not tokens(plain(said)):
        return Found([], None, None)
    asked, rows = _rows(unit, said, config, limit, after, filters, cars=cars)
    if not rows and cars and asked.car is not None and after is None:
        cars = False
        asked, rows = _rows(unit, said, config, limit, after, filters, cars=cars)
    page = cut(rows, limit, lambda row: [row.tier, row.rank, row.no, int(cars)])
    return Found(_hits(unit, page.items, config), page.next, asked)


def _rows(
    unit: UnitOfWork,
    said: str,
    config: VehicleConfig | None,
    limit: int,
    after: Place | None,
    filters: Filters,
    *,
    cars: bool,
) -> tuple[Asked, Sequence[Any]]:
    asked = understand(unit, said, filters, cars=cars)
    numbers = _numbers(unit, asked)
    query = Query(limit + 1, after, [part for _, _, part in numbers], filters.in_stock)
    fitting = _fitting(unit, asked, config, query.values)
    tiers = [tier for tier in _tiers(asked, fitting) if after is None or tier.number >= after[0]]
    given = [one for one in numbers if after is None or one > after]
    if not tiers and not given:
        return asked, ()
    query.values |= {"price_list": BASE_LIST, "currency": "CNY"}
    statement = query.statement(tiers, given, fitting if any(tier.fitting is not None for tier in tiers) else None)
    return asked, rows_of(unit, statement, query.values)


def _tiers(asked: Asked, fitting: str | None) -> list[Tier]:
    """Give what to look for, in order; a text with a word that is not there finds numbers only."""
    if asked.hopeless:
        return []
    strict = asked.strict if asked.strict is not None and all(asked.strict) else None
    but = strict[0] if strict is not None else ()
    # A part is of one type: with the named types out, no other word for them needs a look.
    loose = tuple(tuple(word for word in term if word not in but) for term in asked.loose)
    found = []
    for first, fits in ((_FITTING, True), (_OTHERS, False)) if fitting else ((_OTHERS, None),):
        if asked.car is not None and fits is False:
            continue  # a car named among the words keeps what is not for it out
        if strict is not None:
            found.append(Tier(first, strict, fitting=fits))
        if all(loose):
            found.append(Tier(first + 1, loose, but, fits))
    return found


def _numbers(unit: UnitOfWork, asked: Asked) -> list[Place]:
    """Give the places of parts whose number, or another number they are known by, is the text or has it inside."""
    number = asked.number
    if number is None or not (asked.hopeless or any(sign.isdigit() for sign in number)):
        return []
    values = {"number": number, "begin": f"{number}%", "inside": f"%{number}%", "most": _NUMBERS}
    rows = rows_of(unit, _BY_NUMBER, values)
    return [(_INSIDE if row.how == 2 else _WHOLE, at, row.no) for at, row in enumerate(rows)]


def _fitting(unit: UnitOfWork, asked: Asked, config: VehicleConfig | None, values: dict[str, Any]) -> str | None:
    """Give SQL for the parts with a line that no plain attribute of the car contradicts; None where no car is known."""
    if asked.car is not None:
        agreeing = _agreeing_with_words(asked.car, values)
    elif config is not None:
        car = Car.of(config, *vehicle_keys(unit, config))
        if car.make is None or car.model_line is None:
            return None
        agreeing = _agreeing_with_car(car, values)
    else:
        return None
    agreeing.append("a.make IS NULL AND a.model_line IS NULL AND a.part_type = ANY(%(universal)s)")
    values |= {"universal": list(asked.types), "kinds": asked.kinds}
    limits = "".join(
        f" AND (a.{column} IS NULL OR a.{column} {compared} %({name})s)"
        for name, (column, compared) in _PLAIN_ATTRIBUTES.items()
        if name in values
    )
    limits += " AND a.part_type = ANY(%(kinds)s)" if asked.kinds is not None else ""
    # Each kind of line by itself: PostgreSQL does not find three ways into an index behind one OR.
    lines = " UNION ALL ".join(
        f"SELECT a.part FROM applications a WHERE {_STATES} AND {one}{limits}"  # noqa: S608 - our own words
        for one in agreeing
    )
    return (
        f"SELECT DISTINCT p.no AS part, b.rank FROM ({lines}) a JOIN parts p ON p.id = a.part"  # noqa: S608
        " JOIN brands b ON b.name = p.brand WHERE p.removed_by IS NULL"
    )


def _agreeing_with_words(car: NamedCar, values: dict[str, Any]) -> list[str]:
    if car.year is not None:
        values |= {"car_year": car.year, "car_year_too": car.year}
    agreeing = []
    for at, (make, model) in enumerate(car.lines):
        values[f"make_{at}"] = make
        if model:
            values[f"model_{at}"] = model
        agreeing.append(f"a.make = %(make_{at})s" + (f" AND a.model_line = %(model_{at})s" if model else ""))
    return agreeing


def _agreeing_with_car(car: Car, values: dict[str, Any]) -> list[str]:
    known = {"car_fuel": car.words.get("fuel"), "car_litres": car.displacement_l, "car_year": car.model_year}
    values |= {name: value for name, value in known.items() if value is not None}
    if car.model_year is not None:
        values["car_year_too"] = car.model_year
    values |= {"make_0": car.make, "model_0": car.model_line}
    return ["a.make = %(make_0)s AND a.model_line = %(model_0)s", "a.make = %(make_0)s AND a.model_line IS NULL"]


def _after(cursor: str) -> tuple[Place, bool]:
    key = read_cursor(cursor)
    if [type(value) for value in key] != [int] * 4 or not all(0 <= value < 2**31 for value in key):
        raise Invalid("this page cursor is not valid")
    tier, rank, part, cars = key
    return (tier, rank, part), bool(cars)


def _hits(unit: UnitOfWork, rows: Sequence[Any], config: VehicleConfig | None) -> list[PartHit]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    stocked = offers(unit, ids)
    fits = fits_of(unit, ids, config) if config is not None else {}
    hits = [
        (
            (row.tier, place(fits[row.id].verdict) if row.id in fits else 0),
            PartHit(
                Part(row.id, row.brand, row.number, row.part_type, row.name_en, row.name_zh),
                None
                if row.net_amount is None
                else Price(row.id, Money(row.net_amount, row.currency), row.tax_basis_points),
                tuple(stocked[row.id]),
                fits.get(row.id),
            ),
        )
        for row in rows
    ]
    return [hit for _, hit in sorted(hits, key=lambda pair: pair[0])]


# Value of the car -> the line's attribute, and how it is compared; what a line does not state fits all.
_PLAIN_ATTRIBUTES = {
    "car_fuel": ("fuel", "="),
    "car_litres": ("displacement_l", "="),
    "car_year": ("year_from", "<="),
    "car_year_too": ("year_to", ">="),
}
_STATES = "a.removed_by IS NULL AND NOT a.excludes"
_BY_NUMBER = """
    WITH found (part, how) AS (
        SELECT id, 0 FROM parts WHERE number_key = %(number)s
        UNION ALL SELECT part, 0 FROM part_numbers WHERE number_key = %(number)s AND removed_by IS NULL
        UNION ALL (SELECT id, 1 FROM parts WHERE number_key LIKE %(begin)s LIMIT %(most)s)
        UNION ALL (
            SELECT part, 1 FROM part_numbers WHERE number_key LIKE %(begin)s AND removed_by IS NULL LIMIT %(most)s
        )
        UNION ALL (SELECT id, 2 FROM parts WHERE number_key LIKE %(inside)s LIMIT %(most)s)
        UNION ALL (
            SELECT part, 2 FROM part_numbers WHERE number_key LIKE %(inside)s AND removed_by IS NULL LIMIT %(most)s
        )
    )
    SELECT p.no, min(found.how) AS how FROM found JOIN parts p ON p.id = found.part WHERE p.removed_by IS NULL
    GROUP BY p.id ORDER BY how, p.number_key, p.no LIMIT %(most)s
"""
