"""Search over the seed catalogue: numbers in any spelling, words in two languages, what fits first, pages."""

import pytest
from sqlalchemy import select

from foundation.database import Database
from foundation.paging import write_cursor
from foundation.refusals import Invalid
from ingest.vehicles import Fuel, VehicleConfig
from parts_catalog.parts import FitVerdict
from parts_catalog.search import PartHit, find
from parts_catalog.tables import parts

ETIOS = VehicleConfig(make="Toyota", model_line="Etios", model_year=2014, fuel=Fuel.PETROL, displacement_l=1.5)


def search(catalogue: Database, text: str, config: VehicleConfig | None = None, limit: int = 20) -> list[PartHit]:
    with catalogue.unit() as unit:
        return find(unit, text, config, limit).items


def some_number(catalogue: Database, brand: str) -> str:
    with catalogue.unit() as unit:
        query = select(parts.c.number).where(parts.c.brand == brand).order_by(parts.c.id).limit(1)
        return str(unit.connection.execute(query).scalar_one())


@pytest.mark.parametrize("brand", ["Velmora", "Hartwen", "Qintuo"])
def test_a_part_number_is_found_with_any_separators_and_first(catalogue: Database, brand: str) -> None:
    number = some_number(catalogue, brand)
    bare = "".join(sign for sign in number if sign.isalnum())
    for written in (number, bare, bare.lower(), "-".join(bare), f"{bare[:4]}.{bare[4:]}", f" {bare[:3]} {bare[3:]} "):
        assert search(catalogue, written)[0].part.number == number, written


def test_a_piece_of_a_number_is_enough(catalogue: Database) -> None:
    number = some_number(catalogue, "Velmora")
    bare = number.replace("-", "")
    for piece in (bare[:7], bare[2:9], bare[-7:], number[2:9]):
        assert number in [hit.part.number for hit in search(catalogue, piece)], piece


@pytest.mark.parametrize(
    ("text", "part_type"),
    [
        ("水泵", "engine_water_pump"),
        ("刹车片", "brake_pad_set"),
        ("前刹车片", "brake_pad_set"),
        ("机滤", "oil_filter"),
        ("发电机", "alternator"),
        ("brake pads", "brake_pad_set"),
        ("Batteries", "vehicle_battery"),
        ("MAF", "mass_air_flow_sensor"),
        ("vehicle_battery", "vehicle_battery"),
        ("battery cable", "battery_cable"),
        ("H7", "headlight_bulb"),
        ("tire 205/55", "tyre"),
    ],
)
def test_words_of_both_languages_find_their_part_type(catalogue: Database, text: str, part_type: str) -> None:
    assert search(catalogue, text)[0].part.part_type == part_type


@pytest.mark.parametrize(
    "text", ["etios alternator", "丰田伊蒂奥斯发电机", "伊蒂奥斯 发电机", "Alternator TOYOTA etios"]
)
def test_a_car_may_be_named_among_the_words(catalogue: Database, text: str) -> None:
    found = search(catalogue, text)[:6]
    assert {hit.part.name_en for hit in found} == {"Alternator (2NR-FE)", "Alternator (1ND-TV)"}


def test_one_chinese_character_finds_words_that_begin_with_it(catalogue: Database) -> None:
    assert search(catalogue, "轮")[0].part.name_zh.startswith("轮")


@pytest.mark.parametrize("text", ["zzzz", "水火", "%", "_", "...", "alternator zzzz", "' OR 1=1 --", "\x00"])
def test_what_is_not_there_is_not_found(catalogue: Database, text: str) -> None:
    assert search(catalogue, text) == []


def test_what_fits_the_car_comes_first_with_an_answer_for_every_hit(catalogue: Database) -> None:
    found = search(catalogue, "alternator", ETIOS, limit=50)
    assert found[0].fit is not None
    assert found[0].fit.verdict is FitVerdict.FITS
    verdicts = [hit.fit.verdict for hit in found if hit.fit]
    assert len(verdicts) == len(found)
    assert FitVerdict.FITS_IF in verdicts
    assert verdicts == sorted(verdicts, key=list(FitVerdict).index)
    assert found[-1].fit is not None
    assert found[-1].fit.verdict is FitVerdict.DOES_NOT_FIT


def test_what_was_named_stands_before_what_else_fits(catalogue: Database) -> None:
    kinds = [hit.part.part_type for hit in search(catalogue, "发电机", ETIOS)]
    assert kinds[:4] == ["alternator"] * 4
    assert "serpentine_belt" in kinds


def test_an_exact_number_stands_above_what_fits(catalogue: Database) -> None:
    number = some_number(catalogue, "Velmora")
    assert search(catalogue, number, ETIOS)[0].part.number == number


def test_hits_bear_price_and_stock(catalogue: Database) -> None:
    (hit,) = search(catalogue, some_number(catalogue, "Velmora"))
    assert hit.price is not None
    assert hit.price.gross.amount == (hit.price.net.amount * 113 + 50) // 100
    assert hit.available > 0
    assert hit.fit is None


@pytest.mark.parametrize("config", [None, ETIOS])
def test_pages_give_every_hit_once(catalogue: Database, config: VehicleConfig | None) -> None:
    seen: list[str] = []
    cursor = None
    with catalogue.unit() as unit:
        while True:
            page = find(unit, "oil filter", config, 7, cursor)
            seen += [hit.part.id for hit in page.items]
            cursor = page.next
            if cursor is None:
                break
        everything = [hit.part.id for hit in find(unit, "oil filter", config, 500).items]
    assert len(seen) == len(set(seen)) > 100
    assert set(seen) == set(everything)


def test_an_empty_text_lists_the_catalogue(catalogue: Database) -> None:
    assert len(search(catalogue, "  ", limit=30)) == 30


@pytest.mark.parametrize(
    "key", [[], [1], [0] * 5, ["a"] * 4, [0, 0, 0, "\x00"], [True] * 4, [0, 0, 2**40, 0], [0, -1, 0, 0]]
)
def test_a_cursor_that_is_not_ours_is_refused(catalogue: Database, key: list[object]) -> None:
    with catalogue.unit() as unit, pytest.raises(Invalid):
        find(unit, "oil", cursor=write_cursor(key))


def test_a_text_without_end_is_refused(catalogue: Database) -> None:
    with pytest.raises(Invalid):
        search(catalogue, "a" * 201)
