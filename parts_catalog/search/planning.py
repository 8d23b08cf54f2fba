"""What to look for: from a text that is understood to the tiers of one statement.

In order: the very number and numbers that begin so; what fits the car and is of the type that was named, then what fits
and has the words; the same of what does not surely fit; and last, numbers with the text somewhere inside.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from foundation.database import UnitOfWork
from foundation.refusals import Invalid
from ingest.vehicles import VehicleConfig
from parts_catalog.applications import NAMING_CODES
from parts_catalog.configurations import vehicle_keys
from parts_catalog.prices import BASE_LIST
from parts_catalog.search.asking import Asked, Filters, NamedCar, understand
from parts_catalog.search.terms import tokens
from parts_catalog.search.tiers import Place, Query, Tier, keeping
from parts_catalog.spelling import plain
from parts_catalog.verdicts import Car

MAXIMUM_TEXT = 200
_NUMBERS = 1000  # hits of a piece of a number; who has more of them writes more of it
_WHOLE, _FITTING, _OTHERS, _INSIDE = 0, 1, 3, 5  # tiers; each but the numbers' has a second one for the loose hits


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as it is asked: the text, the car it is for, and what was chosen of the facets."""

    said: str
    config: VehicleConfig | None
    filters: Filters

    def check(self) -> None:
        """Raise `Invalid` for a text too long."""
        if len(self.said) > MAXIMUM_TEXT:
            raise Invalid(
                f"a search text has at most {MAXIMUM_TEXT} characters", why="text_too_long", told={"most": MAXIMUM_TEXT}
            )

    @property
    def senseless(self) -> bool:
        """Whether there are signs, but no word among them."""
        return bool(self.said.strip()) and not tokens(plain(self.said))


@dataclass(frozen=True, slots=True)
class Plan:
    """What one statement looks for; `fitting` is SQL for what is made for the car."""

    asked: Asked
    query: Query
    tiers: Sequence[Tier]
    given: Sequence[Place]
    fitting: str | None

    @property
    def empty(self) -> bool:
        return not self.tiers and not self.given


def plan(unit: UnitOfWork, wanted: Wanted, limit: int, after: Place | None = None, *, cars: bool = True) -> Plan:
    """Understand a text and say where to look, from the place `after` on; `limit` bounds the hits.

    `cars` False takes the names of cars for plain words.
    """
    asked = understand(unit, wanted.said, wanted.filters, cars=cars)
    query = Query(limit, after, wanted.filters)
    query.values |= {"price_list": BASE_LIST, "currency": "CNY"}
    numbers = _numbers(unit, asked, query)
    if numbers and asked.corrected:
        # A number that is there is not misspelt: words like it are not what is looked for.
        asked = replace(asked, corrected={}, strict=None, loose=((),))
    query.leave_out = [part for _, _, part in numbers]
    fitting = _fitting(unit, asked, wanted.config, query.values)
    tiers = [tier for tier in _tiers(asked, fitting) if after is None or tier.number >= after[0]]
    given = [one for one in numbers if after is None or one > after]
    used = fitting if any(tier.fitting is not None for tier in tiers) else None
    return Plan(asked, query, tiers, given, used)


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


def _numbers(unit: UnitOfWork, asked: Asked, query: Query) -> list[Place]:
    """Give the places of parts whose number, or another number they are known by, is the text or has it inside."""
    number = asked.number
    if number is None or not (asked.hopeless or any(sign.isdigit() for sign in number)) or not all(asked.chosen):
        return []
    values = {"number": number, "begin": f"{number}%", "inside": f"%{number}%", "most": _NUMBERS}
    values |= {f"chosen_{at}": word.id for at, (word,) in enumerate(asked.chosen)}
    kept = [*keeping(query.filters, "p.no", query.values), "p.removed_by IS NULL"]
    kept += [
        f"EXISTS (SELECT FROM part_words w WHERE w.part = p.no AND w.word = %(chosen_{at})s)"
        for at in range(len(asked.chosen))
    ]
    rows = unit.rows(_BY_NUMBER.format(kept=" AND ".join(kept)), query.values | values)
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
    agreeing.append(_UNIVERSAL)
    values |= {"universal": list(asked.types), "kinds": asked.kinds, "naming": list(NAMING_CODES)}
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
        agreeing.append(
            _coded({"make": make} | ({"model_line": model} if model else {}), car.year, f"base_{at}", values)
        )
    return agreeing


def _agreeing_with_car(car: Car, values: dict[str, Any]) -> list[str]:
    known = {"car_fuel": car.words.get("fuel"), "car_litres": car.displacement_l, "car_year": car.model_year}
    values |= {name: value for name, value in known.items() if value is not None}
    if car.model_year is not None:
        values["car_year_too"] = car.model_year
    values |= {"make_0": car.make, "model_0": car.model_line}
    agreeing = ["a.make = %(make_0)s AND a.model_line = %(model_0)s", "a.make = %(make_0)s AND a.model_line IS NULL"]
    names = {"make": car.make or "", "model_line": car.model_line or ""}
    agreeing.append(_coded(names, car.model_year, "base_0", values))
    if "base_vehicle" in car.codes:
        values["base_of_car"] = car.codes["base_vehicle"]
        agreeing.append("a.base_vehicle = %(base_of_car)s")
    return agreeing


def _coded(names: Mapping[str, str], year: int | None, value: str, values: dict[str, Any]) -> str:
    """Give SQL for lines under the code of a base vehicle that a loaded list names so."""
    values |= {value: json.dumps(names), f"{value}_year": year}
    return _CODED.format(names=value, year=f"{value}_year")


# Value of the car -> the line's attribute, and how it is compared; what a line does not state fits all.
_PLAIN_ATTRIBUTES = {
    "car_fuel": ("fuel", "="),
    "car_litres": ("displacement_l", "="),
    "car_year": ("year_from", "<="),
    "car_year_too": ("year_to", ">="),
}
_CODED = (
    "a.base_vehicle = ANY(ARRAY(SELECT c.id FROM reference_codes c WHERE c.kind = 'base_vehicle'"
    " AND c.canonical @> %({names})s::jsonb AND coalesce(c.canonical ->> 'year' = %({year})s::text, true)))"
)
_UNIVERSAL = (
    "a.make IS NULL AND a.base_vehicle IS NULL AND a.part_type = ANY(%(universal)s)"
    " AND NOT coalesce(a.attributes ?| %(naming)s::text[], false)"
)
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
    SELECT p.no, min(found.how) AS how FROM found JOIN parts p ON p.id = found.part WHERE {kept}
    GROUP BY p.id ORDER BY how, p.number_key, p.no LIMIT %(most)s
"""
