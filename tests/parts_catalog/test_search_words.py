"""How a text is understood over the seed catalogue: cars among the words, symptoms, and what is misspelt."""

import pytest

from foundation.database import Database
from ingest.vehicles import VehicleConfig
from parts_catalog.fitment import fits_of
from parts_catalog.parts import FitVerdict
from parts_catalog.search import Filters, Found, find
from parts_catalog.search.asking import Asked, understand


def search(catalogue: Database, text: str, limit: int = 50) -> Found:
    with catalogue.unit() as unit:
        return find(unit, text, limit=limit)


def asked(catalogue: Database, text: str) -> Asked:
    with catalogue.unit() as unit:
        return understand(unit, text, Filters())


@pytest.mark.parametrize(
    ("text", "lines", "year", "part_type"),
    [
        ("2015 Golf 水泵", ["volkswagen golf"], 2015, "engine_water_pump"),
        ("水泵 高尔夫 2015款", ["volkswagen golf"], 2015, "engine_water_pump"),
        ("2015年大众高尔夫水泵", ["volkswagen golf"], 2015, "engine_water_pump"),
        ("丰田伊蒂奥斯发电机", ["toyota etios"], None, "alternator"),
        ("VW Golf 2015 water pump", ["volkswagen golf"], 2015, "engine_water_pump"),
        ("Mazda 3 oil filter", ["mazda 3"], None, "oil_filter"),
        ("Mazda CX-5 oil filter", ["mazda cx5"], None, "oil_filter"),
        ("toyota alternator", ["toyota "], None, "alternator"),
        ("丰田 机滤", ["toyota "], None, "oil_filter"),
    ],
)
def test_a_car_among_the_words_keeps_what_is_for_it(
    catalogue: Database, text: str, lines: list[str], year: int | None, part_type: str
) -> None:
    car = asked(catalogue, text).car
    assert car is not None
    assert ([" ".join(line) for line in car.lines], car.year) == (lines, year)
    found = search(catalogue, text).items
    assert found
    kinds = [hit.part.part_type for hit in found]
    assert kinds == sorted(kinds, key=lambda kind: kind != part_type), "what was named comes first"
    assert kinds[0] == part_type
    make, _, model = lines[0].partition(" ")
    if model:
        config = VehicleConfig(make=make, model_line=model, model_year=year)
        with catalogue.unit() as unit:
            fits = fits_of(unit, [hit.part.id for hit in found], config)
        assert FitVerdict.DOES_NOT_FIT not in {fit.verdict for fit in fits.values()}


@pytest.mark.parametrize("text", ["3 oil filter", "2015 oil filter", "oil filter 3", "机滤 2015"])
def test_a_bare_digit_or_year_is_no_car(catalogue: Database, text: str) -> None:
    assert asked(catalogue, text).car is None


def test_a_make_or_model_alone_lists_what_is_made_for_it(catalogue: Database) -> None:
    for text in ("Etios", "伊蒂奥斯", "2014 etios"):
        found = search(catalogue, text).items
        assert len({hit.part.part_type for hit in found}) > 5, text
    assert search(catalogue, "Toyota").items


def test_what_names_a_car_but_finds_nothing_is_taken_for_words(catalogue: Database) -> None:
    found = search(catalogue, "Mazda 3 flux capacitor")
    assert (found.items, found.asked is not None and found.asked.car) == ([], None)


@pytest.mark.parametrize(
    ("text", "symptom", "first"),
    [
        ("水温高", "水温高", "engine_coolant_thermostat"),
        ("battery light", "battery light", "alternator"),
        ("overheating", "overheating", "engine_coolant_thermostat"),
        ("刹车异响", "刹车异响", "brake_pad_set"),
        ("etios battery light", "battery light", "alternator"),
    ],
)
def test_a_symptom_leads_to_part_types(catalogue: Database, text: str, symptom: str, first: str) -> None:
    told = asked(catalogue, text)
    assert told.symptom == symptom
    assert first in {hit.part.part_type for hit in search(catalogue, text, 500).items}


@pytest.mark.parametrize(
    ("text", "corrected", "part_type"),
    [
        ("altenator", {"altenator": "alternator"}, "alternator"),
        ("alternater", {"alternater": "alternator"}, "alternator"),
        ("thermostst", {"thermostst": "thermostat"}, "engine_coolant_thermostat"),
        ("catalitic converter", {"catalitic": "catalytic"}, "catalytic_converter"),
        ("etios altenator", {"altenator": "alternator"}, "alternator"),
        ("刹车骗", {"刹车骗": "刹车"}, "brake_pad_set"),
        ("altern", {}, "alternator"),
        ("thermo", {}, "engine_coolant_thermostat"),
    ],
)
def test_typing_errors_and_beginnings_of_words_are_understood(
    catalogue: Database, text: str, corrected: dict[str, str], part_type: str
) -> None:
    assert dict(asked(catalogue, text).corrected) == corrected
    assert part_type in {hit.part.part_type for hit in search(catalogue, text).items}


def test_what_is_like_nothing_is_not_found(catalogue: Database) -> None:
    assert search(catalogue, "qqqqzzz").items == []
