"""Search: by part number in any spelling or in part, and by words of both languages, ranked and paged.

Every word must be found. A run of Chinese is split at the names of part types (`丰田发电机`), and what remains is found
by its pairs of characters, so two are enough; one character alone asks for words that begin with it. PostgreSQL's
LIKE over trigram indexes serves all of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, exists, literal, or_, select, true, tuple_

from foundation.database import UnitOfWork
from foundation.paging import Page, cut, read_cursor
from foundation.refusals import Invalid
from ingest.vehicles import VehicleConfig
from parts_catalog.configurations import vehicle_keys
from parts_catalog.fitment import fits_of
from parts_catalog.part_types import CHINESE_TERMS, named_types
from parts_catalog.parts import FitAnswer, Part, Price
from parts_catalog.prices import price_of
from parts_catalog.spelling import number_key, plain, singular
from parts_catalog.stock import offers
from parts_catalog.tables import applications as lines
from parts_catalog.tables import brands, parts
from parts_catalog.verdicts import Car, place

MAXIMUM_TEXT = 200
_LEAST_NUMBER = 4  # what is shorter is looked for among the words
_LEAST_PIECE = 3  # what is shorter must be a whole word, such as "H7"
_CHINESE = r"[\u3400-\u9fff]+"
_WORD = re.compile(rf"{_CHINESE}|[^\W_\u3400-\u9fff]+(?:[-./][^\W_\u3400-\u9fff]+)*")
_TERM = re.compile(f"({'|'.join(CHINESE_TERMS)})")


@dataclass(frozen=True, slots=True)
class PartHit:
    """A part that was found; `available` counts pieces over all locations, `fit` is None when no car was named."""

    part: Part
    price: Price | None
    available: int
    fit: FitAnswer | None


def find(
    unit: UnitOfWork, text: str, config: VehicleConfig | None = None, limit: int = 20, cursor: str | None = None
) -> Page[PartHit]:
    """Find parts by number or words; an empty text gives all parts.

    In order: the very part number, parts that may fit the car, how well the text matches, the brand's rank. On a page,
    of what matches equally well, what fits stands before what may fit. Raises `Invalid` for a text too long and for a
    cursor not of ours.
    """
    if len(text) > MAXIMUM_TEXT:
        raise Invalid(f"a search text has at most {MAXIMUM_TEXT} characters")
    words = _words(text)
    if text.strip() and not words:
        return Page([], None)
    order = (*_ranks(unit, text, words, config), brands.c.rank, parts.c.number_key, parts.c.id)
    query = select(parts, *(key.label(f"key_{at}") for at, key in enumerate(order)))
    query = query.join(brands, brands.c.name == parts.c.brand).where(
        parts.c.removed_by.is_(None), _matches(text, words)
    )
    if cursor is not None:
        query = query.where(tuple_(*order) > tuple_(*_after(cursor)))
    rows = unit.connection.execute(query.order_by(*order).limit(limit + 1)).all()
    page = cut(rows, limit, lambda row: [getattr(row, f"key_{at}") for at in range(len(order))])
    return Page(_hits(unit, page.items, config), page.next)


def _words(text: str) -> list[str]:
    """Split into words: part numbers with their separators in one piece, Chinese at the names of part types."""
    return [
        piece
        for word in _WORD.findall(plain(text))
        for piece in (_TERM.split(word) if re.fullmatch(_CHINESE, word) else [word])
        if piece
    ]


def _after(cursor: str) -> list[ColumnElement[Any]]:
    key = read_cursor(cursor)
    kinds = (int, int, int, int, str, str)
    if [type(value) for value in key] != list(kinds) or not all(str(value).isprintable() for value in key):
        raise Invalid("this page cursor is not valid")
    return [literal(value) for value in key]


def _matches(text: str, words: Sequence[str]) -> ColumnElement[bool]:
    """Match the whole text as one part number, whatever its separators, or every word of it."""
    number = number_key(text)
    if len(words) == 1 and len(words[0]) == 1 and not words[0].isascii():
        return parts.c.search_text.contains(f" {words[0]}")
    by_words = and_(true(), *(_matches_word(word) for word in words))
    if len(number) >= _LEAST_NUMBER and plain(text).isascii():
        return or_(parts.c.search_text.contains(number.lower()), by_words)
    return by_words


def _matches_word(word: str) -> ColumnElement[bool]:
    if re.fullmatch(_CHINESE, word):
        pairs = {word[at : at + 2] for at in range(max(len(word) - 1, 1))}
        return and_(*(parts.c.search_text.contains(pair) for pair in sorted(pairs)))
    if len(word) < _LEAST_PIECE:
        return parts.c.search_text.regexp_match(rf"\y{word}\y")
    either = [parts.c.search_text.contains(singular(word), autoescape=True)]
    if len(number := number_key(word)) >= _LEAST_NUMBER:
        either.append(parts.c.search_text.contains(number.lower()))
    return or_(*either)


def _ranks(
    unit: UnitOfWork, text: str, words: Sequence[str], config: VehicleConfig | None
) -> tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]:
    """Give three keys, the least first: not the very number; surely not for the car; how loosely the text matches."""
    number, phrase = number_key(text), plain(text)
    exact = case((parts.c.number_key == (number or None), 0), else_=1)
    looseness: list[tuple[ColumnElement[bool], int]] = []
    if len(number) >= _LEAST_NUMBER:
        looseness.append((parts.c.number_key.startswith(number), 0))
    if named := named_types(words):
        looseness.append((parts.c.part_type.in_(named), 1))
    if phrase:
        looseness.append((parts.c.search_text.contains(phrase, autoescape=True), 2))
    match = case(*looseness, else_=3) if looseness else literal(3)
    return exact, _unsuited(unit, config), match


def _unsuited(unit: UnitOfWork, config: VehicleConfig | None) -> ColumnElement[int]:
    """Give 0 for a part with a line that no plain attribute of the car contradicts, else 1."""
    if config is None:
        return literal(0)
    car = Car.of(config, *vehicle_keys(unit, config))
    known = {
        lines.c.make: car.make,
        lines.c.model_line: car.model_line,
        lines.c.fuel: car.words.get("fuel"),
        lines.c.displacement_l: car.displacement_l,
    }
    agreeing = [or_(stated.is_(None), stated == value) for stated, value in known.items() if value is not None]
    if (year := car.model_year) is not None:
        agreeing.append(or_(lines.c.year_from.is_(None), lines.c.year_from <= year))
        agreeing.append(or_(lines.c.year_to.is_(None), lines.c.year_to >= year))
    return case(
        (exists().where(lines.c.part == parts.c.id, lines.c.removed_by.is_(None), ~lines.c.excludes, *agreeing), 0),
        else_=1,
    )


def _hits(unit: UnitOfWork, rows: Sequence[Row[Any]], config: VehicleConfig | None) -> list[PartHit]:
    ids = [row.id for row in rows]
    prices, stocked = price_of(unit, ids), offers(unit, ids)
    fits = fits_of(unit, ids, config) if config is not None else {}
    found = [
        (
            (row.key_0, row.key_1, row.key_2, place(fits[row.id].verdict) if row.id in fits else 0),
            PartHit(
                Part(row.id, row.brand, row.number, row.part_type, row.name_en, row.name_zh),
                prices.get(row.id),
                sum(offer.available for offer in stocked[row.id]),
                fits.get(row.id),
            ),
        )
        for row in rows
    ]
    return [hit for _, hit in sorted(found, key=lambda pair: pair[0])]
