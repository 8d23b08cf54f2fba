"""The index follows the parts: removed ones are gone, changed ones have their new words, old catalogues get theirs."""

from sqlalchemy import delete, func, select, update

from forecourt.migrations import migrate
from foundation.database import Database
from parts_catalog.applications import Application
from parts_catalog.search import find, index_parts, index_vehicles, index_what_is_bare
from parts_catalog.tables import part_numbers, part_words, parts, search_vehicles, search_words, vehicle_configurations
from parts_catalog.views import find_parts, show_part
from tests.parts_catalog.rows import add_brand, add_import, add_part


def ids(database: Database, text: str) -> list[str]:
    with database.unit() as unit:
        return [hit.part.id for hit in find(unit, text).items]


def test_a_changed_part_is_found_by_its_new_words_only(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "one", name_en="Whistle")
        add_part(unit, "two", name_en="Whistle")
        index_parts(unit)
    assert ids(database, "whistle") == ["one", "two"]
    with database.unit() as unit:
        unit.connection.execute(
            update(parts).where(parts.c.id == "one").values(name_en="Trumpet", name_zh="小号", search_text="")
        )
        index_parts(unit, ["one"])
    assert (ids(database, "whistle"), ids(database, "trumpet"), ids(database, "小号")) == (["two"], ["one"], ["one"])


def test_a_removed_part_is_gone_by_words_and_numbers_and_returns(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "one", number="K-9921", name_en="Whistle")
        index_parts(unit)
        unit.connection.execute(
            part_numbers.insert().values(part="one", kind="oe", maker="X", number="77 001", number_key="77001")
        )
        taken = add_import(unit)
        unit.connection.execute(update(parts).values(removed_by=taken))
        index_parts(unit, ["one"])
    for said in ("whistle", "K9921", "9921", "77-001", ""):
        assert ids(database, said) == [], said
    with database.unit() as unit:
        assert unit.connection.execute(select(func.count()).select_from(part_words)).scalar_one() == 0
        assert unit.connection.execute(select(func.max(search_words.c.parts))).scalar_one() == 0
        unit.connection.execute(update(parts).values(removed_by=None))
        index_parts(unit, ["one"])
    for said in ("whistle", "K9921", "9921", "77-001", ""):
        assert ids(database, said) == ["one"], said


def test_how_many_parts_a_word_has_is_kept_exactly(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        for number in range(5):
            add_part(unit, f"p{number}", name_en=f"Whistle {'low' if number % 2 else 'high'}")
        index_parts(unit)
        unit.connection.execute(update(parts).where(parts.c.id == "p0").values(name_en="Bell", search_text=""))
        index_parts(unit, ["p0", "p1"])
        index_parts(unit)
        counted = select(part_words.c.word, func.count()).group_by(part_words.c.word)
        kept = select(search_words.c.id, search_words.c.parts).where(search_words.c.parts > 0)
        assert set(map(tuple, unit.connection.execute(counted))) == set(map(tuple, unit.connection.execute(kept)))


def test_a_part_type_that_no_list_explains_is_found_and_shown(database: Database) -> None:
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "one", Application("x"), part_type="pcdb_1234", name_en="Flux holder", name_zh="")
        index_parts(unit)
        (found,) = find_parts(unit, "flux holder")["items"]
        assert (found["part_type"], found["part_type_zh"]) == ("pcdb_1234", "配件类型1234（PCdb）")
        assert show_part(unit, "one")["part_type_en"] == "Part type 1234 (PCdb)"


def test_a_catalogue_older_than_the_index_gets_its_words_when_it_is_migrated(
    database: Database, database_url: str
) -> None:
    with database.unit() as unit:
        add_brand(unit)
        add_part(unit, "one", name_en="Whistle")
        car = {
            "make": "Toyota",
            "make_zh": "丰田",
            "make_key": "toyota",
            "model_line": "Etios",
            "model_line_zh": "伊蒂奥斯",
        }
        more = {"model_line_key": "etios", "model_line_zh_key": "伊蒂奥斯", "year_from": 2013, "year_to": 2018}
        more |= dict.fromkeys(("transmission", "drive", "body", "region"), "x")
        unit.connection.execute(vehicle_configurations.insert().values(id="vc", fuel="petrol", **car, **more))
    assert ids(database, "whistle") == []
    migrate(database_url)
    assert ids(database, "whistle") == ["one"]
    with database.unit() as unit:
        known = select(search_vehicles.c.word).where(search_vehicles.c.make == "toyota")
        assert {"toyota", "丰田", "etios", "伊蒂奥斯"} <= set(unit.connection.execute(known).scalars())
        assert index_what_is_bare(unit) == 0
        unit.connection.execute(delete(search_vehicles))
        assert index_vehicles(unit) > 30
