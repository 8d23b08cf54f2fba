"""Numbers and pages over small catalogues, and any text against a reference that looks at every part."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from foundation.database import Database, UnitOfWork
from foundation.refusals import Invalid
from ingest.vehicles import VehicleConfig
from parts_catalog.applications import Application
from parts_catalog.part_types import PART_TYPES, named_types
from parts_catalog.search import Filters, count_facets, find, index_parts, index_vehicles
from parts_catalog.search.asking import understand
from parts_catalog.spelling import number_key, plain, singular
from parts_catalog.tables import part_numbers, reference_codes
from tests.parts_catalog.rows import add_brand, add_import, add_part

GOLF = VehicleConfig(make="Volkswagen", model_line="Golf", model_year=2015)
NUMBERS = ("oe", "interchange", "supplier", "gtin", "former")


@contextmanager
def rolled_back(database: Database) -> Iterator[UnitOfWork]:
    with database.unit() as unit:
        yield unit
        unit.connection.rollback()


def add_number(unit: UnitOfWork, part: str, number: str, kind: str = "oe", **more: Any) -> None:
    row = {"part": part, "kind": kind, "maker": "VW", "number": number, "number_key": number_key(number), **more}
    unit.connection.execute(part_numbers.insert().values(row))


def paged(unit: UnitOfWork, text: str, config: VehicleConfig | None = None, limit: int = 1) -> list[str]:
    """Give the hits of all pages."""
    seen: list[str] = []
    page = find(unit, text, config, limit)
    seen += [hit.part.id for hit in page.items]
    while page.next is not None:
        page = find(unit, text, config, limit, page.next)
        assert page.items
        seen += [hit.part.id for hit in page.items]
    return seen


@pytest.mark.parametrize("kind", NUMBERS)
def test_other_numbers_find_a_part_whole_begun_and_inside(database: Database, kind: str) -> None:
    with database.unit() as unit:
        add_brand(unit)
        for part, number in (("whole", "AB 0001"), ("begun", "AB 0002"), ("inside", "AB 0003"), ("none", "AB 0004")):
            add_part(unit, part, number=number, name_en="x", name_zh="")
        add_number(unit, "whole", "1J0-615.301", kind)
        add_number(unit, "begun", "1J0 615 301 D", kind)
        add_number(unit, "inside", "X1J0615301", kind)
        index_parts(unit)
        for said in ("1J0-615.301", "1j0615301", "1J0 615 301"):
            assert [hit.part.id for hit in find(unit, said).items] == ["whole", "begun", "inside"], said
        assert [hit.part.id for hit in find(unit, "AB-0004").items] == ["none"]
        unit.connection.execute(update(part_numbers).values(removed_by=add_import(unit)))
        assert find(unit, "1J0615301").items == []


def test_a_number_of_two_makers_finds_both(database: Database) -> None:
    with database.unit() as unit:
        for rank, brand in enumerate(("One", "Two")):
            add_brand(unit, brand, rank)
            add_part(unit, f"part_{brand}", brand=brand, number="65443-35761")
        index_parts(unit)
        assert {hit.part.brand for hit in find(unit, "65443 35761").items} == {"One", "Two"}


def test_lines_under_a_code_are_for_the_car_that_a_list_names(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "by_name", Application("x", make="volkswagen", model_line="golf", year_from=2013, year_to=2019))
        add_part(unit, "by_code", Application("x", base_vehicle=77))
        add_part(unit, "by_other_code", Application("x", base_vehicle=78))
        canonical = {"make": "volkswagen", "model_line": "golf", "year": 2015}
        code = {"kind": "base_vehicle", "name_en": "2015 Volkswagen Golf", "name_zh": "", "canonical": canonical}
        unit.connection.execute(reference_codes.insert().values(id=77, **code))
        index_parts(unit)
        index_vehicles(unit)
        assert set(paged(unit, "2015 Golf alternator")) == {"by_name", "by_code"}
        assert paged(unit, "2016 Golf alternator") == ["by_name"]
        assert set(paged(unit, "alternator", GOLF)[:2]) == {"by_name", "by_code"}
        assert len(paged(unit, "alternator", GOLF)) == 3


WORDS = (
    "alternator",
    "Pumps",
    "water",
    "brake pad",
    "刹车片",
    "水泵",
    "发电机",
    "gasket",
    "blue",
    "蓝色",
    "Acme",
    "Zeta",
    "红",
)
TYPES = ("alternator", "engine_water_pump", "water_pump_gasket", "brake_pad_set", "pcdb_1234")


@st.composite
def catalogues(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Give a few parts of few words, some for the Golf."""
    count = draw(st.integers(1, 7))
    return [
        {
            "brand": draw(st.sampled_from(("Acme", "Zeta"))),
            "part_type": draw(st.sampled_from(TYPES)),
            "name_en": " ".join(draw(st.lists(st.sampled_from(WORDS[:4] + WORDS[7:9]), max_size=3))),
            "name_zh": "".join(draw(st.lists(st.sampled_from(("蓝色", "前", "红")), max_size=2))),
            "number": f"{draw(st.sampled_from(('12-34', '123.4', '99 12', 'AB1234')))}{at}",
            "other": draw(st.sampled_from((None, None, "5 1234", "1234"))),
            "golf": draw(st.booleans()),
        }
        for at in range(count)
    ]


def written(unit: UnitOfWork, parts: list[dict[str, Any]]) -> None:
    for rank, brand in enumerate(("Acme", "Zeta")):
        add_brand(unit, brand, rank)
    for at, part in enumerate(parts):
        names = {name: part[name] for name in ("brand", "part_type", "name_en", "name_zh", "number")}
        line = Application("x", make="volkswagen", model_line="golf", year_from=2014, year_to=2016)
        add_part(unit, f"part_{at}", *([line] if part["golf"] else []), **names)
        if part["other"]:
            add_number(unit, f"part_{at}", part["other"])
    index_parts(unit)
    index_vehicles(unit)


def has(part: dict[str, Any], word: str) -> bool:
    """Whether a part has a word in its names or numbers, or its type has it among its names."""
    return said_in(word, " ".join((part["brand"], part["name_en"], part["name_zh"], part["number"]))) or names(
        part["part_type"], word
    )


def names(part_type: str, word: str) -> bool:
    """Whether a word is among the names of a part type."""
    kind = PART_TYPES.get(part_type)
    return kind is not None and said_in(word, " ".join((kind.name, kind.en, kind.zh, *kind.synonyms)))


def said_in(word: str, text: str) -> bool:
    said = plain(text)
    if not word.isascii():
        return word in said if len(word) > 1 else any(run.startswith(word) for run in said.split())
    return singular(word) in {singular(one) for one in said.replace("-", " ").replace(".", " ").split()}


def numbered(part: dict[str, Any], text: str) -> bool:
    key = number_key(text)
    looked_for = plain(text).isascii() and len(key) >= 4 and any(sign.isdigit() for sign in key)
    return looked_for and any(key in number_key(number) for number in (part["number"], part["other"] or ""))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    catalogues(),
    st.lists(st.sampled_from((*WORDS, "1234", "12-34", "99")), min_size=1, max_size=3),
    st.sampled_from((None, GOLF)),
)
def test_the_hits_are_the_parts_that_have_every_word(
    database: Database, parts: list[dict[str, Any]], words: list[str], config: VehicleConfig | None
) -> None:
    text = " ".join(words)
    pieces = plain(text).split()
    everywhere = {word: [at for at, part in enumerate(parts) if has(part, word)] for word in pieces}
    with rolled_back(database) as unit:
        written(unit, parts)
        found = paged(unit, text, config)
        assert len(found) == len(set(found))
        assert sorted(found) == sorted(hit.part.id for hit in find(unit, text, config, 100).items)
        assert count_facets(unit, text, config, Filters()).hits == len(found)
        named = named_types(pieces)
        known = [word for word in pieces if everywhere[word]]
        wanted = {
            f"part_{at}"
            for at, part in enumerate(parts)
            if numbered(part, text) or all(has(part, word) for word in pieces)
        }
        assert wanted <= set(found)
        for part in set(found) - wanted:
            # What has not every word is of one of several types that were named, or a word that no part has stood
            # for one like it; all others it has.
            hit = parts[int(part.removeprefix("part_"))]
            assert len(known) < len(pieces) or (len(named) > 1 and hit["part_type"] in named), text
            spoken = {word for word in pieces if hit["part_type"] in named and any(names(one, word) for one in named)}
            assert all(has(hit, word) for word in known if word not in spoken), text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=30) | st.text("水泵刹车片golf 2015%_\\'\"=@#*\x00-.A3", max_size=20),
    st.sampled_from((None, GOLF)),
    st.builds(Filters, st.none() | st.text(max_size=5), st.none() | st.text(max_size=5), st.none(), st.booleans()),
)
def test_any_text_has_an_answer(catalogue: Database, text: str, config: VehicleConfig | None, filters: Filters) -> None:
    with catalogue.unit() as unit:
        try:
            found = find(unit, text, config, 3, None, filters)
            assert count_facets(unit, text, config, filters).hits >= len(found.items)
            understand(unit, text, filters)
        except Invalid as refusal:
            pytest.fail(f"only a text too long is refused, not {text!r}: {refusal}")
